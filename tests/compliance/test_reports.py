"""Who was said to be dead or represented is not contacted meanwhile: until the flag is placed, or the entry overruled."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.models import Contact, CustomerFlag
from compliance.selectors import look, rulebook
from compliance.services import flags, may_contact, register
from runs import clock
from tests.compliance.oracle import reported
from tests.compliance.test_register import allowed
from tests.factories import DAY, MOMENT, ContactPointFactory, CustomerFactory, UserFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def asked(actor, point, channel="voice"):
    return may_contact(
        actor=actor,
        customer=point.customer,
        contact_point=point,
        channel=channel,
        purpose="locate" if point.relationship == "contact-person" else "collection",
    )


def told(actor, outcome, **fields):
    decision = allowed(actor, **fields)
    return register.log_contact(actor=actor, decision_id=decision.pk, outcome=outcome)


@pytest.mark.parametrize("outcome", ["deceased", "represented"])
def test_what_was_told_bars_every_channel_until_the_flag_is_placed_and_ended(lin, outcome) -> None:
    contact = told(lin, outcome)
    customer = contact.customer
    mail = ContactPointFactory(customer=customer)
    lawyer = ContactPointFactory(customer=customer, kind="mobile", clear="13800002099", relationship="representative")
    for point, channel in ((contact.contact_point, "voice"), (mail, "email")):
        no = asked(lin, point, channel)
        assert (no.allowed, no.rule, no.next_allowed_at) == (False, "person", None)
    assert asked(lin, lawyer).allowed
    with clock.frozen(MOMENT + 40 * 24 * HOUR):
        assert asked(lin, mail, "email").rule == "person", "a report does not lapse"
    flag = flags.place_flag(actor=lin, customer_id=customer.pk, kind=outcome, from_on=DAY, evidence="Certificate")
    assert asked(lin, mail, "email").rule == "person"
    with clock.frozen(MOMENT + HOUR):
        flags.end_flag(actor=lin, flag_id=flag.pk, reason="Another person of that name")
        assert asked(lin, mail, "email").allowed


def test_a_flag_that_ended_before_answers_nothing(lin) -> None:
    number = ContactPointFactory(kind="mobile", clear="13800002046", verification="verified")
    with clock.frozen(MOMENT - 3 * HOUR):
        flag = flags.place_flag(
            actor=lin, customer_id=number.customer_id, kind="represented", from_on=DAY, evidence="Letter"
        )
    with clock.frozen(MOMENT - 2 * HOUR):
        flags.end_flag(actor=lin, flag_id=flag.pk, reason="Gave up the mandate")
    told(lin, "represented", point=number)
    assert asked(lin, number).rule == "person"


def test_only_somebody_elses_correction_takes_a_report_back(lin) -> None:
    contact = told(lin, "deceased")
    mistaken = register.correct_contact(actor=lin, contact_id=contact.pk, outcome="no-answer", reason="Slip")
    assert asked(lin, contact.contact_point).rule == "person"
    boss = UserFactory(role="supervisor")
    register.correct_contact(actor=boss, contact_id=mistaken.pk, outcome="no-answer", reason="Heard the recording")
    assert asked(lin, contact.contact_point).allowed


def test_a_number_of_hers_where_somebody_else_refuses_is_wrong_until_it_is_verified(lin) -> None:
    contact = told(lin, "third-person-refused")
    number = contact.contact_point
    assert (asked(lin, number).allowed, asked(lin, number).rule) == (False, "contact-point")
    number.refresh_from_db()
    assert number.verification == "wrong"
    boss = UserFactory(role="supervisor")
    register.correct_contact(actor=boss, contact_id=contact.pk, outcome="right-party", reason="It was her")
    number.refresh_from_db()
    assert number.verification == "verified"


def test_a_contact_persons_number_stays_what_it_was(lin) -> None:
    contact = told(lin, "third-person-refused", relationship="contact-person")
    contact.contact_point.refresh_from_db()
    assert contact.contact_point.verification == "verified"
    assert asked(lin, contact.contact_point).rule == "third-person"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.randoms(use_true_random=True))
def test_over_random_stories_the_gate_holds_to_what_was_reported(lin, draw: Random) -> None:
    number = ContactPointFactory(
        customer=CustomerFactory(), kind="mobile", clear="13800002046", verification="verified"
    )
    customer, story = number.customer, []
    for step in range(draw.randint(1, 7)):
        at, kind = MOMENT - 9 * HOUR + step * HOUR, draw.choice(["deceased", "represented"])
        standing = CustomerFlag.objects.filter(customer=customer, kind=kind, ended_at=None).first()
        last = Contact.objects.filter(customer=customer, outcome=kind).order_by("-id").first()
        what = draw.choice(["told", "told", "ended" if standing else "placed", "overruled" if last else "told"])
        if what == "told":
            decision = allowed(lin, point=number)
            Contact.objects.create(**_entry(decision, kind, at))
        elif what == "placed":
            CustomerFlag.objects.create(
                customer=customer, kind=kind, from_on=DAY, evidence="x", placed_at=at, placed_by_name="Lin"
            )
        elif what == "ended":
            CustomerFlag.objects.filter(pk=standing.pk).update(ended_at=at, ended_by_name="Lin", end_reason="x")
        else:
            # All of this kind, so that the story's word for it holds.
            for one in Contact.objects.filter(customer=customer, outcome=kind, corrected_by=None):
                Contact.objects.create(**_entry(one.decision, "no-answer", at), corrects=one, overrules=True)
        story.append((what, kind))
    (said,) = look(customer_id=customer.pk, actor=lin)
    assert (said.verdict.rule == "person") == bool(reported(story)), story
    assert {flag.kind for flag in said.flags} == reported(story), story
    assert rulebook().behind(said.verdict, "cn") is not None


def _entry(decision, outcome, at):
    return {
        "customer": decision.customer,
        "contact_point": decision.contact_point,
        "decision": decision,
        "channel": "voice",
        "outcome": outcome,
        "at": at,
        "recorded_at": at,
        "actor_name": "Lin",
    }
