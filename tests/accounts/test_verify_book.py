"""verify_book: whatever is tampered with behind the posting path's back is found and named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, posting
from audit.services import SystemActor
from delinquency.close_of_day import close_day
from runs import clock

ACTOR = SystemActor("test")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account() -> Iterator[Account]:
    """A late revolving account with a roll-over, a late fee, a payment, one taken back, and its case."""
    with clock.frozen(datetime(2026, 5, 2, 4, tzinfo=UTC)):
        customer = customers.register_customer(actor=ACTOR, ref="K1", name="王小明")
        made = posting.open_account(
            actor=ACTOR, ref="A1", customer_id=customer.pk, product_code="revolving", currency="CNY"
        )
        for number, month in enumerate((1, 2, 3), start=1):
            posting.post_bill(
                actor=ACTOR,
                account_id=made.pk,
                ref=f"B{number}",
                statement_on=date(2026, month, 1),
                due_on=date(2026, month, 20),
                principal=Decimal(500),
            )
        for ref, day in (("P1", 25), ("P2", 26)):
            posting.post_payment(
                actor=ACTOR, account_id=made.pk, ref=ref, amount=Decimal(30), effective_on=date(2026, 2, day)
            )
        posting.reverse_payment(actor=ACTOR, payment_id=posting.Payment.objects.get(ref="P2").pk, reason="returned")
        close_day(actor=ACTOR, day=date(2026, 5, 2))
        yield made


def found() -> list[str]:
    return [item.what.split(" ")[0] for item in differences(*account_range())]


def test_an_untouched_book_agrees() -> None:
    assert found() == []
    call_command("verify_book", processes=1)


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE accounts_bill SET allocated = allocated + 1 WHERE ref = 'B1'", "bill"),
        ("UPDATE accounts_bill SET rolled_out = rolled_out + 1 WHERE ref = 'B1'", "bill"),
        ("UPDATE accounts_bill SET minimum_due = minimum_due + 1 WHERE ref = 'B3'", "bill"),
        ("UPDATE accounts_standing SET overdue_amount = overdue_amount + 1", "standing"),
        ("UPDATE accounts_standing SET bucket = 'M1'", "standing"),
        ("DELETE FROM accounts_standing", "standing"),
        ("UPDATE accounts_allocation SET amount = amount + 1 WHERE bill_id IS NOT NULL", "allocations"),
        ("DELETE FROM accounts_allocation", "allocations"),
        ("UPDATE accounts_account SET wakes_on = '2026-06-01'", "wakes"),
        ("UPDATE cases_case SET overdue_amount = overdue_amount + 1", "case"),
        ("UPDATE cases_case SET products = '{plain}'", "case"),
        ("UPDATE cases_case SET status = 'cured'", "case"),
    ],
)
def test_a_changed_cache_is_named(tampering: str, named: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(tampering)
    assert named in found()
    with pytest.raises(CommandError, match="difference"):
        call_command("verify_book", processes=1)


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE accounts_ledgerentry SET amount = amount + 1 WHERE kind = 'charge'", "ledger's"),
        ("UPDATE accounts_ledgerentry SET effective_on = effective_on - 1 WHERE kind = 'payment'", "ledger's"),
        ("DELETE FROM accounts_ledgerentry WHERE kind = 'reversal'", "ledger's"),
        ("UPDATE accounts_ledgerentry SET amount = amount + 1 WHERE kind = 'late-fee'", "late"),
        ("UPDATE accounts_ledgerentry SET amount = amount + 1 WHERE kind = 'roll-over'", "roll-over"),
        (
            """INSERT INTO accounts_ledgerentry (account_id, kind, amount, effective_on, recorded_at, bill_id)
               SELECT account_id, kind, amount, effective_on, recorded_at, bill_id FROM accounts_ledgerentry
                WHERE kind = 'charge'""",
            "ledger's",
        ),
    ],
)
def test_a_ledger_changed_past_its_trigger_is_named(tampering: str, named: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_ledgerentry DISABLE TRIGGER accounts_ledgerentry_append_only")
        cursor.execute(tampering)
    assert named in found()
