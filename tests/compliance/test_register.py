"""The register of contacts: nothing without an allowing decision, one contact a decision, nothing ever changed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.services.reveal import reveal_contact_point
from audit.models import Event
from compliance.models import Contact, ContactDecision, Outcome
from compliance.outcomes import INBOUND, OUTBOUND, SPOKEN, possible
from compliance.rules import class_of
from compliance.services import may_contact, reactions, register
from runs import clock
from tests.factories import MOMENT, AccountFactory, ContactPointFactory, CustomerFactory, DecisionFactory, UserFactory

pytestmark = pytest.mark.django_db


def allowed(actor, *, channel="voice", kind="mobile", **fields):
    """An allowing decision of this moment, made for `actor`, at the debtor's own number."""
    point = fields.pop("point", None) or ContactPointFactory(
        kind=kind, clear=fields.pop("clear", "13800002046"), verification=fields.pop("verification", "verified"),
        relationship=fields.pop("relationship", "own"),
    )  # fmt: skip
    return DecisionFactory(
        customer=point.customer,
        contact_point=point,
        channel=channel,
        purpose="collection",
        actor=actor,
        actor_name=str(actor),
        reserved_until=fields.pop("reserved_until", MOMENT + timedelta(minutes=10)),
        **fields,
    )


def test_a_contact_takes_everything_from_its_decision(lin) -> None:
    account = AccountFactory()
    decision = allowed(lin, account=account)
    contact = register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer", note=" rang ")
    assert (contact.customer, contact.contact_point, contact.account) == (
        decision.customer,
        decision.contact_point,
        account,
    )
    assert (contact.channel, contact.direction, contact.made_by, contact.at) == ("voice", "outbound", "staff", MOMENT)
    assert (contact.actor, contact.actor_name, contact.note) == (lin, "Lin", "rang")
    event = Event.objects.get(verb="contact.logged")
    assert event.customer_id == decision.customer_id
    assert event.after["outcome"] == "no-answer"
    assert "rang" not in str(event.after)


def test_a_refused_contact_cannot_be_entered(lin) -> None:
    decision = allowed(lin, allowed=False)
    with pytest.raises(Conflict, match="refused"):
        register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")
    assert not Contact.objects.exists()


def test_a_decision_made_for_somebody_else_cannot_be_used(lin) -> None:
    decision = allowed(UserFactory(display_name="Chen"))
    with pytest.raises(Conflict, match="Chen"):
        register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")


def test_a_decision_carries_one_contact(lin) -> None:
    decision = allowed(lin)
    register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")
    with pytest.raises(Conflict, match="already"):
        register.log_contact(actor=lin, decision_id=decision.pk, outcome="busy")


def test_a_decision_asked_for_again_since_cannot_be_used(lin) -> None:
    decision = allowed(lin)
    allowed(lin, point=decision.contact_point, replaces=decision)
    with pytest.raises(Conflict, match="later answer"):
        register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")


@pytest.mark.parametrize(
    ("minutes", "seconds", "fits"),
    [(10, None, True), (11, None, False), (25, 15 * 60, True), (25, 14 * 60, False)],
)
def test_a_place_that_expired_before_the_call_began_cannot_be_used(lin, minutes, seconds, fits) -> None:
    decision = allowed(lin)
    with clock.frozen(MOMENT + timedelta(minutes=minutes)):
        if fits:
            contact = register.log_contact(actor=lin, decision_id=decision.pk, outcome="right-party", seconds=seconds)
            assert contact.at == MOMENT + timedelta(minutes=minutes, seconds=-(seconds or 0))
        else:
            with pytest.raises(Conflict, match="12:10"):
                register.log_contact(actor=lin, decision_id=decision.pk, outcome="right-party", seconds=seconds)


def test_a_decision_without_a_place_is_good_for_half_an_hour(lin) -> None:
    decision = allowed(lin, reserved_until=None)
    with clock.frozen(MOMENT + timedelta(minutes=31)), pytest.raises(Conflict, match="12:30"):
        register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")


def test_a_call_cannot_have_begun_before_it_was_allowed_nor_be_to_come(lin) -> None:
    decision = allowed(lin)
    for at in (MOMENT - timedelta(seconds=1), MOMENT + timedelta(seconds=1)):
        with pytest.raises(Invalid):
            register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer", at=at)
    with pytest.raises(Invalid, match=r"Since 12:00:00, .* cannot have lasted 60:00\. Leave the length out"):
        register.log_contact(actor=lin, decision_id=decision.pk, outcome="right-party", seconds=3600)
    with clock.frozen(MOMENT + timedelta(minutes=5)), pytest.raises(Invalid, match=r"Since 12:04:00, .* 4:00\. "):
        register.log_contact(
            actor=lin, decision_id=decision.pk, outcome="right-party", seconds=240, at=MOMENT + timedelta(minutes=4)
        )


