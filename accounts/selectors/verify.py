"""Prove the book: replay every account from its bills, payments and reversals, and compare all that is kept of it.

Compared are the ledger (an entry for each bill, payment and reversal, the derived late fees and roll-overs), the
allocations, the bills' caches, the standings and the wakes. Upper floors add their own caches (`add_check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.rules import to_date
from accounts.selectors.facts import AccountFacts, read_facts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.stored import STORED_SQL, StoredStanding, stored
from accounts.selectors.terms import TermsBook, read_terms
from runs.bulk import money_text
from runs.selectors import book_day

# Accounts that one query reads.
WINDOW = 4_000


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
    with connection.cursor() as cursor:
        for low in range(first, last + 1, WINDOW):
            high = min(low + WINDOW - 1, last)
            yield from _window(cursor, terms, low, high, closed)


def _window(cursor: CursorWrapper, terms: TermsBook, low: int, high: int, closed: date) -> Iterator[Difference]:
    standings = _standings(cursor, low, high)
    derived = _derived(cursor, low, high)
    allocated = _allocations(cursor, low, high)
    for facts in read_facts(cursor, terms, "a.id BETWEEN %s AND %s", (low, high)):
        as_of = max(closed, facts.aged_on) if facts.aged_on else closed
        found = rebuild(facts, as_of.toordinal())
        yield from _compare_bills(facts, found)
        yield from _compare_derived(facts, found, derived.get(facts.account_id, {}))
        yield from _compare_allocations(facts, found, allocated.get(facts.account_id, ()))
        yield from _compare_standing(facts, found, standings.pop(facts.account_id, None))
        if facts.wakes_on != to_date(found.wakes_on):
            yield Difference(facts.ref, "wakes on", str(facts.wakes_on), str(to_date(found.wakes_on)))
    yield from _mirror(cursor, low, high)
    for check in _checks:
        yield from check(cursor, low, high, closed)


def _standings(cursor: CursorWrapper, low: int, high: int) -> dict[int, StoredStanding | None]:
    cursor.execute(
        f"SELECT s.account_id, {STORED_SQL} FROM accounts_standing s WHERE s.account_id BETWEEN %s AND %s", (low, high)
    )
    return {account_id: stored(columns) for account_id, *columns in cursor}


# (day, None) → late fee of that day; (statement day, bill) → what rolled into that bill.
_DerivedSums = dict[tuple[int, int | None], int]


def _derived(cursor: CursorWrapper, low: int, high: int) -> dict[int, _DerivedSums]:
    cursor.execute(
        """SELECT account_id, effective_on - DATE '0001-01-01' + 1, bill_id, sum(amount * 100)::bigint
             FROM accounts_ledgerentry
            WHERE account_id BETWEEN %s AND %s
              AND (kind = 'roll-over' OR kind IN ('late-fee', 'adjustment') AND bill_id IS NULL AND payment_id IS NULL)
            GROUP BY 1, 2, 3""",
        (low, high),
    )
    found: dict[int, _DerivedSums] = {}
    for account_id, on, bill, amount in cursor:
        found.setdefault(account_id, {})[on, bill] = amount
    return found


# (payment's key, or minus the key of the bill rolled into; bill or 0; component; cents; version)
_Part = tuple[int, int, str, int, int]


def _allocations(cursor: CursorWrapper, low: int, high: int) -> dict[int, tuple[list[Any], ...]]:
    """By account, the columns of its allocations as lists: see `_Part`."""
    cursor.execute(
        """SELECT al.account_id, array_agg(CASE WHEN e.kind = 'roll-over' THEN -e.bill_id ELSE e.payment_id END),
                  array_agg(coalesce(al.bill_id, 0)), array_agg(al.component), array_agg((al.amount * 100)::bigint),
                  array_agg(al.rule_version)
             FROM accounts_allocation al JOIN accounts_ledgerentry e ON e.id = al.entry_id
            WHERE al.account_id BETWEEN %s AND %s AND e.account_id BETWEEN %s AND %s
            GROUP BY al.account_id""",
        (low, high, low, high),
    )
    return {account_id: tuple(columns) for account_id, *columns in cursor}


def _compare_bills(facts: AccountFacts, found: Rebuilt) -> Iterator[Difference]:
    for key, cache in found.bills.items():
        kept = facts.cached[key]
        if kept.missed is None and cache.missed is not None:
            # The day passed after the last replay of the account: nothing was allocated since, so it says itself.
            cache.missed = None
        if kept != cache:
            yield Difference(facts.ref, f"bill {key}", str(kept), str(cache))


def _compare_derived(facts: AccountFacts, found: Rebuilt, kept: _DerivedSums) -> Iterator[Difference]:
    replayed: _DerivedSums = {(on, None): amount for on, amount in found.fees.items()}
    replayed |= {(roll.effective_on, roll.bill): roll.amount for roll in found.rolls.values()}
    for on, bill in sorted(kept.keys() | replayed.keys(), key=str):
        if on > found.as_of:
            continue
        there, wanted = kept.get((on, bill), 0), replayed.get((on, bill), 0)
        if there != wanted:
            what = f"late fee of {to_date(on)}" if bill is None else f"roll-over into bill {bill}"
            yield Difference(facts.ref, what, money_text(there), money_text(wanted))


def _compare_allocations(facts: AccountFacts, found: Rebuilt, columns: tuple[list[Any], ...]) -> Iterator[Difference]:
    kept: list[_Part] = sorted(zip(*columns, strict=True))
    replayed: list[_Part] = sorted(
        (part.credit if part.into is None else -part.into, part.bill or 0, part.component, part.amount, part.version)  # type: ignore[misc]
        for part in found.touched
    )
    if kept != replayed:
        had, wanted = Counter(kept), Counter(replayed)
        yield Difference(facts.ref, "allocations", str(sorted(had - wanted)), str(sorted(wanted - had)))


def _compare_standing(facts: AccountFacts, found: Rebuilt, kept: StoredStanding | None) -> Iterator[Difference]:
    if kept != found.standing:
        yield Difference(facts.ref, "standing", str(kept), str(found.standing))


def _mirror(cursor: CursorWrapper, low: int, high: int) -> Iterator[Difference]:
    """The ledger has exactly one entry for every bill, payment and reversal, with its amount and days."""
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
                  FROM (SELECT * FROM ({facts}) facts WHERE account_id BETWEEN %(low)s AND %(high)s) f
                  FULL JOIN (SELECT account_id, {key} AS key, amount, effective_on AS on_day FROM accounts_ledgerentry
                              WHERE kind = %(kind)s AND account_id BETWEEN %(low)s AND %(high)s) e
                    ON e.key = f.key AND e.account_id = f.account_id
                  JOIN accounts_account a ON a.id = coalesce(f.account_id, e.account_id)
                 WHERE (f.amount, f.on_day) IS DISTINCT FROM (e.amount, e.on_day)""",
            {"low": low, "high": high, "kind": kinds},
        )
        for ref, fact_key, entry_key, amount, entry_amount, on_day, entry_day in cursor.fetchall():
            yield Difference(
                ref,
                f"ledger's {what} {fact_key or entry_key}",
                f"{entry_amount} on {entry_day}",
                f"{amount} on {on_day}",
            )
