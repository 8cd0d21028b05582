"""The late fee of the installed products: its rate under the cap, when it is posted, and that it is exact to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Account, EntryKind, LedgerEntry
from accounts.selectors.terms import late_fee_rate
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, holds, posting
from audit.services import SystemActor
from delinquency.close_of_day import close_day
from runs import clock

ACTOR = SystemActor("test")


@pytest.mark.parametrize(
    ("contract", "cap", "rate"),
    [
        ("0", "0.24", "0.0005"),  # 18.25 % a year: under the cap
        ("0", None, "0.0005"),
        ("0.0575", "0.24", "0.0005"),  # together exactly 24 %
        ("0.167", "0.24", "0.0002"),  # 7.3 % of room: 0.02 % a day
        ("0.24", "0.24", "0"),
        ("0.36", "0.24", "0"),
    ],
)
def test_the_rate_and_the_contracts_charges_together_stay_under_the_cap(
    contract: str, cap: str | None, rate: str
) -> None:
    found = late_fee_rate(Decimal("0.0005"), Decimal(contract), None if cap is None else Decimal(cap))
    assert found == Decimal(rate)


@pytest.fixture
def account(db: None) -> Iterator[Account]:
    """An instalment of 1,000.00 due on 20 January, the book opened on 1 February."""
    with clock.frozen(datetime(2026, 2, 1, 4, tzinfo=UTC)):
        customer = customers.register_customer(actor=ACTOR, ref="K1", name="王小明")
        made = posting.open_account(
            actor=ACTOR, ref="A1", customer_id=customer.pk, product_code="instalment", currency="CNY"
        )
        posting.post_bill(
            actor=ACTOR,
            account_id=made.pk,
            ref="B1",
            statement_on=date(2026, 1, 1),
            due_on=date(2026, 1, 20),
            principal=Decimal(1000),
        )
        yield made


def fees() -> list[tuple[str, date, Decimal]]:
    kinds = (EntryKind.LATE_FEE, EntryKind.ADJUSTMENT)
    entries = LedgerEntry.objects.filter(kind__in=kinds).order_by("effective_on", "id")
    return list(entries.values_list("kind", "effective_on", "amount"))


def test_a_month_end_posts_the_days_up_to_and_including_it(account: Account) -> None:
    # 21 to 31 January: eleven late days at 0.50.
    assert fees() == [("late-fee", date(2026, 1, 31), Decimal("5.50"))]


def test_money_that_arrives_meets_the_fee_of_the_days_before(account: Account) -> None:
    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("1005.50"), effective_on=date(2026, 2, 1)
    )
    close_day(actor=ACTOR, day=date(2026, 2, 1))
    # Paid on the first day after the month end: nothing accrued since.
    assert fees() == [("late-fee", date(2026, 1, 31), Decimal("5.50"))]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0


def test_a_back_dated_payment_takes_the_fee_back_by_an_adjustment(account: Account) -> None:
    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal(1000), effective_on=date(2026, 1, 25)
    )
    # Four late days (21 to 24 January) were charged when the money arrived; the month-end charge is gone.
    assert fees() == [
        ("late-fee", date(2026, 1, 25), Decimal("2.00")),
        ("late-fee", date(2026, 1, 31), Decimal("5.50")),
        ("adjustment", date(2026, 1, 31), Decimal("-5.50")),
    ]
    assert list(differences(*account_range())) == []


def test_no_fee_accrues_under_a_fee_hold_or_a_deferral(account: Account) -> None:
    holds.place_hold(
        actor=ACTOR, account_id=account.pk, kind="fees", starts_on=date(2026, 1, 21), ends_on=date(2026, 1, 25)
    )
    holds.place_hold(
        actor=ACTOR, account_id=account.pk, kind="deferral", starts_on=date(2026, 1, 25), ends_on=date(2026, 1, 27)
    )
    # 28 to 31 January remain.
    assert sum(amount for _, _, amount in fees()) == Decimal("2.00")


def test_the_close_of_a_months_last_day_posts_for_every_late_account(account: Account) -> None:
    with clock.frozen(datetime(2026, 2, 28, 4, tzinfo=UTC)):
        close_day(actor=ACTOR, through=date(2026, 2, 28))
    assert fees()[-1] == ("late-fee", date(2026, 2, 28), Decimal("14.00"))
    assert list(differences(*account_range())) == []
