"""Reliefs, watches, accelerations, refunds and statuses: what they do to the book, and that the book proves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Acceleration, Account, Bill, LedgerEntry, Relief, Standing, StandingChange, Watch
from accounts.rules import Known, standing
from accounts.selectors.explain import explain
from accounts.selectors.facts import read_facts
from accounts.selectors.owed import owed_now
from accounts.selectors.terms import read_terms
from accounts.selectors.verify import account_range, differences
from accounts.services import acceleration, customers, posting, relief, status, watches
from audit.models import Event
from audit.services import SystemActor
from runs import clock
from tests.nights import close_night

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 1)
pytestmark = pytest.mark.django_db


def on(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def account() -> Iterator[Account]:
    """An instalment account with 1,000.00 unpaid since 20 January: 0.50 of late fee a day, posted at months' ends."""
    with clock.frozen(on(TODAY)):
        customer = customers.register_customer(actor=ACTOR, ref="K1", name="王小明")
        made = posting.open_account(
            actor=ACTOR, ref="A1", customer_id=customer.pk, product_code="instalment", currency="CNY"
        )
        bill(made, "B1", date(2026, 1, 1), date(2026, 1, 20), "900", interest=Decimal(80), service_fee=Decimal(20))
        yield made


def bill(account: Account, ref: str, statement: date, due: date, principal: str, **options: object) -> Bill:
    return posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref,
        statement_on=statement,
        due_on=due,
        principal=Decimal(principal),
        **options,
    )


def pay(account: Account, ref: str, amount: str, day: date = TODAY) -> posting.Payment:
    return posting.post_payment(actor=ACTOR, account_id=account.pk, ref=ref, amount=Decimal(amount), effective_on=day)


def take_off(account: Account, ref: str, amount: str, day: date = TODAY, **options: object) -> Relief:
    values = {"kind": "waiver", "reason": "hardship"} | options
    return relief.grant(actor=ACTOR, account_id=account.pk, ref=ref, amount=Decimal(amount), effective_on=day, **values)


def entries(made: Relief) -> list[tuple[str, Decimal, date]]:
    rows = LedgerEntry.objects.filter(relief=made).order_by("pk")
    return list(rows.values_list("kind", "amount", "effective_on"))


def balances(account: Account) -> Decimal:
    """The sum of the ledger; and that the book agrees, and that what is owed is that sum."""
    assert list(differences(*account_range())) == []
    owed = owed_now([account.pk])[account.pk]
    total = sum(LedgerEntry.objects.exclude(kind="roll-over").values_list("amount", flat=True))
    assert total == owed.total - owed.late_fee_not_posted - owed.waiting_credit
    return total


def test_what_is_owed_is_told_by_component_and_bill(account: Account) -> None:
    pay(account, "P1", "50", date(2026, 1, 10))
    owed = owed_now([account.pk])[account.pk]
    assert (owed.principal, owed.interest, owed.service_fee) == (Decimal(900), Decimal(50), Decimal(0))
    # 950.00 × 0.0005 for 11 days of January and 28 of February, each month posted at its end.
    assert (owed.late_fee, owed.late_fee_not_posted, owed.waiting_credit) == (Decimal("18.53"), 0, 0)
    assert (owed.overdue, owed.total) == (Decimal(950), Decimal("968.53"))
    (left,) = owed.bills
    assert (left.ref, left.kind, left.total, left.overdue) == ("B1", "statement", Decimal(950), Decimal(950))


