"""Dated terms of the work and of disputes: which are in force, and how they are added."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from accounts.errors import Conflict, Invalid
from audit.models import Event
from cases.models import DisputeTerms, WorkTerms
from cases.selectors.terms import dispute_terms, work_terms
from cases.services.terms import add_dispute_terms, add_work_terms
from runs import clock
from tests.factories import CaseFactory, UserFactory

TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)
WORK = {
    "promise_grace_days": 2, "promise_most_instalments": 3, "broken_promise_factor": 2.0, "broken_promise_days": 10,
    "exact_searches": 5, "exact_search_minutes": 10, "simulations": 1, "follow_up_days": 30, "note_file_years": 7,
    "source": "Board of 2026-11-20",
}  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.frozen(datetime(2026, 11, 22, 4, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(UserFactory(role="administrator", team=None))
    return client


def test_terms_of_work_hold_from_their_day_on_and_the_first_before_it() -> None:
    add_work_terms(actor=UserFactory(), effective_from=TOMORROW, **WORK)
    assert [work_terms(day).promise_grace_days for day in (date(1999, 1, 1), TODAY, TOMORROW)] == [1, 1, 2]
    event = Event.objects.get(verb="work-terms.added")
    assert (event.after["promise_grace_days"], event.after["effective_from"]) == ("2", "2026-11-23")


def test_a_reason_of_its_own_goes_before_all_others_even_if_those_are_newer() -> None:
    options = {"actor": UserFactory(), "effective_from": TOMORROW, "source": "test"}
    add_dispute_terms(reason="", pauses=["fees"], answer_days=3, **options)
    assert dispute_terms("fraud", TOMORROW).answer_days == 20
    assert [dispute_terms("other", day).answer_days for day in (TODAY, TOMORROW)] == [20, 3]


def test_terms_begin_tomorrow_at_the_earliest_and_once_a_day() -> None:
    by = UserFactory()
    with pytest.raises(Invalid, match=r"2026-11-22 is too early: expected 2026-11-23 or later"):
        add_work_terms(actor=by, effective_from=TODAY, **WORK)
    add_work_terms(actor=by, effective_from=TOMORROW, **WORK)
    with pytest.raises(Conflict):
        add_work_terms(actor=by, effective_from=TOMORROW, **WORK)
    dispute = {"actor": by, "reason": "paid", "pauses": ["fees"], "answer_days": 3, "source": "test"}
    with pytest.raises(Invalid):
        add_dispute_terms(effective_from=TODAY, **dispute)
    add_dispute_terms(effective_from=TOMORROW, **dispute)
    with pytest.raises(Conflict):
        add_dispute_terms(effective_from=TOMORROW, **dispute)


@pytest.mark.parametrize("kind", ["deferral", "sleep"])
def test_a_dispute_never_pauses_the_days(kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_dispute_terms(
            actor=UserFactory(),
            reason="paid",
            pauses=["fees", kind],
            answer_days=3,
            effective_from=TOMORROW,
            source="x",
        )
    assert refused.value.field == "pauses"


def test_an_administrator_adds_terms_on_the_data_entry_pages_and_changes_none(administrator: Client) -> None:
    sent = {name: str(value) for name, value in WORK.items()}
    early = administrator.post("/admin/cases/workterms/add/", sent | {"effective_from": "2026-11-22"})
    assert "is too early" in early.context["adminform"].form.errors["effective_from"][0]
    assert administrator.post("/admin/cases/workterms/add/", sent | {"effective_from": "2026-11-23"}).status_code == 302
    row = WorkTerms.objects.get(effective_from=TOMORROW)
    page = administrator.get(f"/admin/cases/workterms/{row.pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert administrator.post(f"/admin/cases/workterms/{row.pk}/change/", sent).status_code == 403
    assert administrator.post(f"/admin/cases/workterms/{row.pk}/delete/").status_code == 403

    sent = {
        "reason": "paid",
        "effective_from": "2026-11-23",
        "pauses": ["fees", "contact"],
        "answer_days": "7",
        "source": "x",
    }
    assert administrator.get("/admin/cases/disputeterms/add/").status_code == 200
    assert administrator.post("/admin/cases/disputeterms/add/", sent).status_code == 302
    assert DisputeTerms.objects.get(effective_from=TOMORROW).pauses == ["contact", "fees"]


@pytest.mark.parametrize("model", ["workterms", "disputeterms", "promise", "dispute", "note"])
def test_an_auditor_reads_them_and_a_collector_does_not(model: str, client: Client) -> None:
    case = CaseFactory()
    client.force_login(UserFactory(role="auditor", team=None))
    assert client.get(f"/admin/cases/{model}/").status_code == 200
    assert client.get(f"/admin/cases/{model}/", {"q": case.ref}).status_code == 200
    assert client.get(f"/admin/cases/{model}/add/").status_code == 403
    for role in ("collector", "supervisor", "legal-officer"):
        client.force_login(UserFactory(role=role))
        assert client.get(f"/admin/cases/{model}/").status_code in {302, 403}