def test_every_channel_and_direction_has_its_own_outcomes(lin) -> None:
    for table in (OUTBOUND, INBOUND):
        for fitting in table.values():
            assert set(fitting) <= set(Outcome.values)
    assert possible("carrier-pigeon") == ()
    letter = allowed(lin, channel="letter", kind="address", clear="1 Long Street")
    with pytest.raises(Invalid, match=r"Busy.*Letter.*Sent"):
        register.log_contact(actor=lin, decision_id=letter.pk, outcome="busy")
    assert register.log_contact(actor=lin, decision_id=letter.pk, outcome="sent").outcome == "sent"


def test_what_is_spoken_here_is_a_conversation_to_the_gate_and_the_reverse() -> None:
    assert {outcome for outcome in Outcome.values if class_of(outcome, "voice") == "conversation"} - {"sent"} == set(
        SPOKEN
    )


@pytest.mark.parametrize("outcome", ["wrong-number", "invalid-number"])
def test_a_wrong_number_is_marked_so(lin, outcome) -> None:
    decision = allowed(lin)
    register.log_contact(actor=lin, decision_id=decision.pk, outcome=outcome)
    decision.contact_point.refresh_from_db()
    assert decision.contact_point.verification == "wrong"
    assert Event.objects.get(verb="contact-point.changed").after["value"] == "138****2046"


@pytest.mark.parametrize(
    ("outcome", "relationship", "expected"),
    [
        ("right-party", "own", "verified"),
        ("promise", "own", "verified"),
        ("call-back", "own", "unverified"),
        ("no-answer", "own", "unverified"),
        ("third-person", "own", "unverified"),
        ("right-party", "contact-person", "unverified"),
    ],
)
def test_only_the_debtor_speaking_at_her_own_number_verifies_it(lin, outcome, relationship, expected) -> None:
    decision = allowed(lin, verification="unverified", relationship=relationship)
    register.log_contact(actor=lin, decision_id=decision.pk, outcome=outcome)
    decision.contact_point.refresh_from_db()
    assert decision.contact_point.verification == expected


def test_a_call_from_an_unknown_number_is_entered_without_asking(lin) -> None:
    customer = CustomerFactory()
    contact = register.log_inbound(actor=lin, customer_id=customer.pk, channel="voice", outcome="promise", seconds=90)
    assert (contact.direction, contact.contact_point, contact.at) == ("inbound", None, MOMENT - timedelta(seconds=90))
    decision = contact.decision
    assert (decision.purpose, decision.allowed, decision.rule, decision.reserved_until) == (
        "inbound",
        True,
        "inbound",
        None,
    )
    assert decision.pack == customer.jurisdiction


def test_who_comes_to_us_comes_by_her_own_contact_point_about_her_own_debt(lin) -> None:
    customer, stranger = CustomerFactory(), ContactPointFactory(kind="mobile", clear="13900001111")
    mail = ContactPointFactory(customer=customer)
    common = {"actor": lin, "customer_id": customer.pk, "channel": "voice", "outcome": "promise"}
    for wrong, words in (
        ({"contact_point_id": stranger.pk}, "not the customer's"),
        ({"contact_point_id": mail.pk}, "of this kind"),
        ({"account_id": AccountFactory().pk}, "not the customer's"),
        ({"at": MOMENT + timedelta(minutes=1)}, "future"),
        ({"outcome": "busy"}, "no outcome"),
        ({"seconds": -1}, "between 0"),
    ):
        with pytest.raises(Invalid, match=words):
            register.log_inbound(**(common | wrong))
    assert not ContactDecision.objects.exists()


