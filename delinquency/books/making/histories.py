"""The accounts without a closed form: their payments are made up, and the replay says what becomes of them.

Runs over a range of account numbers, in any process, and leaves its rows in the scratch schema for `months.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from django.db import connection, transaction

from accounts import vault
from accounts.models import ContactKind, EntryKind
from accounts.rules import Bill, Credit, to_date
from accounts.rules.facts import BOOK_ZONE
from accounts.selectors.facts import AccountFacts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.terms import TermsBook, read_terms
from delinquency.books.making.plan import (
    DUE_AFTER,
    DUE_AHEAD,
    REVOLVING,
    SCHEMA,
    SECOND_ACCOUNT,
    Plan,
)
from delinquency.books.people import email_of
from runs.bulk import money_text

_EPOCH = 719_163  # the ordinal of 1970-01-01
_SHANGHAI_HOURS = 8


class History(NamedTuple):
    """An account's draw, and the cents of its bills: the service fee in each, and their principals."""

    i: int
    ref: str
    product: int
    cohort: int
    lag: int
    depth: int
    late_at: int
    misses: bool
    pays_in: int
    fee: int
    principals: list[int]


@dataclass
class _Tables:
    """Rows in COPY's text format, by scratch table."""

    rows: dict[str, list[str]]

    def add(self, table: str, *values: object) -> None:
        self.rows.setdefault(table, []).append(
            "\t".join(["\\N" if value is None else str(value) for value in values]) + "\n"
        )


@transaction.atomic
def write_histories(plan: Plan, first: int, last: int) -> None:
    """Make the contacts and the `core` accounts numbered from `first` up to but without `last`."""
    terms = read_terms()
    tables = _Tables({})
    for i in range(first, last):
        if i % SECOND_ACCOUNT != SECOND_ACCOUNT - 1:
            email = email_of(customer_ref(i))
            cipher, index = vault.encrypt(email), vault.blind_index(ContactKind.EMAIL, email)
            tables.add("contact", i, "\\\\x" + cipher.hex(), "\\\\x" + index.hex())
    for history in _read(plan, first, last):
        _add(tables, plan, history, rebuild(_facts(plan, terms, history), plan.opening))
    with connection.cursor() as cursor:
        for table, rows in tables.rows.items():
            with cursor.copy(f"COPY {SCHEMA}.{table} FROM STDIN") as copy:
                copy.write("".join(rows))


def customer_ref(i: int) -> str:
    """The reference of the customer who opened account `i`."""
    return f"MC{i:08d}"


