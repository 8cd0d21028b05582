"""The record, as read by people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from audit.filters import EventFilter
from audit.models import Event
from tests.factories import MOMENT, AccountFactory, CaseFactory, CustomerFactory, EventFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(UserFactory(role="auditor"))
    return client


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["two", "one"]),
        ("?actor_name=Lin", ["one"]),
        ("?verb=case.", ["two"]),
        ("?subject_type=payment", ["one"]),
        ("?subject_ref=two", ["two"]),
        ("?customer_id=7", ["one"]),
        ("?account_id=8", ["one"]),
        ("?since=2026-11-22", ["two"]),
        ("?until=2026-11-21", ["one"]),
        ("?request_id=abc", ["one"]),
        ("?since=soon", ["two", "one"]),
    ],
)
def test_the_record_is_narrowed_newest_first(reader: Client, query: str, expected: list[str]) -> None:
    EventFactory(
        subject_ref="one", actor_name="Lin", verb="payment.posted", subject_type="payment", customer_id=7, account_id=8,
        at=MOMENT - timedelta(days=3), request_id="abc",
    )  # fmt: skip
    EventFactory(subject_ref="two")
    assert [event.subject_ref for event in reader.get(f"/audit/{query}").context["page"].rows] == expected


EXACT = ("actor_name", "verb", "subject_type", "subject_ref", "customer_id", "account_id", "request_id")
COVERED = {"at": "since"} | {name: name for name in EXACT}
NOT_ASKED = {"id", "actor_id", "subject_id", "before", "after", "reason", "transaction"}


def test_every_column_of_an_event_is_asked_for_or_named_as_not() -> None:
    assert {field.name for field in Event._meta.concrete_fields} == set(COVERED) | NOT_ASKED
    assert set(COVERED.values()) | {"until", "whose"} == set(EventFilter.base_filters)


def test_the_record_says_whose_it_is_and_is_asked_by_any_reference_of_theirs(reader: Client) -> None:
    account = AccountFactory(ref="A-7", customer__ref="C-7")
    case = CaseFactory(ref="K-7", customer=account.customer)
    mine = EventFactory(subject_type="dispute", subject_ref="", customer_id=account.customer_id)
    EventFactory(subject_type="dispute", subject_ref="", customer_id=CustomerFactory(ref="C-8").pk)
    EventFactory(subject_type="team", customer_id=None)
    page = reader.get("/audit/").content.decode()
    assert '<a href="/audit/?whose=C-7">C-7</a>' in page
    for ref in ("C-7", "A-7", case.ref):
        assert [one.pk for one in reader.get(f"/audit/?whose={ref}").context["page"].rows] == [mine.pk]
    assert "No event matches" in reader.get("/audit/?whose=C-9").content.decode()


def test_only_what_changed_is_shown_before_and_after(reader: Client) -> None:
    EventFactory(before={"bucket": "M1", "kind": "single"}, after={"bucket": "M2", "kind": "single"})
    page = reader.get("/audit/").content.decode()
    assert "M1 → <b>M2</b>" in page
    assert "single" not in page


def test_an_empty_record_says_so(reader: Client) -> None:
    assert "Nothing has happened yet" in reader.get("/audit/").content.decode()
    assert "No event matches" in reader.get("/audit/?verb=nothing").content.decode()


def test_an_event_of_a_message_which_has_no_reference_leads_to_it(reader: Client) -> None:
    EventFactory(subject_type="message", subject_ref="", subject_id=41, verb="message.sent")
    EventFactory(subject_type="message", subject_ref="", subject_id=None, verb="message.sent")
    assert '<a href="/messages/41/">#41</a>' in reader.get("/audit/").content.decode()


def test_the_record_is_for_those_who_may_read_it(client: Client) -> None:
    client.force_login(UserFactory(role="supervisor"))
    assert client.get("/audit/").status_code == 403