def test_a_waiver_of_the_late_fee_takes_what_accrued_until_the_day_before(account: Account) -> None:
    for day in range(1, 4):
        close_night(date(2026, 3, day))
    owed = owed_now([account.pk])[account.pk]
    assert (owed.late_fee, owed.late_fee_not_posted) == (Decimal("19.50"), Decimal("1.50"))
    today = date(2026, 3, 4)
    with pytest.raises(Conflict, match=r"Of the late fees only 21\.00 is left on 2026-03-04, not 21\.01"):
        take_off(account, "W0", "21.01", today)
    assert not Relief.objects.exists()
    made = take_off(account, "W1", "21.00", today)
    assert entries(made) == [("waiver", Decimal("-21.00"), today)]
    after = owed_now([account.pk])[account.pk]
    # The day itself is not over: nothing can be asked for it yet, though a posting took the account there.
    assert (after.late_fee, after.late_fee_not_posted, after.overdue) == (0, 0, Decimal(1000))
    assert balances(account) == Decimal(1000)
    assert take_off(account, "W1", "21.00", today) == made
    with pytest.raises(Conflict, match="W1 exists with another amount"):
        take_off(account, "W1", "20.00", today)


def test_a_waiver_that_a_back_dated_payment_meets_first_lapses_and_comes_back_with_it(account: Account) -> None:
    made = take_off(account, "W1", "19.50")
    assert balances(account) == Decimal(1000)
    payment = pay(account, "P1", "1000", date(2026, 1, 20))
    # Paid in time after all: there never was a late fee, and the waiver is nobody's credit.
    assert entries(made) == [("waiver", Decimal("-19.50"), TODAY), ("adjustment", Decimal("19.50"), TODAY)]
    assert balances(account) == 0
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    assert entries(made)[-1] == ("adjustment", Decimal("-19.50"), TODAY)
    assert balances(account) == Decimal(1000)


def test_a_later_relief_takes_nothing_from_an_earlier_one_of_its_day(account: Account) -> None:
    fee = owed_now([account.pk])[account.pk].late_fee_now
    first = take_off(account, "W1", str(fee))
    with pytest.raises(Conflict, match=r"Of the late fees only 0\.00 is left"):
        take_off(account, "A0", "1.00", kind="closure")
    second = take_off(account, "A1", "10.00", bill_id=account.bills.get().pk)
    assert [sum(amount for _, amount, _ in entries(one)) for one in (first, second)] == [-fee, -10]
    balances(account)


def test_a_relief_is_taken_back_from_a_day(account: Account) -> None:
    made = take_off(account, "D1", "300", date(2026, 2, 10), kind="discount", bill_id=Bill.objects.get().pk)
    assert Standing.objects.get().overdue_amount == Decimal(700)
    with pytest.raises(Invalid, match="before it counted"):
        relief.take_back(actor=ACTOR, relief_id=made.pk, reason="x", effective_on=date(2026, 2, 9))
    relief.take_back(actor=ACTOR, relief_id=made.pk, reason="breach", effective_on=date(2026, 2, 20))
    assert entries(made) == [
        ("waiver", Decimal("-300.00"), date(2026, 2, 10)),
        ("adjustment", Decimal("300.00"), date(2026, 2, 20)),
    ]
    assert Standing.objects.get().overdue_amount == Decimal(1000)
    balances(account)
    with pytest.raises(Conflict, match="taken back already"):
        relief.take_back(actor=ACTOR, relief_id=made.pk, reason="again")


def test_a_relief_and_its_end_dated_ahead_wait_for_their_days(account: Account) -> None:
    made = take_off(account, "D1", "300", date(2026, 3, 3), kind="write-off", bill_id=Bill.objects.get().pk)
    relief.take_back(actor=ACTOR, relief_id=made.pk, reason="x", effective_on=date(2026, 3, 5))
    amounts = []
    for day in range(1, 7):
        close_night(date(2026, 3, day))
        balances(account)
        amounts.append((len(entries(made)), Standing.objects.get().overdue_amount))
    assert amounts == [(0, 1000), (0, 1000), (1, 700), (1, 700), (2, 1000), (2, 1000)]