def _read(plan: Plan, first: int, last: int) -> Iterator[History]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.i, a.ref, a.product, a.cohort, a.lag, a.depth, a.late_at, a.misses, a.pays_in,
                       (a.fee * 100)::int,
                       ARRAY[{", ".join(f"(a.{plan.principal(m + 1)} * 100)::int" for m in range(plan.bills))}]
                  FROM {SCHEMA}.account a WHERE a.core AND a.i >= %s AND a.i < %s ORDER BY a.i""",
            (first, last),
        )
        for row in cursor:
            yield History._make(row)


def _facts(plan: Plan, terms: TermsBook, history: History) -> AccountFacts:
    i = history.i
    dues = [
        plan.opening.toordinal() + DUE_AHEAD - history.cohort - plan.due_offset(number)
        for number in range(1, plan.bills + 1)
    ]
    bills = []
    for number, (due, principal) in enumerate(zip(dues, history.principals, strict=True), start=1):
        bills.append(Bill(plan.bill_id(i, number), number, due - DUE_AFTER, due, history.fee, 0, principal, None))
    facts = AccountFacts(
        account_id=plan.first_account + i,
        ref=history.ref,
        customer_id=0,
        terms=terms.of(plan.products[history.product], None),
        aged_on=None,
        wakes_on=None,
        bills=bills,
    )
    facts.credits = [
        Credit(plan.payment_id(i, number), number, amount, on, _midnight(on))
        for number, amount, on in _payments(plan, history, dues)
        if amount > 0
    ]
    facts.credits.sort(key=lambda credit: (credit.effective_on, credit.ref))
    return facts


def _payments(plan: Plan, history: History, dues: list[int]) -> Iterator[tuple[int, int, int]]:
    """What was paid: bill number, cents, day. At most one payment a bill."""
    draw = Random(plan.seed * 1_000_003 + history.i)  # noqa: S311  # made people, not secrets
    opening = plan.opening.toordinal()
    late_bills = [number for number, due in enumerate(dues, start=1) if due < opening]
    unpaid_from = late_bills[-1] + 1 - history.depth if late_bills and history.depth else plan.bills + 1
    habit = draw.choice((0.12, 0.2, 0.5, 1.0)) if history.product == REVOLVING else 1.0
    balance = 0
    for number, (due, principal) in enumerate(zip(dues, history.principals, strict=True), start=1):
        amount = principal + history.fee
        on = min(due - DUE_AFTER + history.lag, opening)
        balance += amount
        paid = balance if habit == 1.0 else int(balance * habit)
        if number >= unpaid_from:
            if number == unpaid_from and history.pays_in:
                paid, on = balance, opening + history.pays_in
            elif number == unpaid_from and history.depth > 2 and history.i % 5 == 0:
                paid, on = amount // 2, min(due + 9, opening)
            else:
                continue
        elif history.misses and number == plan.bills:
            continue
        elif number == history.late_at:
            on = min(due + draw.randint(3, 38), opening)
        balance -= paid
        yield number, paid, on


def _midnight(day: int) -> int:
    """Microseconds since 1970 of the first moment of a day in the book's zone, which keeps one offset all year."""
    assert BOOK_ZONE.key == "Asia/Shanghai"
    return ((day - _EPOCH) * 24 - _SHANGHAI_HOURS) * 3_600_000_000


def _add(tables: _Tables, plan: Plan, history: History, found: Rebuilt) -> None:
    i, bills = history.i, plan.bills
    number_of = {plan.bill_id(i, number): number for number in range(1, bills + 1)}
    paid_number = {plan.payment_id(i, number): number for number in range(1, bills + 1)}
    for key, cache in found.bills.items():
        missed = None if cache.missed is None else "t" if cache.missed else "f"
        tables.add(
            "bill",
            *(i, number_of[key], money_text(cache.minimum), money_text(cache.rolled_in), money_text(cache.rolled_out)),
            *(money_text(cache.allocated), missed),
        )
    for credit in found.facts.credits:
        tables.add("payment", i, paid_number[credit.key], money_text(credit.amount), to_date(credit.effective_on))
    for on, cents in found.fees.items():
        if cents:
            number = min(max(bills - (found.as_of - on) * 12 // 365, 1), bills)
            tables.add("derived", i, number, None, EntryKind.LATE_FEE.value, money_text(cents), to_date(on), None)
    for key, roll in found.rolls.items():
        if roll.amount:
            number = number_of[key]
            tables.add(
                "derived",
                *(i, number, plan.roll_over_id(i, number), roll.kind, money_text(roll.amount)),
                *(to_date(roll.effective_on), key),
            )
    for part in found.touched:
        if part.into is not None:
            number = number_of[part.into]
            entry = plan.roll_over_id(i, number)
        else:
            assert part.credit is not None
            number = paid_number[part.credit]
            entry = plan.payment_entry_id(i, number)
        tables.add("allocation", i, number, entry, part.bill, part.component, money_text(part.amount), part.version)
    if found.wakes_on is not None:
        tables.add("wake", i, to_date(found.wakes_on))
    if (standing := found.standing) is not None:
        tables.add(
            "standing",
            *(i, to_date(standing.overdue_since), to_date(standing.late_on), standing.bucket, standing.kind),
            *(standing.risk_class, money_text(standing.overdue_amount), to_date(standing.clock_from_on)),
            *(to_date(standing.clock_stopped_on), to_date(standing.next_transition_on)),
        )