def test_a_contact_cannot_be_changed_nor_removed(lin) -> None:
    contact = register.log_contact(actor=lin, decision_id=allowed(lin).pk, outcome="no-answer")
    for change in (lambda: Contact.objects.update(outcome="busy"), lambda: contact.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_a_correction_stands_in_the_place_of_what_was_wrong_and_takes_back_what_it_did(lin) -> None:
    decision = allowed(lin)
    wrong = register.log_contact(actor=lin, decision_id=decision.pk, outcome="wrong-number")
    lead = UserFactory(role="supervisor")
    right = register.correct_contact(
        actor=lead, contact_id=wrong.pk, outcome="no-answer", note="misclicked", reason="Clicked the wrong line"
    )
    assert (right.corrects, right.decision, right.at) == (wrong, decision, wrong.at)
    decision.contact_point.refresh_from_db()
    assert decision.contact_point.verification == "unverified"
    event = Event.objects.get(verb="contact.corrected")
    assert (event.before["outcome"], event.after["outcome"], event.reason) == (
        "wrong-number",
        "no-answer",
        "Clicked the wrong line",
    )
    with pytest.raises(Conflict, match="latest"):
        register.correct_contact(actor=lin, contact_id=wrong.pk, outcome="busy", reason="again")
    assert register.correct_contact(actor=lead, contact_id=right.pk, outcome="busy", reason="again").corrects == right


def test_a_correction_leaves_a_number_alone_that_the_wrong_entry_did_not_touch(lin) -> None:
    decision = allowed(lin)
    wrong = register.log_contact(actor=lin, decision_id=decision.pk, outcome="right-party")
    lead = UserFactory(role="supervisor")
    register.correct_contact(actor=lead, contact_id=wrong.pk, outcome="not-made", reason="Never dialled")
    decision.contact_point.refresh_from_db()
    assert decision.contact_point.verification == "verified"
    with pytest.raises(Invalid, match="wrong with the entry"):
        register.correct_contact(actor=lin, contact_id=wrong.pk, outcome="busy", reason=" ")


def test_messages_are_entered_once_however_often_they_are_told(lin) -> None:
    good = [allowed(lin, channel="email", kind="email", clear=f"p{n}@example.com") for n in range(3)]
    refused = allowed(lin, channel="email", kind="email", clear="q@example.com", allowed=False)
    rows = [register.Sent(decision.pk, MOMENT) for decision in [*good, refused]]
    rows[1] = rows[1]._replace(outcome="failed")
    assert register.register_sent(actor=lin, rows=rows) == 3
    assert register.register_sent(actor=lin, rows=rows) == 0
    assert register.register_sent(actor=lin, rows=[]) == 0
    assert list(Contact.objects.order_by("decision_id").values_list("outcome", "made_by", "direction")) == [
        ("sent", "batch", "outbound"),
        ("failed", "batch", "outbound"),
        ("sent", "batch", "outbound"),
    ]


def test_who_registered_is_told_of_every_contact_by_people(lin, monkeypatch) -> None:
    told: list[list[int]] = []
    monkeypatch.setattr(reactions, "_person_changed", [lambda actor, customers: told.append(list(customers))])
    decision = allowed(lin)
    contact = register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")
    register.correct_contact(actor=lin, contact_id=contact.pk, outcome="busy", reason="r")
    register.log_inbound(actor=lin, customer_id=decision.customer_id, channel="voice", outcome="refused")
    assert told == [[decision.customer_id]] * 3


def test_a_number_is_revealed_for_a_reason_and_on_the_record(lin) -> None:
    point = ContactPointFactory(kind="mobile", clear="13800002046")
    with pytest.raises(Invalid, match="why"):
        reveal_contact_point(actor=lin, contact_point_id=point.pk, reason=" ")
    assert not Event.objects.exists()
    assert reveal_contact_point(actor=lin, contact_point_id=point.pk, reason="Dialled by hand") == "13800002046"
    event = Event.objects.get(verb="contact-point.revealed")
    assert (event.actor_id, event.customer_id, event.reason) == (lin.pk, point.customer_id, "Dialled by hand")
    assert "13800002046" not in str(event.after)
    assert event.after["name"] == event.after["whose"] == point.customer.masked_name
    assert point.customer.name not in str(event.after)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_decision_at_once_one_is_refused(lin) -> None:
    decision = allowed(lin)
    start, answers = threading.Barrier(2), []

    def use() -> None:
        start.wait()
        try:
            register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")
            answers.append("entered")
        except Conflict:
            answers.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["entered", "refused"]
    assert Contact.objects.count() == 1


def test_the_gate_counts_what_the_register_holds(lin) -> None:
    point = ContactPointFactory(kind="mobile", clear="13800002046")

    def ask() -> ContactDecision:
        return may_contact(
            actor=lin, customer=point.customer, contact_point=point, channel="voice", purpose="collection"
        )

    for _ in range(3):
        last = register.log_contact(actor=lin, decision_id=ask().pk, outcome="right-party")
        register.log_inbound(actor=lin, customer_id=point.customer_id, channel="voice", outcome="right-party")
    refused = ask()
    assert (refused.allowed, refused.rule) == (False, "calls-a-day")
    register.correct_contact(
        actor=UserFactory(role="supervisor"), contact_id=last.pk, outcome="not-made", reason="Hung up before it rang"
    )
    again = ask()
    assert again.allowed
    assert again.reserved_until is not None
    assert not ask().allowed
    register.log_contact(actor=lin, decision_id=again.pk, outcome="not-made")
    assert ask().allowed