def test_a_plan_takes_bills_and_fees_over(account: Account) -> None:
    owed = owed_now([account.pk])[account.pk]
    for number, principal in enumerate(("500", "519.50"), start=1):
        bill(account, f"PL{number}", TODAY, date(2026, 3 + number, 1), principal, kind="plan")
    closed = take_off(account, "C1", str(owed.bills[0].total), kind="closure", bill_id=owed.bills[0].bill_id)
    fees = take_off(account, "C2", str(owed.late_fee_now), kind="closure")
    assert entries(closed) == [("closure", Decimal("-1000.00"), TODAY)]
    assert entries(fees) == [("closure", Decimal("-19.50"), TODAY)]
    assert not Standing.objects.exists()
    assert balances(account) == Decimal("1019.50")
    # It was missed on its day, and stays so.
    assert Bill.objects.get(ref="B1").missed is True
    # What a back-dated payment leaves a closure without is credit for the plan's bills.
    pay(account, "P1", "100", date(2026, 1, 15))
    assert entries(closed) == [("closure", Decimal("-1000.00"), TODAY)]
    assert owed_now([account.pk])[account.pk].total < Decimal("920")
    balances(account)


def test_a_bill_that_a_plan_took_over_in_time_is_not_missed(account: Account) -> None:
    second = bill(account, "B2", date(2026, 2, 20), date(2026, 3, 10), "100")
    take_off(account, "C1", "100", kind="closure", bill_id=second.pk)
    for day in range(1, 13):
        close_night(date(2026, 3, day))
    pay(account, "P1", "1", date(2026, 3, 12))
    assert dict(Bill.objects.values_list("ref", "missed")) == {"B1": True, "B2": False}
    balances(account)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"day": date(1900, 1, 1)}, "effective_on"),
        ({"day": date(2025, 12, 31)}, "effective_on"),
        ({"bill_id": 0}, "bill"),
    ],
)
def test_what_cannot_be_taken_off_is_refused_at_its_field(
    account: Account, changes: dict[str, object], field: str
) -> None:
    values = {"amount": "10", "bill_id": Bill.objects.get().pk} | changes
    with pytest.raises(Invalid) as refusal:
        take_off(account, "W1", **values)
    assert refusal.value.field == field
    assert not Relief.objects.exists()


