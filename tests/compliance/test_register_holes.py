"""Ways around the caps that are none: late entries, corrections, calls said not to have been made, calls that came in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint
from audit.models import Event
from compliance.models import Contact, ContactDecision, CustomerFlag
from compliance.services import Candidate, decide_many, may_contact, register
from runs import clock
from tests.factories import MOMENT, ContactPointFactory, DecisionFactory, UserFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def number(**values: object) -> ContactPoint:
    return ContactPointFactory(**{"kind": "mobile", "clear": "13800002046", "verification": "unverified", **values})


def ask(actor, point, **values) -> ContactDecision:
    asked = {"channel": "voice", "purpose": "collection", **values}
    return may_contact(actor=actor, customer=point.customer, contact_point=point, **asked)


def called(actor, point, outcome="right-party", **values) -> Contact:
    decision = ask(actor, point)
    assert decision.allowed, decision.rule
    return register.log_contact(actor=actor, decision_id=decision.pk, outcome=outcome, **values)


def correct(actor, contact, outcome, **values) -> Contact:
    return register.correct_contact(
        actor=actor, contact_id=contact.pk, outcome=outcome, reason="Clicked the wrong line", **values
    )


def test_a_place_that_lapsed_and_was_taken_cannot_be_used_afterwards(lin) -> None:
    point, other = number(), UserFactory()
    late = ask(lin, point)
    with clock.frozen(MOMENT + 16 * MINUTE):
        for _ in range(3):
            called(other, point)
        with pytest.raises(Conflict, match="supervisor"):
            register.log_contact(actor=lin, decision_id=late.pk, outcome="right-party", seconds=300)


def test_a_place_that_lapsed_and_is_free_still_can(lin) -> None:
    point, other = number(), UserFactory()
    late = ask(lin, point)
    with clock.frozen(MOMENT + 16 * MINUTE):
        for _ in range(2):
            called(other, point)
        assert register.log_contact(actor=lin, decision_id=late.pk, outcome="right-party", seconds=300)


def test_nobody_is_on_two_calls_at_once(lin) -> None:
    first, second = number(), number(clear="13900001111")
    two = ask(lin, first), ask(lin, second)
    with clock.frozen(MOMENT + 10 * MINUTE):
        register.log_contact(actor=lin, decision_id=two[0].pk, outcome="right-party", seconds=300)
        with pytest.raises(Conflict, match="two calls"):
            register.log_contact(actor=lin, decision_id=two[1].pk, outcome="right-party", seconds=60)
        with pytest.raises(Conflict, match="two calls"):
            register.log_inbound(
                actor=lin, customer_id=second.customer_id, channel="voice", outcome="refused", seconds=60
            )
        assert register.log_contact(
            actor=lin, decision_id=two[1].pk, outcome="right-party", seconds=60, at=MOMENT + MINUTE
        )


def test_a_call_that_runs_over_closing_is_entered_and_says_so_and_none_begins_after_it(lin) -> None:
    closing = MOMENT + timedelta(hours=10)
    point = number()
    with clock.frozen(closing - 2 * MINUTE):
        over, after = ask(lin, point), ask(lin, point)
    with clock.frozen(closing + 3 * MINUTE):
        register.log_contact(actor=lin, decision_id=over.pk, outcome="right-party", seconds=240)
        assert Event.objects.get(verb="contact.logged").after["ran_over"] is True
        with pytest.raises(Invalid, match="outside of the hours"):
            register.log_contact(actor=lin, decision_id=after.pk, outcome="no-answer")


def test_who_entered_a_contact_frees_no_place_by_correcting_it(lin) -> None:
    point = number()
    talks = [called(lin, point) for _ in range(3)]
    with pytest.raises(Conflict, match="Somebody was on the line"):
        correct(lin, talks[0], "not-made")
    correct(lin, talks[0], "no-answer")
    assert ask(lin, point).rule == "calls-a-day"
    for _ in range(2):
        correct(UserFactory(role="supervisor"), talks.pop(), "no-answer")
    assert ask(lin, point).allowed


def test_a_supervisor_does_not_overrule_herself(now) -> None:
    lead, point = UserFactory(role="supervisor"), number()
    talk = called(lead, point)
    assert not correct(lead, talk, "no-answer").overrules


def test_a_contact_is_corrected_by_who_entered_it_within_a_day_or_by_a_supervisor(lin) -> None:
    call = called(lin, number(), "no-answer")
    with pytest.raises(Conflict, match=r"Only .+, or a supervisor"):
        correct(UserFactory(), call, "busy")
    with clock.frozen(MOMENT + timedelta(hours=25)):
        with pytest.raises(Conflict, match="24 hours"):
            correct(lin, call, "busy")
        assert correct(UserFactory(role="supervisor"), call, "busy").overrules


def test_no_contact_lasts_longer_than_four_hours_and_none_that_was_not_made_lasts(lin) -> None:
    call = called(lin, number(), "no-answer")
    with pytest.raises(Invalid, match="4 hours"):
        correct(lin, call, "right-party", seconds=4 * 60 * 60 + 1)
    with pytest.raises(Invalid, match="no length"):
        correct(lin, call, "not-made", seconds=10)


def test_of_calls_not_made_the_fourth_counts_as_unanswered(lin) -> None:
    point = number()
    for _ in range(3):
        called(lin, point, "not-made")
    for _ in range(5):
        called(lin, point, "no-answer")
    called(lin, point, "not-made")
    assert ask(lin, point).rule == "unanswered-a-day"


def test_a_number_found_wrong_stays_wrong_unless_somebody_else_overrules(lin) -> None:
    point = number()
    again = correct(lin, called(lin, point, "wrong-number"), "no-answer")
    point.refresh_from_db()
    assert point.verification == "wrong"
    correct(UserFactory(role="supervisor"), again, "no-answer")
    point.refresh_from_db()
    assert point.verification == "unverified"


def test_a_third_person_who_refused_is_never_asked_again_whatever_is_corrected(lin) -> None:
    own = number(verification="wrong")
    friend = number(customer=own.customer, relationship="contact-person", clear="13900001111")
    decision = ask(lin, friend, purpose="locate")
    refused = register.log_contact(actor=lin, decision_id=decision.pk, outcome="third-person-refused")
    again = correct(lin, refused, "no-answer")
    assert ask(lin, friend, purpose="locate").rule == "third-person"
    correct(UserFactory(role="supervisor"), again, "no-answer")
    assert ask(lin, friend, purpose="locate").allowed


@pytest.mark.parametrize("wrong", [{"purpose": "inbound"}, {"purpose": "marketing"}, {"channel": "pigeon"}])
def test_the_gate_is_asked_for_what_we_do_alone(lin, wrong) -> None:
    point = number()
    with pytest.raises(Invalid, match="Choose one of"):
        ask(lin, point, **wrong)
    with pytest.raises(Invalid, match="Choose one of"):
        decide_many(
            **{"actor": lin, "channel": "voice", "purpose": "collection", **wrong},
            candidates=[Candidate(point.customer_id)], at=MOMENT,
        )  # fmt: skip
    assert not ContactDecision.objects.exists()


def test_no_outbound_contact_rests_on_a_decision_for_one_that_came_in(lin) -> None:
    decision = DecisionFactory(channel="voice", purpose="inbound")
    row = {"customer": decision.customer, "decision": decision, "channel": "voice", "outcome": "no-answer"}
    with pytest.raises(IntegrityError, match="inbound"), transaction.atomic():
        Contact.objects.create(**row, at=MOMENT, recorded_at=MOMENT)
    assert Contact.objects.create(**row, at=MOMENT, recorded_at=MOMENT, direction="inbound")


def test_what_changed_between_asking_and_entering_is_in_the_record(lin) -> None:
    point = number()
    decision = ask(lin, point)
    CustomerFlag.objects.create(customer=point.customer, kind="deceased", from_on=MOMENT.date(), placed_at=MOMENT)
    register.log_contact(actor=lin, decision_id=decision.pk, outcome="no-answer")
    assert Event.objects.get(verb="contact.logged").after["after_change"] == "person"
