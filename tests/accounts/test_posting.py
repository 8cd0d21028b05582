"""The posting path: whatever is posted, in whatever order, the caches equal the replay and the ledger mirrors it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Acceleration, Account, Bill, Hold, LedgerEntry, Payment, Relief, Standing, StandingChange
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.services import acceleration, customers, holds, posting, relief, watches
from audit.models import Event
from audit.services import SystemActor
from cases.models import Case
from runs import clock
from runs.texts import coded
from tests.nights import close_night
from tests.sizes import sized

ACTOR = SystemActor("test")
START = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def a_customer(ref: str = "K1") -> int:
    return customers.register_customer(actor=ACTOR, ref=ref, name="王小明").pk


def an_account(product: str = "plain", ref: str = "A1", **options: object) -> Account:
    return posting.open_account(
        actor=ACTOR, ref=ref, customer_id=a_customer(f"K-{ref}"), product_code=product, currency="CNY", **options
    )


def a_bill(
    account: Account, ref: str, statement: date, days: int = 20, amount: str = "100.00", **options: object
) -> None:
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref,
        statement_on=statement,
        due_on=statement + timedelta(days=days),
        principal=Decimal(amount),
        **options,
    )


def everything_agrees() -> None:
    assert list(differences(*account_range())) == []


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.frozen(START):
        yield


def test_a_late_bill_opens_a_case_and_its_payment_cures_it_at_once() -> None:
    account = an_account()
    a_bill(account, "B1", date(2026, 2, 1))
    standing = Standing.objects.get(account=account)
    assert (standing.overdue_since, standing.bucket, standing.overdue_amount) == (
        date(2026, 2, 21),
        "M1",
        Decimal("100.00"),
    )
    assert Case.objects.get().status == "open"

    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("40"), effective_on=date(2026, 3, 1)
    )
    assert Case.objects.get().overdue_amount == Decimal("60.00")
    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P2", amount=Decimal("60"), effective_on=date(2026, 3, 1)
    )
    assert not Standing.objects.exists()
    assert Case.objects.get().status == "cured"
    assert Event.objects.get(verb="case.cured").reason == coded("case-paid", account.ref)
    assert [change.cause for change in StandingChange.objects.order_by("id")] == ["bill", "payment", "payment"]
    everything_agrees()


def test_a_reversal_makes_the_account_late_again() -> None:
    account = an_account()
    a_bill(account, "B1", date(2026, 2, 1))
    payment = posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("100"), effective_on=date(2026, 2, 20)
    )
    assert not Standing.objects.exists()
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    assert Standing.objects.get().overdue_since == date(2026, 2, 21)
    with pytest.raises(Conflict):
        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="again")
    everything_agrees()


def test_money_dated_ahead_counts_on_its_day_and_not_before() -> None:
    account = an_account()
    a_bill(account, "B1", date(2026, 2, 1))
    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("100"), effective_on=date(2026, 3, 9)
    )
    account.refresh_from_db()
    assert Standing.objects.filter(account=account).exists()
    assert account.wakes_on == date(2026, 3, 9)
    everything_agrees()


def test_posting_the_same_payment_twice_changes_nothing_and_other_values_are_refused() -> None:
    account = an_account()
    first = posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("10"), effective_on=date(2026, 2, 1)
    )
    again = posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("10.00"), effective_on=date(2026, 2, 1)
    )
    assert first == again
    assert LedgerEntry.objects.count() == 1
    with pytest.raises(Conflict, match="P1"):
        posting.post_payment(
            actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("11"), effective_on=date(2026, 2, 1)
        )
    with pytest.raises(Invalid):
        posting.post_payment(
            actor=ACTOR, account_id=account.pk, ref="P2", amount=Decimal("0"), effective_on=date(2026, 2, 1)
        )


@pytest.mark.parametrize("table", ["accounts_ledgerentry", "accounts_standingchange"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_ledger_refuses_changes_in_sql(table: str, statement: str) -> None:
    a_bill(an_account(), "B1", date(2026, 2, 1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is still to be checked would refuse a TRUNCATE first
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement.format(table))


def test_every_posting_leaves_an_event() -> None:
    account = an_account()
    a_bill(account, "B1", date(2026, 2, 1))
    payment = posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal("5"), effective_on=date(2026, 2, 2)
    )
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    hold = holds.place_hold(actor=ACTOR, account_id=account.pk, kind="fees", starts_on=date(2026, 2, 1))
    holds.lift_hold(actor=ACTOR, hold_id=hold.pk, last_day=date(2026, 2, 9), reason="over")
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert verbs >= {
        "customer.registered",
        "account.opened",
        "bill.posted",
        "payment.posted",
        "payment.reversed",
        "hold.placed",
        "hold.lifted",
        "standing.moved",
        "case.opened",
    }
    assert Hold.objects.filter(withdrawn_at__isnull=True).get().ends_on == date(2026, 2, 9)


@pytest.mark.parametrize("product", ["plain", "instalment", "revolving"])
@pytest.mark.parametrize("seed", range(sized(1, 4)))
def test_a_random_walk_always_verifies(product: str, seed: int) -> None:
    """Bills, payments, reversals, holds, reliefs, watches, accelerations, back-dated and dated ahead, days closed between:
    the book always agrees."""
    chance = random.Random(f"{product}{seed}")
    final = date(2026, 5, 1) if chance.random() < 0.4 else None
    accounts = [an_account(product, f"A{number}", final_due_on=final) for number in range(2)]
    today = date(2026, 3, 1)
    for step in range(sized(30, 45)):
        account = chance.choice(accounts)
        near = today + timedelta(days=chance.randint(-45, 12))
        with clock.frozen(datetime(today.year, today.month, today.day, 3, tzinfo=UTC)):
            match chance.choice([*WALK, *DECISIONS]):
                case "bill":
                    minimum = chance.choice([None, None, Decimal(chance.randint(0, 90))])
                    a_bill(
                        account,
                        f"B{step}",
                        near,
                        chance.randint(0, 25),
                        str(chance.randint(1, 9000) / 100),
                        minimum_due=minimum,
                        kind=chance.choice(["statement", "statement", "statement", "plan", "refund"]),
                    )
                case "pay":
                    posting.post_payment(
                        actor=ACTOR,
                        account_id=account.pk,
                        ref=f"P{step}",
                        amount=Decimal(chance.randint(1, 9000)) / 100,
                        effective_on=near,
                    )
                case "reverse":
                    payments = list(Payment.objects.filter(reversal__isnull=True).order_by("ref"))
                    if payments:
                        payment = chance.choice(payments)
                        later = payment.effective_on + timedelta(days=chance.choice([0, 0, 3, 30]))
                        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="x", effective_on=later)
                case "hold":
                    ends = near + timedelta(days=chance.randint(0, 20)) if chance.random() < 0.8 else None
                    holds.place_hold(
                        actor=ACTOR,
                        account_id=account.pk,
                        kind=chance.choice(["deferral", "fees", "contact"]),
                        starts_on=near,
                        ends_on=ends,
                    )
                case "lift":
                    hold = Hold.objects.filter(withdrawn_at__isnull=True).first()
                    if hold:
                        holds.lift_hold(actor=ACTOR, hold_id=hold.pk, last_day=None, reason="x")
                case "relieve":
                    relieve(account, f"R{step}", today + timedelta(days=chance.randint(-20, 5)), chance)
                case "take back":
                    if relieved := list(Relief.objects.filter(reversal__isnull=True).order_by("ref")):
                        taken = chance.choice(relieved)
                        later = taken.effective_on + timedelta(days=chance.choice([0, 0, 3, 30]))
                        relief.take_back(actor=ACTOR, relief_id=taken.pk, reason="x", effective_on=later)
                case "watch":
                    watches.place(
                        actor=ACTOR,
                        account_id=account.pk,
                        floor=chance.choice(["special-mention", "loss"]),
                        starts_on=near,
                        ends_on=near + timedelta(days=chance.randint(0, 40)),
                        reason="x",
                    )
                case "accelerate":
                    if called := Acceleration.objects.filter(account=account, withdrawn_at__isnull=True).first():
                        acceleration.withdraw(actor=ACTOR, acceleration_id=called.pk, reason="x")
                    else:
                        acceleration.accelerate(
                            actor=ACTOR, account_id=account.pk, due_on=near, notified_on=near, reason="x"
                        )
                case "close":
                    for _ in range(chance.choice([1, 1, 4, 9])):
                        close_night(today)
                        today += timedelta(days=1)
        everything_agrees()
        the_ledger_sums_to_what_is_owed(accounts)


WALK = ("bill", "bill", "pay", "pay", "reverse", "hold", "lift", "close", "close", "close")
DECISIONS = ("relieve", "relieve", "take back", "watch", "accelerate")


def relieve(account: Account, ref: str, day: date, chance: random.Random) -> None:
    """Take something off a bill or the late fees; refused, without a trace, where it is not there."""
    bills = [None, *Bill.objects.filter(account=account, statement_on__lte=day).order_by("ref")]
    target = chance.choice(bills)
    most = target.principal if target else Decimal(2)
    try:
        relief.grant(
            actor=ACTOR,
            account_id=account.pk,
            ref=ref,
            kind=chance.choice(["waiver", "discount", "closure", "closure"]),
            amount=max((most * chance.randint(1, 100) / 100).quantize(Decimal("0.01")), Decimal("0.01")),
            effective_on=day,
            bill_id=target.pk if target else None,
            reason="x",
        )
    except Conflict:
        assert not Relief.objects.filter(ref=ref).exists()


def the_ledger_sums_to_what_is_owed(accounts: list[Account]) -> None:
    for key, owed in owed_now([account.pk for account in accounts]).items():
        entries = LedgerEntry.objects.filter(account=key, effective_on__lte=owed.day).exclude(kind="roll-over")
        total = sum(entries.values_list("amount", flat=True))
        assert total == owed.total - owed.late_fee_not_posted - owed.waiting_credit


def test_a_case_names_the_products_of_its_late_accounts() -> None:
    account = an_account("revolving")
    a_bill(account, "B1", date(2026, 2, 1))
    case = Case.objects.get()
    assert case.products == ["revolving"]
    other = posting.open_account(
        actor=ACTOR, ref="A2", customer_id=account.customer_id, product_code="plain", currency="CNY"
    )
    a_bill(other, "B2", date(2026, 2, 1))
    case.refresh_from_db()
    assert (case.products, case.late_accounts) == (["plain", "revolving"], 2)
    everything_agrees()


def test_a_case_opened_after_an_early_close_opens_today() -> None:
    account = an_account()
    close_night(date(2026, 3, 1))
    a_bill(account, "B1", date(2026, 2, 1))
    assert Case.objects.get().opened_on == date(2026, 3, 1)
    everything_agrees()


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "-Infinity", "sNaN", "0", "-1", "0.001", "1000000000000", "1E+999"]
)
def test_an_amount_that_the_ledger_cannot_hold_is_refused(amount: str) -> None:
    with pytest.raises(Invalid, match="is no amount: expected more than 0") as refusal:
        posting.post_payment(
            actor=ACTOR, account_id=an_account().pk, ref="P1", amount=Decimal(amount), effective_on=date(2026, 2, 1)
        )
    assert refusal.value.field == "amount"


@pytest.mark.parametrize(
    ("opened_on", "day"),
    [
        (date(2026, 2, 1), date(2026, 1, 31)),
        (None, date(1989, 12, 31)),
        (date(1980, 1, 1), date(1989, 12, 31)),
        (None, date(3000, 1, 1)),
    ],
)
def test_money_of_before_the_account_or_of_no_sensible_day_is_refused(opened_on: date | None, day: date) -> None:
    account = an_account(opened_on=opened_on)
    with pytest.raises(Invalid, match=f"{day} is no day for this account") as refusal:
        posting.post_payment(actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal(1), effective_on=day)
    assert refusal.value.field == "effective_on"


def test_a_reference_that_another_account_took_at_this_moment_is_a_conflict() -> None:
    """As when it came in between our look and our writing: the first look finds nothing."""
    one, other = an_account(), an_account(ref="A2")
    posting.post_payment(actor=ACTOR, account_id=one.pk, ref="P1", amount=Decimal(1), effective_on=date(2026, 2, 1))
    found, looks = Payment.objects.filter, iter([Payment.objects.none()])
    with (
        patch.object(
            Payment.objects, "filter", lambda **asked: next(looks) if looks.__length_hint__() else found(**asked)
        ),
        pytest.raises(Conflict, match="P1 exists with another"),
    ):
        posting.post_payment(
            actor=ACTOR, account_id=other.pk, ref="P1", amount=Decimal(1), effective_on=date(2026, 2, 1)
        )
