"""The message log and one message."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from cases.models import Case
from reminders.filters import MessageFilter
from reminders.models import Message, Receipt
from runs import paging
from tests.factories import MOMENT, CaseFactory, CustomerFactory, MessageFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(UserFactory(role="auditor"))
    return client


def keys(client: Client, query: str = "") -> list[str]:
    return [message.key for message in client.get(f"/messages/{query}").context["page"].rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["second", "first"]),
        ("?status=failed", ["second"]),
        ("?language=zh-hans", ["second"]),
        ("?day_from=2026-11-20&day_to=2026-11-20", ["second"]),
        ("?day_from=2026-11-21", ["first"]),
        ("?day_to=2026-11-19", []),
        ("?held_by=opt-out", ["second"]),
        ("?held_by=contact-hours", []),
        ("?template=demand-letter", []),
        ("?channel=email&purpose=reminder", ["second", "first"]),
        ("?channel=sms", []),
        ("?kind=overdue&template=first-late", ["second", "first"]),
        ("?kind=notice", []),
        ("?delivery=bounced", ["first"]),
        ("?provider=smtp", ["first"]),
        ("?q=CUS-1", ["first"]),
        ("?q=An Yi", ["first"]),
        ("?q=An", []),
    ],
)
def test_the_log_is_narrowed_newest_first(reader: Client, query: str, expected: list[str]) -> None:
    MessageFactory(
        key="first", customer=CustomerFactory(ref="CUS-1", name="An Yi"), delivery="bounced", provider="smtp"
    )
    MessageFactory(key="second", status="failed", language="zh-hans", business_day="2026-11-20", held_by="opt-out")
    assert keys(reader, query) == expected


def test_who_was_told_nothing_since_nothing_was_left_is_found_as_such(reader: Client) -> None:
    why = "What it is about no longer holds: paid, put on hold, or done."
    MessageFactory(key="paid", status="withheld", held_by="contact-hours", error=why)
    MessageFactory(key="held", status="withheld", held_by="hold", error="Refused by the gate: hold.")
    editor = connection.schema_editor(atomic=False)
    migration = import_module("reminders.migrations.0027_nothing_left_to_tell")
    migration.name(apps, editor)
    assert keys(reader, "?held_by=nothing-left") == ["paid"]
    assert keys(reader, "?held_by=hold") == ["held"]
    assert "nothing left to tell" in reader.get("/messages/?held_by=nothing-left").content.decode()
    migration.forget(apps, editor)
    assert keys(reader, "?held_by=nothing-left") == []


ASKED = {"customer": "q", "business_day": "day_from"} | {
    name: name
    for name in (
        *("status", "channel", "purpose", "language"),
        *("delivery", "kind", "template", "provider", "held_by"),
    )
}
NOT_ASKED = {
    "id", "key", "contact_point", "decision", "template_version", "handed_at", "provider_id", "parts", "cost",
    "cost_currency", "delivery_at", "context", "send_after", "header_id",
    "attempts", "claim", "claimed_at", "sent_at", "subject", "body", "personal", "secret", "error", "created_at",
}  # fmt: skip


def test_every_column_of_a_message_is_asked_for_or_named_as_not() -> None:
    assert {field.name for field in Message._meta.concrete_fields} == set(ASKED) | NOT_ASKED
    assert {*ASKED.values(), "day_to"} == set(MessageFilter.base_filters)


@pytest.mark.parametrize("part", [{}, {"HTTP_HX_REQUEST": "true"}], ids=["whole", "part"])
def test_a_filter_that_makes_no_sense_is_named_above_the_list_that_it_does_not_narrow(
    reader: Client, part: dict[str, str]
) -> None:
    MessageFactory(key="first")
    answer = reader.get("/messages/?status=nonsense&day_from=31.12.2026", **part)
    results = answer.content.decode().partition('id="results"')[2]
    assert "“State”: “nonsense” is not on the list. Choose one that is. It filters nothing." in results
    assert "“31.12.2026” is no date" in results
    assert [message.key for message in answer.context["page"].rows] == ["first"]


def test_the_log_says_how_many_it_found(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        MessageFactory(key=f"{number}", status="failed" if number else "sent")
    assert "2 messages" in reader.get("/messages/?status=failed").content.decode()
    for module in (paging, import_module("reminders.views.messages")):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    assert "More than 2 messages" in reader.get("/messages/").content.decode()


def test_the_log_goes_on_to_older_pages_without_counting(reader: Client, django_assert_max_num_queries) -> None:
    made = [MessageFactory(key=f"key-{number}") for number in range(53)]
    with django_assert_max_num_queries(10):
        first = reader.get("/messages/").context["page"]
    assert [message.pk for message in first.rows] == [message.pk for message in reversed(made[3:])]
    second = reader.get(f"/messages/?before={first.older}").context["page"]
    assert [message.key for message in second.rows] == ["key-2", "key-1", "key-0"]
    assert second.older is None
    assert len(reader.get("/messages/?before=nonsense").context["page"].rows) == 50


def test_a_message_shows_what_was_sent_to_whom_and_why_it_might(reader: Client) -> None:
    message = MessageFactory()
    page = reader.get(f"/messages/{message.pk}/").content.decode()
    for text in (
        "a payment of yours is late.",
        "allowed",
        "contact hours v1",
        "p***@example.com",
        "@delinquency.example",
    ):
        assert text in page
    assert message.contact_point.value not in page
    assert reader.get("/messages/999999/").status_code == 404


def test_an_empty_log_says_how_messages_come(reader: Client) -> None:
    assert "No message yet" in reader.get("/messages/").content.decode()
    assert "No message matches" in reader.get("/messages/?status=sent").content.decode()


def test_only_messages_to_customers_in_scope_are_seen(client: Client) -> None:
    client.force_login(UserFactory())
    mine = MessageFactory(key="mine", customer=CaseFactory().customer)
    theirs = MessageFactory(key="theirs", customer=CaseFactory(team=TeamFactory(name="Team 2")).customer)
    assert keys(client) == ["mine"]
    assert client.get(f"/messages/{mine.pk}/").status_code == 200
    assert client.get(f"/messages/{theirs.pk}/").status_code == 404


def test_a_message_and_a_receipt_lead_to_the_open_case_of_who_may_open_it(client: Client) -> None:
    case = CaseFactory()
    message = MessageFactory(customer=case.customer)
    receipt = Receipt.objects.create(
        provider="twilio", event_id="E1", kind="delivered", channel="email", at=MOMENT, received_at=MOMENT,
        customer=case.customer, message=message,
    )  # fmt: skip
    addresses = [f"/messages/{message.pk}/", f"/receipts/{receipt.pk}/"]
    link = f'href="/cases/{case.ref}/"'

    def linked() -> list[bool]:
        return [link in client.get(address).content.decode() for address in addresses]

    client.force_login(UserFactory())
    assert linked() == [True, True]
    assert client.get(f"/cases/{case.ref}/").status_code == 200
    Case.objects.update(status="cured", closed_on=MOMENT.date())
    assert linked() == [False, False]
    Case.objects.update(status="open", closed_on=None)
    reads = UserFactory(role="", team=case.team)
    reads.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(reads)
    assert client.get(addresses[0]).status_code == 200
    assert linked() == [False, False]


def test_who_has_no_role_that_reads_messages_is_refused(client: Client) -> None:
    client.force_login(UserFactory(role="data-entry"))
    message = MessageFactory()
    for address in ("/messages/", f"/messages/{message.pk}/"):
        assert client.get(address).status_code == 403


def test_the_name_stands_masked_in_the_letter_that_is_shown(reader: Client) -> None:
    customer = CustomerFactory(name="王小明")
    message = MessageFactory(customer=customer, subject="给王小明", body="王小明，您好：\n\n您有一笔款项逾期。")
    page = reader.get(f"/messages/{message.pk}/").content.decode()
    assert "王小明" not in page
    assert "王*明，您好" in page
    assert "给王*明" in page


def test_a_short_latin_name_is_masked_as_a_word_only(reader: Client) -> None:
    message = MessageFactory(customer=CustomerFactory(name="Li"), body="Dear Li, your liability, Lifted")
    assert "Dear L*, your liability, Lifted" in reader.get(f"/messages/{message.pk}/").content.decode()


def test_her_number_or_address_is_masked_wherever_it_stands(reader: Client) -> None:
    message = MessageFactory()
    address = message.contact_point.value
    Message.objects.update(body=f"To {address}: a payment of yours is late.")
    page = reader.get(f"/messages/{message.pk}/").content.decode()
    assert address not in page
    assert f"To {message.contact_point.masked_value}: a payment" in page
