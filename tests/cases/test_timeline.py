"""One list of everything: each thing once, of the kind that people look for, in one query."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Relief, ReliefReversal
from accounts.services.holds import lift_hold, place_hold
from cases.models import Case, Dispute, Note, Promise, PromiseInstalment
from cases.selectors import timeline
from cases.selectors.timeline import KINDS
from cases.services import disputes
from cases.services.follow_ups import schedule
from cases.services.points import add_point
from compliance.models import Contact, Recording
from compliance.services.flags import place_flag
from runs import clock
from tests.factories import (
    DAY,
    MOMENT,
    AccountFactory,
    BillFactory,
    BusinessDayFactory,
    CaseFactory,
    DecisionFactory,
    EventFactory,
    MessageFactory,
    StandingChangeFactory,
    UserFactory,
)
from tests.whole_cases import late_case, workable_case

pytestmark = pytest.mark.django_db


def test_every_kind_and_all_of_them_take_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = late_case()
    for kind in ("", *KINDS):
        with django_assert_num_queries(1):
            entries = timeline(case.customer_id, kind)
        assert not kind or {entry.kind for entry in entries} <= {kind}


def test_a_contact_says_who_when_what_came_of_it_and_how_many_recordings_there_are() -> None:
    case = CaseFactory()
    decision = DecisionFactory(customer=case.customer, channel="voice", purpose="collection")
    contact = Contact.objects.create(
        customer=case.customer, decision=decision, channel="voice", outcome="right-party", at=MOMENT, seconds=161,
        actor_name="Lin", note="Calls back on Friday", recorded_at=MOMENT,
    )  # fmt: skip
    for name in ("one", "two", "gone"):
        Recording.objects.create(
            contact=contact, link=f"https://recordings.example/{name}", added_at=MOMENT, added_by_name="Lin",
            keep_until=DAY, removed_at=MOMENT if name == "gone" else None,
        )  # fmt: skip
    Contact.objects.create(
        customer=case.customer, decision=decision, channel="voice", outcome="promise", at=MOMENT + timedelta(minutes=1),
        actor_name="Lin", corrects=contact, recorded_at=MOMENT,
    )  # fmt: skip
    later, first = timeline(case.customer_id, "contact")
    assert (later.facts["corrects"], later.facts["is_corrected"]) == (contact.pk, False)
    assert first.what == "contact"
    assert first.facts == {
        "id": contact.pk,
        "channel": "voice",
        "direction": "outbound",
        "made_by": "staff",
        "outcome": "right-party",
        "actor": "Lin",
        "note": "Calls back on Friday",
        "seconds": 161,
        "contact_point": None,
        "account": None,
        "corrects": None,
        "is_corrected": True,
        "recordings": 2,
    }


def test_what_a_batch_sent_is_told_by_its_message_alone() -> None:
    case = CaseFactory()
    decision = DecisionFactory(customer=case.customer)
    Contact.objects.create(
        customer=case.customer, decision=decision, channel="email", made_by="batch", outcome="sent", at=MOMENT,
        actor_name="outbox", recorded_at=MOMENT,
    )  # fmt: skip
    assert timeline(case.customer_id) == []


def test_promises_disputes_and_notes_are_told_once_each_and_a_dispute_again_when_it_closes() -> None:
    case = CaseFactory()
    account = AccountFactory(customer=case.customer)
    promise = Promise.objects.create(
        case=case, account=account, currency="CNY", amount=Decimal("300.00"), made_on=DAY, made_at=MOMENT,
        taken_by_name="Lin", got=Decimal("20.00"), note="Salary",
    )  # fmt: skip
    for number in (1, 2, 3):
        PromiseInstalment.objects.create(
            promise=promise, number=number, due_on=DAY + timedelta(days=7 * number), amount=Decimal("100.00")
        )
    dispute = Dispute.objects.create(
        case=case, reason="paid", statement="Paid in May", opened_on=DAY, opened_at=MOMENT + timedelta(minutes=1),
        opened_by_name="Lin", due_on=DAY + timedelta(days=20), status="rejected", answer="No such payment",
        closed_at=MOMENT + timedelta(minutes=3), closed_by_name="Wang",
    )  # fmt: skip
    note = Note.objects.create(case=case, text="Moved to Wuhan", at=MOMENT + timedelta(minutes=2), author_name="Lin")
    for verb, subject in (
        ("promise.taken", "promise"),
        ("dispute.opened", "dispute"),
        ("dispute.closed", "dispute"),
        ("note.added", "note"),
        ("contact.logged", "contact"),
    ):
        EventFactory(customer_id=case.customer_id, verb=verb, subject_type=subject)
    closed, noted, opened, taken = timeline(case.customer_id)
    assert (taken.what, taken.facts) == (
        "promise",
        {
            "id": promise.pk,
            "amount": "300.00",
            "currency": "CNY",
            "instalments": 3,
            "due_on": "2026-12-13",
            "status": "open",
            "got": "20.00",
            "account": account.ref,
            "actor": "Lin",
            "note": "Salary",
        },
    )
    told = {"id": note.pk, "text": "Moved to Wuhan", "actor": "Lin", "file": None, "removed_at": None}
    assert (noted.what, noted.facts) == ("note", told)
    assert (opened.what, opened.facts["step"], opened.facts["text"], opened.facts["actor"]) == (
        "dispute",
        "opened",
        "Paid in May",
        "Lin",
    )
    assert closed.facts == {
        "id": dispute.pk,
        "step": "closed",
        "reason": "paid",
        "account": None,
        "actor": "Wang",
        "text": "No such payment",
        "status": "rejected",
        "due_on": "2026-12-12",
        "pauses": None,
    }


@pytest.mark.parametrize(
    ("verb", "subject", "kind"),
    [
        ("promise.broken", "promise", "work"),
        ("hold.placed", "hold", "work"),
        ("flag.placed", "customerflag", "work"),
        ("complaint.opened", "complaint", "work"),
        ("case.taken", "case", "work"),
        ("plan.breached", "plan", "work"),
        ("waiver.lapsed", "waiver", "work"),
        ("core-command.confirmed", "corecommand", "work"),
        ("case.moved", "case", "record"),
        ("contact-point.added", "contactpoint", "record"),
    ],
)
def test_an_event_is_work_when_somebody_did_something_about_the_case(verb: str, subject: str, kind: str) -> None:
    case = CaseFactory()
    EventFactory(customer_id=case.customer_id, verb=verb, subject_type=subject)
    (entry,) = timeline(case.customer_id)
    assert (entry.kind, entry.what, entry.facts["verb"]) == (kind, "event", verb)
    assert timeline(case.customer_id, kind) == [entry]


def test_what_was_taken_off_is_one_line_a_kind_and_what_is_owed_again_another() -> None:
    case = CaseFactory()
    account = AccountFactory(customer=case.customer)
    plan = {"kind": "closure", "reason": "R00000001", "effective_on": DAY}
    waiver = {"kind": "waiver", "reason": "hardship", "effective_on": DAY}
    for number, (fields, amount, bill) in enumerate(
        [
            (plan, 100, BillFactory(account=account)),
            (plan, 20, None),
            (waiver, 5, None),
            (waiver, 7, None),
        ]
    ):
        at = MOMENT + timedelta(minutes=number)
        Relief.objects.create(account=account, ref=f"L{number}", recorded_at=at, amount=amount, bill=bill, **fields)
    ReliefReversal.objects.create(
        relief=Relief.objects.get(ref="L3"), effective_on=DAY, recorded_at=MOMENT + timedelta(hours=1), reason="Mistake"
    )
    told = [
        (entry.facts["step"], entry.facts["kind"], entry.facts["amount"], entry.facts["of"])
        for entry in timeline(case.customer_id, "money")
    ]
    assert told == [
        ("taken-back", "waiver", "7.00", "L3"),
        ("granted", "waiver", "7.00", "L3"),
        ("granted", "waiver", "5.00", "L2"),
        ("granted", "closure", "120.00", "R00000001"),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_dispute_is_one_line_when_it_opens_and_one_when_it_closes_whatever_it_pauses(client: Client) -> None:
    BusinessDayFactory(date=DAY - timedelta(days=1))
    lead = UserFactory(role="supervisor")
    case = workable_case(assignee=lead)
    seen = {"actor": lead, "case_id": case.pk}
    with clock.frozen(MOMENT):
        opened = disputes.open_dispute(**seen, seen_version=case.version, reason="fraud", statement="Not me")
    assert opened.holds.count() == 3
    by_hand = opened.holds.get(kind="fees")
    with clock.frozen(MOMENT + timedelta(minutes=1)):
        lift_hold(actor=lead, hold_id=by_hand.pk, last_day=None, reason="Fees go on")
    with clock.frozen(MOMENT + timedelta(minutes=2)):
        place_hold(actor=lead, account_id=by_hand.account_id, kind="fees", starts_on=DAY, reason="Goodwill")
    with clock.frozen(MOMENT + timedelta(minutes=3)):
        version = Case.objects.get().version
        disputes.close_dispute(
            actor=lead, dispute_id=opened.pk, seen_version=version, status="rejected", answer="It was"
        )
    told = [entry.facts.get("step") or entry.facts["reason"] for entry in timeline(case.customer_id, "work")]
    assert told == ["closed", "Goodwill", "Fees go on", "opened"]
    client.force_login(lead)
    page = client.get(f"/cases/{case.ref}/?timeline=work").content.decode()
    assert page.count("· No contact · No late fees · No treatment</span>") == 1
    page = " ".join(page.split())
    assert f"Hold placed No late fees <b>{DAY} – until further notice</b>" in page
    assert f"Hold lifted No late fees {by_hand.starts_on} – until further notice → <b>it never was in force</b>" in page


def test_what_happened_to_the_case_says_when_what_and_from_where_to_where(client: Client) -> None:
    case, lin = workable_case(), UserFactory(role="supervisor")
    client.force_login(lin)
    with clock.frozen(MOMENT):
        schedule(actor=lin, case_id=case.pk, seen_version=case.version, on=DAY + timedelta(days=3), note="Salary day")
        add_point(
            actor=lin, case_id=case.pk, seen_version=case.version + 1, kind="mobile", value="13912345678",
            source="told on the telephone", relationship="own", permitted=True,
        )  # fmt: skip
        place_flag(actor=lin, customer_id=case.customer_id, kind="hardship", from_on=DAY, evidence="A letter")
        for bucket, before in (("M2", "M1"), ("M2", "M2")):
            EventFactory(
                verb="case.moved", subject_type="case", subject_id=case.pk, subject_ref=case.ref, customer_id=case.customer_id,
                before={"bucket": before, "overdue_amount": "100.00"}, after={"bucket": bucket, "overdue_amount": "250.00"},
            )  # fmt: skip
        work, record = (
            " ".join(
                client.get(f"/cases/{case.ref}/?timeline={kind}").content.decode().split('id="timeline"')[1].split()
            )
            for kind in ("work", "record")
        )
    assert f"Follow-up set <b>{DAY + timedelta(days=3)}</b>" in work
    assert "· <bdi>Salary day</bdi>" in work
    assert 'Contact point added Mobile phone <span class="muted"><bdi>139****5678</bdi> ·' in record
    assert "Case moved M1 → <b>M2</b>" in record
    assert "Case moved ¥100.00 → <b>¥250.00</b>" in record
    assert "Customer flag placed Hardship" in work
    assert f"{case.ref} ·" not in work + record


def test_a_refusal_says_who_asked_and_for_which_number(client: Client) -> None:
    BusinessDayFactory()
    case = workable_case()
    mobile = case.customer.contact_points.get(relationship="own")
    DecisionFactory(
        customer=case.customer, contact_point=mobile, channel="voice", purpose="collection", allowed=False,
        rule="contact-hours", actor_name="Zhao",
    )  # fmt: skip
    client.force_login(UserFactory(role="supervisor"))
    page = client.get(f"/cases/{case.ref}/?timeline=contact").content.decode()
    assert f'<b>refused</b> <span class="muted">{mobile.masked_value} · Zhao · ' in page


@pytest.mark.parametrize(
    ("became", "says"),
    [
        ({"status": "sent", "delivery": "bounced"}, "Bounced"),
        ({"status": "sent", "held_by": "contact-hours"}, "Sent"),
        ({"status": "failed", "held_by": "contact-hours"}, "Failed"),
        ({"status": "withheld", "held_by": "nothing-left"}, "Withheld (nothing left to tell)"),
    ],
)
def test_a_message_says_what_became_of_it(client: Client, became: dict[str, str], says: str) -> None:
    BusinessDayFactory()
    case = workable_case()
    MessageFactory(customer=case.customer, subject="", **became)
    client.force_login(UserFactory(role="supervisor"))
    line = client.get(f"/cases/{case.ref}/?timeline=contact").content.decode().partition('class="contact message"')[2]
    assert f">{says}<" in line.partition("</li>")[0]


def test_what_somebody_wrote_is_kept_apart_from_what_stands_beside_it(client: Client) -> None:
    """A character that turns text around ends with the text that holds it."""
    BusinessDayFactory()
    case = workable_case()
    EventFactory(
        verb="case.assigned", subject_type="case", subject_id=case.pk, customer_id=case.customer_id,
        reason="moved \u202eup",
    )  # fmt: skip
    Note.objects.create(case=case, text="a \u202enote", author_name="Lin", at=MOMENT)
    client.force_login(UserFactory(is_superuser=True))
    page = client.get(f"/cases/{case.ref}/").content.decode()
    assert "<bdi>moved \u202eup</bdi>" in page
    assert '<span class="told">a \u202enote</span>' in page
    assert (
        "unicode-bidi: isolate"
        in Path(finders.find("delinquency/case.css")).read_text().split(".told {")[1].split("}")[0]
    )


def test_a_standing_whose_bucket_stays_tells_how_the_amount_changed(client: Client) -> None:
    case = workable_case()
    account = AccountFactory(customer=case.customer)
    for bucket in ("M1", "M2"):
        StandingChangeFactory(
            account=account, from_bucket=bucket, to_bucket="M2", from_overdue_amount=100, to_overdue_amount=250
        )
    client.force_login(UserFactory(role="supervisor"))
    page = " ".join(
        client.get(f"/cases/{case.ref}/?timeline=standing").content.decode().split('id="timeline"')[1].split()
    )
    assert "M1 → <b>M2</b> · ¥250.00" in page
    assert "<b>M2</b> · ¥100.00 → ¥250.00" in page
    assert "M2 → <b>M2</b>" not in page


def test_a_message_that_was_withheld_stands_where_that_was_decided() -> None:
    case = workable_case()
    message = MessageFactory(customer=case.customer, status="withheld", sent_at=None, created_at=MOMENT)
    EventFactory(
        at=MOMENT + timedelta(days=2), verb="message.withheld", subject_type="message", subject_id=message.pk,
        customer_id=case.customer_id,
    )  # fmt: skip
    (told,) = [entry for entry in timeline(case.customer_id) if entry.what == "message"]
    assert told.at == MOMENT + timedelta(days=2)
