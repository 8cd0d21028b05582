"""A screen that no longer shows what the case holds is refused, with what changed and by whom."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.errors import Conflict
from audit.services import SystemActor, record
from cases.errors import StaleScreen
from cases.models import Case
from cases.services.versions import lock_case
from tests.factories import CaseFactory, UserFactory


@transaction.atomic
def change(case: Case, actor: object, verb: str, *, early: bool = False) -> None:
    """A change as any service makes it; `early`: its event is recorded before the version is written."""
    fresh = lock_case(case_id=case.pk)
    if early:
        record(actor=actor, verb=verb, subject=fresh, customer_id=fresh.customer_id)
    fresh.version += 1
    fresh.save(update_fields=["version"])
    if not early:
        record(actor=actor, verb=verb, subject=fresh, customer_id=fresh.customer_id)


@pytest.mark.django_db(transaction=True)
def test_a_stale_screen_is_told_exactly_what_changed_after_it_was_read() -> None:
    case, lin = CaseFactory(), UserFactory(display_name="Lin")
    change(case, lin, "case.before")
    seen = Case.objects.get(pk=case.pk).version
    change(case, lin, "case.noted", early=True)
    record(actor=lin, verb="contactpoint.revealed", subject=case.customer, customer_id=case.customer_id)  # no version
    change(case, SystemActor("close of day"), "case.moved")

    with (
        pytest.raises(StaleScreen, match=r"Lin: case noted; \d\d:\d\d close of day: Case moved") as refused,
        transaction.atomic(),
    ):
        lock_case(case_id=case.pk, seen_version=seen)

    assert [event.verb for event in refused.value.changes] == ["case.noted", "case.moved"]
    with transaction.atomic():
        assert lock_case(case_id=case.pk, seen_version=seen + 2).version == seen + 2


@pytest.mark.django_db(transaction=True)
def test_of_many_changes_the_last_twenty_are_kept() -> None:
    case, lin = CaseFactory(), UserFactory()
    for number in range(23):
        change(case, lin, f"case.change{number}")

    with pytest.raises(StaleScreen) as refused, transaction.atomic():
        lock_case(case_id=case.pk, seen_version=1)

    assert [event.verb for event in refused.value.changes] == [f"case.change{number}" for number in range(3, 23)]


@pytest.mark.django_db
def test_a_version_that_never_was_is_refused_without_a_story() -> None:
    case = CaseFactory()
    with pytest.raises(StaleScreen, match="Nothing was saved") as refused:
        lock_case(case_id=case.pk, seen_version=99)
    assert refused.value.changes == []


@pytest.mark.django_db
def test_a_closed_case_takes_no_change_that_asks_for_an_open_one() -> None:
    case = CaseFactory(status="cured", closed_on="2026-11-20")
    assert lock_case(case_id=case.pk, seen_version=1) == case
    with pytest.raises(Conflict, match="closed since 2026-11-20"):
        lock_case(case_id=case.pk, seen_version=1, open_only=True)
