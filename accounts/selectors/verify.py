"""Prove the book: replay every account from its bills, payments and reversals, and compare all that is kept of it.

Compared are the ledger (an entry for each bill, payment and reversal, the derived late fees and roll-overs), the
allocations, the bills' caches, the standings and the wakes. Upper floors add their own caches (`add_check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.rules import to_date
from accounts.selectors.facts import FINGERPRINT, AccountFacts, read_facts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.stored import STORED_SQL, StoredStanding, stored
from accounts.selectors.terms import TermsBook, read_terms
from runs.bulk import money_text
from runs.selectors import book_day, step_passed

# Accounts that one query reads.
WINDOW = 4_000


class _Passed(NamedTuple):
    """Up to which account the steps of a close that is at work are through; see `step_passed`."""

    age: float
    accrue: float


class Difference(NamedTuple):
    """Something kept that the replay does not confirm."""

    account: str
    what: str
    kept: str
    replayed: str


Check = Callable[[CursorWrapper, int, int, date], Iterator[Difference]]
_checks: list[Check] = []


def add_check(check: Check) -> None:
    """Register an upper floor's check of what it keeps about the accounts with keys from … to, as of the closed day."""
    if check not in _checks:
        _checks.append(check)


def account_range() -> tuple[int, int]:
    """The lowest and the highest key of an account; (0, -1) in an empty book."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM accounts_account")
        low, high = cursor.fetchone()
        return int(low), int(high)


def differences(first: int, last: int) -> Iterator[Difference]:
    """Every difference of the accounts with keys from `first` to `last`. Reads only; memory does not grow with the range.

    Raises:
        LookupError: the book was never opened, though it has accounts.
    """
    closed = book_day()
    if closed is None:
        raise LookupError("The book was never opened: import or post something first.")
    terms = read_terms()
    # While a day is being closed, or after a crash in it, accounts that its ageing has passed are there already.
    closing = closed + timedelta(days=1)
    passed = _Passed(step_passed(closing, "age"), step_passed(closing, "accrue"))
    with connection.cursor() as cursor:
        for low in range(first, last + 1, WINDOW):
            high = min(low + WINDOW - 1, last)
            yield from _window(cursor, terms, low, high, closed, passed)


def _window(
    cursor: CursorWrapper, terms: TermsBook, low: int, high: int, closed: date, passed: _Passed
) -> Iterator[Difference]:
    standings = _standings(cursor, low, high)
    ledgers = _ledgers(cursor, low, high)
    allocated = _allocations(cursor, low, high)
    for facts in read_facts(cursor, terms, "a.id BETWEEN %s AND %s", (low, high), prints=True):
        reached = closed + timedelta(days=1) if facts.account_id <= passed.age else closed
        as_of = max(reached, facts.aged_on) if facts.aged_on else reached
        found = rebuild(facts, as_of.toordinal())
        ledger = ledgers.get(facts.account_id, _NO_LEDGER)
        yield from _compare_bills(facts, found)
        if facts.prints != ledger.prints:
            with connection.cursor() as own:
                yield from mirror(own, facts.account_id)
        yield from _compare_derived(
            facts, found, ledger, to_come=as_of if as_of > closed and facts.account_id > passed.accrue else None
        )
        yield from _compare_allocations(facts, found, ledger, allocated.get(facts.account_id, ()))
        yield from _compare_standing(facts, found, standings.pop(facts.account_id, None))
        if facts.wakes_on != to_date(found.wakes_on):
            yield Difference(facts.ref, "wakes on", str(facts.wakes_on), str(to_date(found.wakes_on)))
    for check in _checks:
        yield from check(cursor, low, high, closed)


def _standings(cursor: CursorWrapper, low: int, high: int) -> dict[int, StoredStanding | None]:
    cursor.execute(
        f"SELECT s.account_id, {STORED_SQL} FROM accounts_standing s WHERE s.account_id BETWEEN %s AND %s", (low, high)
    )
    return {account_id: stored(columns) for account_id, *columns in cursor}


class _Ledger(NamedTuple):
    """One account's ledger: how many charges, payments and reversals, each with a fingerprint; the keys of the entries that
    allocations point at; and the derived entries as (day, bill or 0, cents)."""

    prints: tuple[int | None, ...]
    payments: list[int]
    payment_entries: list[int]
    derived_entries: list[int]
    derived_days: list[int]
    derived_bills: list[int]
    derived_cents: list[int]


_NO_LEDGER = _Ledger((0, None, 0, None, 0, None), [], [], [], [], [], [])


def _ledgers(cursor: CursorWrapper, low: int, high: int) -> dict[int, _Ledger]:
    """The ledgers of a range of accounts, in one pass over their entries."""
    derived = "(kind = 'roll-over' OR kind IN ('late-fee', 'adjustment') AND bill_id IS NULL AND payment_id IS NULL)"
    by_bill = FINGERPRINT.format(key="bill_id", amount="amount", day="effective_on")
    by_payment = FINGERPRINT.format(key="payment_id", amount="amount", day="effective_on")
    cursor.execute(
        f"""SELECT account_id, count(*) FILTER (WHERE kind = 'charge'), {by_bill} FILTER (WHERE kind = 'charge'),
                   count(*) FILTER (WHERE kind = 'payment'), {by_payment} FILTER (WHERE kind = 'payment'),
                   count(*) FILTER (WHERE kind = 'reversal'), {by_payment} FILTER (WHERE kind = 'reversal'),
                   array_agg(payment_id) FILTER (WHERE kind = 'payment'), array_agg(id) FILTER (WHERE kind = 'payment'),
                   array_agg(id) FILTER (WHERE {derived}),
                   array_agg(effective_on - DATE '0001-01-01' + 1) FILTER (WHERE {derived}),
                   array_agg(coalesce(bill_id, 0)) FILTER (WHERE {derived}),
                   array_agg((amount * 100)::bigint) FILTER (WHERE {derived})
              FROM accounts_ledgerentry WHERE account_id BETWEEN %s AND %s GROUP BY account_id""",
        (low, high),
    )
    return {row[0]: _Ledger(row[1:7], *(column or [] for column in row[7:])) for row in cursor}


# (ledger entry; bill or 0; component; cents; version)
_Part = tuple[int, int, str, int, int]


def _allocations(cursor: CursorWrapper, low: int, high: int) -> dict[int, tuple[list[Any], ...]]:
    """By account, the columns of its allocations as lists: see `_Part`."""
    cursor.execute(
        """SELECT account_id, array_agg(entry_id), array_agg(coalesce(bill_id, 0)), array_agg(component),
                  array_agg((amount * 100)::bigint), array_agg(rule_version)
             FROM accounts_allocation WHERE account_id BETWEEN %s AND %s GROUP BY account_id""",
        (low, high),
    )
    return {account_id: tuple(columns) for account_id, *columns in cursor}


def _compare_bills(facts: AccountFacts, found: Rebuilt) -> Iterator[Difference]:
    for key, cache in found.bills.items():
        kept = facts.cached[key]
        if kept.missed is None and cache.missed is not None:
            # The day passed after the last replay of the account: nothing was allocated since, so it says itself.
            cache = cache._replace(missed=None)
        if kept != cache:
            yield Difference(facts.ref, f"bill {key}", str(kept), str(cache))


def _compare_derived(
    facts: AccountFacts, found: Rebuilt, ledger: _Ledger, *, to_come: date | None
) -> Iterator[Difference]:
    """`to_come`: the day being closed whose late fee, should it end a month, a later step still has to post."""
    if not ledger.derived_days and not found.fees and not found.rolls:
        return
    waiting = None if to_come is None else to_come.toordinal()
    # (day, 0) → late fee of that day; (statement day, bill) → what rolled into that bill.
    kept: dict[tuple[int, int], int] = {}
    for on, bill, cents in zip(ledger.derived_days, ledger.derived_bills, ledger.derived_cents, strict=True):
        kept[on, bill] = kept.get((on, bill), 0) + cents
    replayed = {(on, 0): amount for on, amount in found.fees.items()}
    replayed |= {(roll.effective_on, roll.bill or 0): roll.amount for roll in found.rolls.values()}
    for on, bill in sorted(kept.keys() | replayed.keys()):
        there, wanted = kept.get((on, bill), 0), replayed.get((on, bill), 0)
        # Entries dated behind the replay wait for their day.
        if on <= found.as_of and there != wanted and not (on == waiting and not there and not bill):
            what = f"roll-over into bill {bill}" if bill else f"late fee of {to_date(on)}"
            yield Difference(facts.ref, what, money_text(there), money_text(wanted))


def _compare_allocations(
    facts: AccountFacts, found: Rebuilt, ledger: _Ledger, columns: tuple[list[Any], ...]
) -> Iterator[Difference]:
    entries: dict[int | None, int] = dict(zip(ledger.payments, ledger.payment_entries, strict=True))
    # A roll-over's allocations point at the first entry of its bill; minus the bill, to tell it from a payment's key.
    for entry, bill in sorted(zip(ledger.derived_entries, ledger.derived_bills, strict=True), reverse=True):
        entries[-bill] = entry
    kept: list[_Part] = sorted(zip(*columns, strict=True))
    replayed: list[_Part] = sorted(
        (
            entries.get(part.credit if part.into is None else -part.into, 0),
            part.bill or 0,
            part.component,
            part.amount,
            part.version,
        )
        for part in found.touched
    )
    if kept != replayed:
        had, wanted = Counter(kept), Counter(replayed)
        yield Difference(facts.ref, "allocations", str(sorted(had - wanted)), str(sorted(wanted - had)))


def _compare_standing(facts: AccountFacts, found: Rebuilt, kept: StoredStanding | None) -> Iterator[Difference]:
    if kept != found.standing:
        yield Difference(facts.ref, "standing", str(kept), str(found.standing))


def mirror(cursor: CursorWrapper, account_id: int) -> Iterator[Difference]:
    """Where the ledger of an account is not one entry for every bill, payment and reversal, with its amount and day."""
    for what, facts, kinds, key in (
        (
            "charge",
            """SELECT account_id, id AS key, principal + interest + service_fee AS amount, statement_on AS on_day
                 FROM accounts_bill""",
            "charge",
            "bill_id",
        ),
        (
            "payment",
            "SELECT account_id, id AS key, -amount AS amount, effective_on AS on_day FROM accounts_payment",
            "payment",
            "payment_id",
        ),
        (
            "reversal",
            """SELECT p.account_id, p.id AS key, p.amount, r.effective_on AS on_day
                 FROM accounts_reversal r JOIN accounts_payment p ON p.id = r.payment_id""",
            "reversal",
            "payment_id",
        ),
    ):
        cursor.execute(
            f"""SELECT a.ref, f.key, e.key, f.amount, e.amount, f.on_day, e.on_day
                  FROM (SELECT * FROM ({facts}) facts WHERE account_id = %(account)s) f
                  FULL JOIN (SELECT account_id, {key} AS key, sum(amount) AS amount, min(effective_on) AS on_day,
                                    count(*) AS entries
                               FROM accounts_ledgerentry WHERE kind = %(kind)s AND account_id = %(account)s
                              GROUP BY 1, 2) e
                    ON e.key = f.key AND e.account_id = f.account_id
                  JOIN accounts_account a ON a.id = coalesce(f.account_id, e.account_id)
                 WHERE (f.amount, f.on_day, 1) IS DISTINCT FROM (e.amount, e.on_day, e.entries)""",
            {"account": account_id, "kind": kinds},
        )
        for ref, fact_key, entry_key, amount, entry_amount, on_day, entry_day in cursor.fetchall():
            yield Difference(
                ref,
                f"ledger's {what} {fact_key or entry_key}",
                f"{entry_amount} on {entry_day}",
                f"{amount} on {on_day}",
            )
