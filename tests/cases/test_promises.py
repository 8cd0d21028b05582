"""Promises to pay: taken within limits, judged by the ledger as money comes and goes, and never a change of lateness."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account, Payment
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, posting
from audit.models import Event
from audit.services import SystemActor
from cases.models import Case, Promise
from cases.services.promises import take_promise
from delinquency.close_of_day import close_day
from runs import clock
from staff.models import User
from tests.factories import TeamFactory, UserFactory

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 10)

pytestmark = pytest.mark.django_db


def at(day: date, hour: int = 4) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.frozen(at(TODAY)):
        yield


def late_account(
    ref: str = "A1", amount: str = "1000.00", currency: str = "CNY", customer_id: int | None = None
) -> Account:
    """An account whose one bill has been late since 1 March; the first has a case, the team's."""
    if customer_id is None:
        customer_id = customers.register_customer(actor=ACTOR, ref=f"K-{ref}", name="王小明").pk
    account = posting.open_account(
        actor=ACTOR, ref=ref, customer_id=customer_id, product_code="plain", currency=currency
    )
    posting.post_bill(
        actor=ACTOR, account_id=account.pk, ref=f"B-{ref}", statement_on=date(2026, 2, 9), due_on=date(2026, 3, 1),
        principal=Decimal(amount),
    )  # fmt: skip
    Case.objects.update(team=TeamFactory())
    return account


def pay(account: Account, amount: str, on: date, ref: str | None = None) -> Payment:
    return posting.post_payment(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref or f"P{Payment.objects.count()}",
        amount=Decimal(amount),
        effective_on=on,
    )


def promise(*parts: tuple[int, str], by: User | None = None, **options: object) -> Promise:
    """So many days ahead, so much."""
    case = Case.objects.get()
    return take_promise(
        actor=by or UserFactory(role="supervisor"),
        case_id=case.pk,
        seen_version=case.version,
        instalments=[(days(ahead), Decimal(amount)) for ahead, amount in parts],
        **options,
    )


def close_through(day: date) -> None:
    with clock.frozen(at(day, 15)):
        close_day(actor=ACTOR, through=day)


def verdict(of: Promise) -> tuple[str, Decimal, list[str]]:
    of.refresh_from_db()
    return of.status, of.got, list(of.instalments.order_by("number").values_list("status", flat=True))


def verbs(of: Promise) -> list[str]:
    return list(
        Event.objects.filter(subject_type="promise", subject_id=of.pk).order_by("pk").values_list("verb", flat=True)
    )


def everything_agrees() -> None:
    assert list(differences(*account_range())) == []


# --- taking


def test_a_promise_is_taken_recorded_and_lets_the_case_wait() -> None:
    late_account()
    taken = promise((3, "600.00"), (9, "400.00"), note="Salary on the 12th")
    assert (taken.status, taken.amount, taken.currency, taken.made_on) == ("open", Decimal("1000.00"), "CNY", TODAY)
    assert [(one.number, one.due_on, one.amount) for one in taken.instalments.all()] == [
        (1, days(3), Decimal("600.00")),
        (2, days(9), Decimal("400.00")),
    ]
    case = Case.objects.get()
    assert case.wait_for == "promise"
    event = Event.objects.get(verb="promise.taken")
    assert event.after == {
        "amount": "1000.00",
        "currency": "CNY",
        "instalments": ["2026-03-13 600.00", "2026-03-19 400.00"],
    }
    assert event.customer_id == case.customer_id
    everything_agrees()
