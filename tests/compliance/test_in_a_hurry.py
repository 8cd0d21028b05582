"""What taking the next case asks of the gate in passing: it says what the gate says, and nothing where there is more to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

import pytest
from django.db import connection

from accounts.models import Customer
from audit.services import SystemActor
from compliance.facts_sql import wanted_to_call
from compliance.models import Contact, ContactAgreement, CustomerFlag, OptOut
from compliance.selectors import callable_by, callable_from, callable_values, rulebook
from runs import clock
from tests.factories import (
    AccountFactory,
    ContactPointFactory,
    CustomerFactory,
    DecisionFactory,
    HoldFactory,
    StandingFactory,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
BATCH = SystemActor("test")


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


def in_passing(customer: Customer, at: datetime = NOON) -> tuple[str | None, str | None]:
    with connection.cursor() as cursor:
        text = f"SELECT {wanted_to_call('one')} FROM (SELECT %(one)s::bigint AS customer_id) one"
        cursor.execute(text, {"one": customer.pk, **callable_values(at, rulebook())})
        return cursor.fetchone()


def with_numbers(**fields: object) -> Customer:
    customer = CustomerFactory(**fields)
    for kind in ("mobile", "phone"):
        ContactPointFactory(
            customer=customer, kind=kind, clear=f"13{len(kind)}{customer.pk:08d}", verification="verified"
        )
    return customer


def called(customer: Customer, at: datetime, outcome: str = "no-answer", **fields: object) -> Contact:
    point = customer.contact_points.first()
    decision = DecisionFactory(
        customer=customer,
        contact_point=point,
        channel="voice",
        at=at,
        decided_at=at,
        reserved_until=at + timedelta(minutes=15),
    )
    return Contact.objects.create(
        **{
            "customer": customer,
            "contact_point": point,
            "decision": decision,
            "channel": "voice",
            "outcome": outcome,
            "at": at,
            "actor_name": "Lin",
            "recorded_at": at,
            **fields,
        }
    )


@pytest.mark.parametrize(("pack", "zone"), [("cn", "Asia/Shanghai"), ("us", "America/New_York")])
def test_it_says_what_the_gate_says(pack: str, zone: str) -> None:
    customer = with_numbers(jurisdiction=pack, time_zone=zone)
    rules = rulebook()
    answers = set()
    for days, minutes in product((9, 8, 1, 0), (50, 40, 30)):
        outcome = "right-party" if minutes == 40 else "no-answer"
        called(customer, NOON - timedelta(days=days, minutes=minutes), outcome)
        for at in (NOON + timedelta(hours=hours) for hours in (0, 3, 13, 20)):
            said = callable_by(customer.pk, in_passing(customer, at), at=at, actor=BATCH, rules=rules)
            assert {customer.pk: said} == callable_from(customer_ids=[customer.pk], at=at, actor=BATCH, rules=rules)
            answers.add((at, said))
    assert {when == at for at, when in answers} == {True, False}


def test_an_entry_that_was_overruled_is_not_counted() -> None:
    customer = with_numbers()
    for minute in range(3):
        entry = called(customer, NOON - timedelta(minutes=50 + minute), "right-party")
    assert callable_by(customer.pk, in_passing(customer), at=NOON, actor=BATCH, rules=rulebook()) != NOON
    Contact.objects.create(
        customer=customer,
        contact_point=entry.contact_point,
        decision=entry.decision,
        corrects=entry,
        overrules=True,
        channel="voice",
        outcome="not-made",
        at=entry.at,
        actor_name="Lin",
        recorded_at=NOON,
    )
    assert callable_by(customer.pk, in_passing(customer), at=NOON, actor=BATCH, rules=rulebook()) == NOON


def flagged(customer: Customer) -> None:
    CustomerFlag.objects.create(customer=customer, kind="hardship", from_on=date(2026, 11, 1), placed_at=NOON)


def reported(customer: Customer) -> None:
    called(customer, NOON - timedelta(days=40), "deceased")


def agreed(customer: Customer) -> None:
    ContactAgreement.objects.create(
        customer=customer,
        opens=time(20),
        closes=time(21),
        from_on=date(2026, 11, 1),
        evidence="x",
        agreed_at=NOON,
        recorded_by_name="x",
    )


def held(customer: Customer) -> None:
    account = AccountFactory(customer=customer)
    StandingFactory(account=account)
    HoldFactory(account=account, kind="contact", starts_on=date(2026, 11, 1))


def has_a_place(customer: Customer) -> None:
    DecisionFactory(customer=customer, channel="voice", at=NOON, decided_at=NOON, reserved_until=NOON + timedelta(1))


def has_a_contact_person(customer: Customer) -> None:
    ContactPointFactory(customer=customer, kind="mobile", clear="13955550000", relationship="contact-person")


def shares_a_number(customer: Customer) -> None:
    point = customer.contact_points.first()
    ContactPointFactory(kind=point.kind, value_index=point.value_index, clear="x", verification="verified")


def refused_calls(customer: Customer) -> None:
    OptOut.objects.create(
        customer=customer,
        contact_point=customer.contact_points.first(),
        channel="voice",
        opted_out_at=NOON,
        recorded_at=NOON,
    )


def has_no_number(customer: Customer) -> None:
    customer.contact_points.all().delete()


@pytest.mark.parametrize(
    "more",
    [
        flagged,
        reported,
        agreed,
        held,
        has_a_place,
        has_a_contact_person,
        shares_a_number,
        refused_calls,
        has_no_number,
    ],
)
def test_it_says_nothing_where_there_is_more_to_know(more: Callable[[Customer], None]) -> None:
    customer = with_numbers()
    assert in_passing(customer)[0] is not None
    more(customer)
    assert in_passing(customer)[0] is None