@pytest.mark.parametrize("table", ["accounts_relief", "accounts_reliefreversal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_reliefs_refuse_changes_in_sql(account: Account, table: str, statement: str) -> None:
    made = take_off(account, "W1", "1")
    relief.take_back(actor=ACTOR, relief_id=made.pk, reason="x")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE accounts_ledgerentry SET amount = amount - 1 WHERE kind = 'waiver'", "ledger's relief"),
        ("DELETE FROM accounts_ledgerentry WHERE kind = 'waiver'", "ledger's relief"),
        ("UPDATE accounts_relief SET amount = amount - 1", "ledger's relief"),
        ("UPDATE accounts_allocation SET amount = amount - 1", "allocations"),
        ("UPDATE accounts_watch SET withdrawn_at = known_from", "standing"),
        ("UPDATE accounts_acceleration SET withdrawn_at = known_from", "standing"),
    ],
)
def test_what_is_tampered_with_is_named(account: Account, tampering: str, named: str) -> None:
    take_off(account, "W1", "5")
    watches.place(actor=ACTOR, account_id=account.pk, floor="loss", starts_on=TODAY, reason="x")
    acceleration.accelerate(
        actor=ACTOR, account_id=account.pk, due_on=date(2026, 2, 1), notified_on=date(2026, 1, 25), reason="x"
    )
    balances(account)
    close_night(TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("ledgerentry", "relief"):
            cursor.execute(f"ALTER TABLE accounts_{table} DISABLE TRIGGER accounts_{table}_append_only")
        cursor.execute("DELETE FROM accounts_allocation" if "DELETE" in tampering else "SELECT 1")
        cursor.execute(tampering)
    assert any(item.what.startswith(named) for item in differences(*account_range()))


def test_under_a_watch_the_class_improves_for_nobody(account: Account) -> None:
    placed = watches.place(
        actor=ACTOR,
        account_id=account.pk,
        floor="substandard",
        starts_on=TODAY,
        ends_on=date(2026, 3, 3),
        reason="plan",
    )
    close_night(TODAY)
    assert Standing.objects.get().risk_class == "substandard"
    pay(account, "P1", "1019.50", date(2026, 3, 2))
    assert not Standing.objects.exists()
    assert StandingChange.objects.first().to_risk_class == "substandard"
    with pytest.raises(Invalid, match="makes the watch no longer"):
        watches.restart(actor=ACTOR, watch_id=placed.pk, ends_on=date(2026, 3, 3), reason="x")
    longer = watches.restart(actor=ACTOR, watch_id=placed.pk, ends_on=date(2026, 3, 9), reason="missed")
    assert (longer.starts_on, longer.floor) == (TODAY, "substandard")
    with pytest.raises(Conflict):
        watches.withdraw(actor=ACTOR, watch_id=placed.pk, reason="x")
    told = explain(account, as_of=date(2026, 3, 5))
    assert told.how_late.risk_class == "substandard"
    assert "Under watch from 2026-03-01 to 2026-03-09: the class is no better than “Substandard”." in told.details
    assert explain(account, as_of=date(2026, 3, 10)).how_late.risk_class == "normal"
    assert watches.withdraw(actor=ACTOR, watch_id=longer.pk, reason="over") is None
    assert Watch.objects.filter(withdrawn_at__isnull=True).count() == 0
    balances(account)


def test_a_late_accounts_class_comes_down_by_itself_when_the_watch_ends(account: Account) -> None:
    watches.place(
        actor=ACTOR,
        account_id=account.pk,
        floor="loss",
        starts_on=date(2026, 3, 2),
        ends_on=date(2026, 3, 3),
        reason="x",
    )
    classes = []
    for day in range(1, 5):
        close_night(date(2026, 3, day))
        balances(account)
        classes.append(Standing.objects.get().risk_class)
    assert classes == ["special-mention", "loss", "loss", "special-mention"]


def test_an_acceleration_calls_everything_due_and_is_told_as_it_was_known(account: Account) -> None:
    bill(account, "B2", date(2026, 2, 20), date(2026, 3, 20), "500")
    called_at = on(TODAY)
    with pytest.raises(Invalid, match="lies before the notice"):
        acceleration.accelerate(
            actor=ACTOR, account_id=account.pk, due_on=TODAY, notified_on=date(2026, 3, 2), reason="x"
        )
    called = acceleration.accelerate(
        actor=ACTOR, account_id=account.pk, due_on=date(2026, 3, 2), notified_on=date(2026, 2, 20), reason="x"
    )
    with pytest.raises(Conflict, match="accelerated already, to 2026-03-02"):
        acceleration.accelerate(
            actor=ACTOR, account_id=account.pk, due_on=date(2026, 3, 9), notified_on=TODAY, reason="x"
        )
    kinds = []
    for day in range(1, 4):
        close_night(date(2026, 3, day))
        balances(account)
        kinds.append((Standing.objects.get().kind, Standing.objects.get().overdue_amount))
    assert kinds == [("single", 1000), ("single", 1000), ("full", 1500)]
    assert "The whole balance was called due early, on 2026-03-02." in explain(account).details
    with clock.frozen(on(date(2026, 3, 4))):
        acceleration.withdraw(actor=ACTOR, acceleration_id=called.pk, reason="agreed")
    assert Standing.objects.get().kind == "single"
    balances(account)
    with pytest.raises(Conflict):
        acceleration.withdraw(actor=ACTOR, acceleration_id=called.pk, reason="again")
    with connection.cursor() as cursor:
        (facts,) = read_facts(cursor, read_terms(), "a.id = %s", (account.pk,))
    known = {
        moment: standing(
            *(facts.terms, facts.bills, facts.credits, facts.holds, facts.watches, facts.accelerations),
            as_of=date(2026, 3, 3).toordinal(),
            known=moment and Known.at(moment),
        ).kind
        for moment in (None, on(date(2026, 2, 28)), called_at, on(date(2026, 3, 4)))
    }
    assert list(known.values()) == ["single", "single", "full", "single"]


def test_one_acceleration_at_a_time_says_the_database_too(account: Account) -> None:
    values = {"account": account, "due_on": TODAY, "notified_on": TODAY, "known_from": on(TODAY)}
    Acceleration.objects.create(**values)
    with pytest.raises(IntegrityError, match="one_acceleration_in_force"), transaction.atomic():
        Acceleration.objects.create(**values)


def test_a_refund_is_met_by_the_credit_and_owed_where_it_is_not_there(account: Account) -> None:
    pay(account, "P1", "1019.50")
    surplus = pay(account, "P2", "40")
    assert owed_now([account.pk])[account.pk].waiting_credit == Decimal(40)
    bill(account, "RF1", TODAY, TODAY, "40", kind="refund")
    assert owed_now([account.pk])[account.pk].waiting_credit == 0
    assert balances(account) == 0
    posting.reverse_payment(actor=ACTOR, payment_id=surplus.pk, reason="returned")
    close_night(TODAY)
    close_night(date(2026, 3, 2))
    # Of the first payment the refund's minimum now takes what had met the late fee: minimums come first.
    assert Standing.objects.get().overdue_amount == Decimal("20.50")
    assert balances(account) == Decimal(40)


def test_nothing_rolls_into_or_out_of_a_plan(account: Account) -> None:
    revolving = posting.open_account(
        actor=ACTOR, ref="A2", customer_id=account.customer_id, product_code="revolving", currency="CNY"
    )
    bill(revolving, "R1", date(2026, 1, 1), date(2026, 3, 20), "100")
    bill(revolving, "R2", date(2026, 2, 1), date(2026, 3, 21), "300", kind="plan")
    assert Bill.objects.get(ref="R2").minimum_due == Decimal(300)
    bill(revolving, "R3", date(2026, 2, 20), date(2026, 3, 22), "100")
    rows = Bill.objects.filter(account=revolving).order_by("ref")
    assert list(rows.values_list("rolled_in", "rolled_out")) == [(0, 90), (0, 0), (90, 0)]
    # Ten percent of the 200.00 that the statements hold: the plan's 300.00 ask for themselves.
    assert rows[2].minimum_due == Decimal(20)
    assert list(differences(*account_range())) == []


def test_an_accounts_status_changes_by_one_way_and_is_recorded(account: Account) -> None:
    status.change_status(actor=ACTOR, account_id=account.pk, to="frozen", reason="over ninety days")
    changed = status.change_status(actor=ACTOR, account_id=account.pk, to="frozen", reason="told twice")
    assert (changed.status, changed.version) == ("frozen", 2)
    event = Event.objects.get(verb="account.status-changed")
    assert (event.before, event.after, event.reason) == ({"status": "active"}, {"status": "frozen"}, "over ninety days")
    with pytest.raises(Conflict, match=r"cannot be closed: 1,019\.50 is owed"):
        status.change_status(actor=ACTOR, account_id=account.pk, to="closed", reason="x")
    pay(account, "P1", "1019.50")
    status.change_status(actor=ACTOR, account_id=account.pk, to="closed", reason="paid")
    with pytest.raises(Conflict, match="it cannot become “Active”"):
        status.change_status(actor=ACTOR, account_id=account.pk, to="active", reason="x")


def test_an_explanation_tells_of_what_was_taken_off(account: Account) -> None:
    made = take_off(account, "W1", "19.50")
    told = explain(account, as_of=TODAY)
    assert "“Waiver” W1 of 19.50, effective 2026-03-01, took off late fees with 19.50." in told.details
    pay(account, "P1", "10", date(2026, 2, 28))
    pay(account, "P2", "1000", date(2026, 1, 20))
    assert (
        "“Waiver” W1 of 19.50, effective 2026-03-01, found nothing left to take off."
        in explain(account, as_of=TODAY).details
    )
    relief.take_back(actor=ACTOR, relief_id=made.pk, reason="x")
    (part,) = explain(account, as_of=TODAY).reliefs
    assert (part.counts, part.met) == (False, ())
    assert part.why_not.startswith("it was reversed with effect from 2026-03-01")
