"""When a case is to be looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.errors import Invalid
from audit.models import Event
from cases.errors import StaleScreen
from cases.selectors.terms import work_terms
from cases.services.follow_ups import clear, schedule
from cases.services.terms import WORK, add_work_terms
from runs import clock
from tests.factories import CaseFactory, UserFactory

TODAY = date(2026, 11, 24)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(datetime(2026, 11, 24, 4, 0, tzinfo=UTC)):
        yield


def test_a_follow_up_is_set_waited_for_and_taken_off() -> None:
    case, lin = CaseFactory(), UserFactory()
    day = TODAY + timedelta(days=3)
    case = schedule(actor=lin, case_id=case.pk, seen_version=1, on=day, note=" Salary day ")
    assert (case.follow_up_on, case.follow_up_note, case.wait_for, case.version) == (day, "Salary day", "follow-up", 2)
    event = Event.objects.get(verb="case.follow-up")
    assert (event.before, event.after) == ({"follow_up_on": None}, {"follow_up_on": "2026-11-27"})
    assert event.reason == "Salary day"
    case = clear(actor=lin, case_id=case.pk, seen_version=2)
    assert (case.follow_up_on, case.follow_up_note, case.wait_for, case.version) == (None, "", "", 3)
    assert clear(actor=lin, case_id=case.pk, seen_version=3).version == 3


@pytest.mark.parametrize(
    ("on", "note", "field"),
    [
        (TODAY - timedelta(days=1), "", "on"),
        (TODAY + timedelta(days=181), "", "on"),
        (TODAY, "x" * 201, "note"),
    ],
)
def test_a_day_that_is_past_or_too_far_or_too_long_a_note_is_refused(on: date, note: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        schedule(actor=UserFactory(), case_id=CaseFactory().pk, seen_version=1, on=on, note=note)
    assert refused.value.field == field


def test_today_and_the_last_day_are_taken() -> None:
    for day in (TODAY, TODAY + timedelta(days=180)):
        schedule(actor=UserFactory(), case_id=CaseFactory().pk, seen_version=1, on=day)


def test_how_far_ahead_is_a_term_of_work_from_its_day_on() -> None:
    tomorrow = TODAY + timedelta(days=1)
    terms = {name: getattr(work_terms(TODAY), name) for name in WORK} | {"follow_up_days": 30}
    add_work_terms(actor=UserFactory(), effective_from=tomorrow, **terms)
    schedule(actor=UserFactory(), case_id=CaseFactory().pk, seen_version=1, on=TODAY + timedelta(days=180))
    with clock.frozen(datetime(2026, 11, 25, 4, 0, tzinfo=UTC)):
        last = tomorrow + timedelta(days=30)
        schedule(actor=UserFactory(), case_id=CaseFactory().pk, seen_version=1, on=last)
        with pytest.raises(Invalid, match=f"Give a day until {last}"):
            schedule(actor=UserFactory(), case_id=CaseFactory().pk, seen_version=1, on=last + timedelta(days=1))


def test_a_stale_screen_sets_no_follow_up() -> None:
    with pytest.raises(StaleScreen):
        schedule(actor=UserFactory(), case_id=CaseFactory(version=2).pk, seen_version=1, on=TODAY)
