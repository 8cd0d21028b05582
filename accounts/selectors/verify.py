"""Prove the book: replay every account from its bills, payments and reversals, and compare all that is kept of it.

Compared are the ledger (an entry for each bill, payment and reversal, the derived late fees, roll-overs and reliefs), the
allocations, the bills' caches, the standings and the wakes. Upper floors add their own caches (`add_check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.rules import to_date
from accounts.selectors.facts import RANGE, AccountFacts, fingerprint_sql, stream_facts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.stored import STORED_SQL, StoredStanding, stored
from accounts.selectors.terms import TermsBook, read_terms
from runs.bulk import money_text, snapshot, stream
from runs.selectors import book_day, step_passed

T = TypeVar("T")


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
    with snapshot():
        closed = book_day()
        if closed is None:
            raise LookupError("The book was never opened: import or post something first.")
        # While a day is being closed, or after a crash in it, accounts that its ageing has passed are there already.
        closing = closed + timedelta(days=1)
        passed = _Passed(step_passed(closing, "age"), step_passed(closing, "accrue"))
        yield from _between(read_terms(), first, last, closed, passed)
        with connection.cursor() as cursor:
            for check in _checks:
                yield from check(cursor, first, last, closed)


def _between(terms: TermsBook, first: int, last: int, closed: date, passed: _Passed) -> Iterator[Difference]:
    """Everything that is kept of each account comes in the order of their keys, and is walked side by side."""
    standings = _Beside(_standings(first, last))
    ledgers = _Beside(_ledgers(first, last))
    relieved = _Beside(_relief_entries(first, last))
    allocated = _Beside(_allocations(first, last))
    for facts in stream_facts(terms, first, last, prints=True):
        reached = closed + timedelta(days=1) if facts.account_id <= passed.age else closed
        as_of = facts.told_on(reached)
        found = rebuild(facts, as_of, facts.judged_as_of(reached))
        ledger = ledgers.of(facts.account_id) or _NO_LEDGER
        yield from _compare_bills(facts, found)
        if facts.print != ledger.print:
            with connection.cursor() as cursor:
                yield from mirror(cursor, facts.account_id)
        yield from _compare_derived(
            facts, found, ledger, to_come=as_of if as_of > closed and facts.account_id > passed.accrue else None
        )
        entries = relieved.of(facts.account_id) or _NO_RELIEF_ENTRIES
        if facts.reliefs or entries.reliefs:
            yield from _compare_reliefs(facts, found, entries)
        yield from _compare_allocations(
            facts, found, ledger, entries, allocated.of(facts.account_id) or _NO_ALLOCATIONS
        )
        yield from _compare_standing(facts, found, standings.of(facts.account_id))
        if facts.wakes_on != to_date(found.wakes_on):
            yield Difference(facts.ref, "wakes on", str(facts.wakes_on), str(to_date(found.wakes_on)))


class _Beside(Generic[T]):
    """What is kept of some accounts, in the order of their keys, asked for account by account in that order."""

    def __init__(self, rows: Iterator[tuple[int, T]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, account_id: int) -> T | None:
        """What is kept of this account, if anything."""
        if self._next is None or self._next[0] != account_id:
            return None
        found = self._next[1]
        self._next = next(self._rows, None)
        return found


def _standings(low: int, high: int) -> Iterator[tuple[int, StoredStanding | None]]:
    rows = stream(
        f"SELECT s.account_id, {STORED_SQL} FROM accounts_standing s WHERE s.account_id {RANGE} ORDER BY s.account_id",
        {"low": low, "high": high},
    )
    return ((row[0], stored(row[1:])) for row in rows)


class _Ledger(NamedTuple):
    """One account's ledger: how many charges, payments and reversals, and their fingerprint; the keys of the entries that
    allocations point at; and the derived entries as (day, bill or 0, cents)."""

    print: tuple[int, int]
    payments: list[int]
    payment_entries: list[int]
    derived_entries: list[int]
    derived_days: list[int]
    derived_bills: list[int]
    derived_cents: list[int]


class _ReliefEntries(NamedTuple):
    """One account's ledger entries of reliefs, in the order of their keys: key, relief, cents."""

    entries: list[int]
    reliefs: list[int]
    cents: list[int]


_NO_RELIEF_ENTRIES = _ReliefEntries([], [], [])
_NO_ALLOCATIONS: tuple[list[Any], ...] = ([], [], [], [], [])
_NO_LEDGER = _Ledger((0, 0), [], [], [], [], [], [])


def _ledgers(low: int, high: int) -> Iterator[tuple[int, _Ledger]]:
    """The ledgers of a range of accounts, in one pass over their entries."""
    fingerprint = fingerprint_sql(kind="kind", key="coalesce(payment_id, bill_id)", amount="amount", day="effective_on")
    rows = stream(
        f"""SELECT account_id, count(*) FILTER (WHERE is_mirror), {fingerprint} FILTER (WHERE is_mirror),
                   array_agg(payment_id) FILTER (WHERE is_payment), array_agg(id) FILTER (WHERE is_payment),
                   array_agg(id) FILTER (WHERE is_derived),
                   array_agg(effective_on - DATE '0001-01-01' + 1) FILTER (WHERE is_derived),
                   array_agg(coalesce(bill_id, 0)) FILTER (WHERE is_derived),
                   array_agg((amount * 100)::bigint) FILTER (WHERE is_derived)
              FROM (SELECT account_id, id, kind, payment_id, bill_id, amount, effective_on, kind = 'payment' AS is_payment,
                           kind IN ('charge', 'payment', 'reversal') AS is_mirror,
                           kind = 'roll-over' OR kind IN ('late-fee', 'adjustment') AND bill_id IS NULL
                               AND payment_id IS NULL AND relief_id IS NULL AS is_derived
                      FROM accounts_ledgerentry WHERE account_id {RANGE} ORDER BY account_id) entries
             GROUP BY account_id ORDER BY account_id""",
        {"low": low, "high": high},
    )
    return ((row[0], _Ledger((row[1], row[2] or 0), *(column or [] for column in row[3:]))) for row in rows)


def _relief_entries(low: int, high: int) -> Iterator[tuple[int, _ReliefEntries]]:
    """The few entries of reliefs, found by an index of their own (`entry_of_relief`)."""
    rows = stream(
        f"""SELECT account_id, array_agg(id), array_agg(relief_id), array_agg((amount * 100)::bigint)
              FROM (SELECT account_id, id, relief_id, amount FROM accounts_ledgerentry
                     WHERE relief_id IS NOT NULL AND account_id {RANGE} ORDER BY account_id, id) entries
             GROUP BY account_id ORDER BY account_id""",
        {"low": low, "high": high},
    )
    return ((row[0], _ReliefEntries(*row[1:])) for row in rows)


def _allocations(low: int, high: int) -> Iterator[tuple[int, tuple[list[Any], ...]]]:
    """By account, the columns of its allocations as lists: ledger entry, bill, component, cents, version."""
    rows = stream(
        f"""SELECT account_id, array_agg(entry_id), array_agg(bill_id), array_agg(component),
                   array_agg((amount * 100)::bigint), array_agg(rule_version)
              FROM (SELECT account_id, entry_id, bill_id, component, amount, rule_version FROM accounts_allocation
                     WHERE account_id {RANGE} ORDER BY account_id, id) parts
             GROUP BY account_id ORDER BY account_id""",
        {"low": low, "high": high},
    )
    return ((row[0], row[1:]) for row in rows)


def _compare_bills(facts: AccountFacts, found: Rebuilt) -> Iterator[Difference]:
    states = found.replayed.bills
    minimum, rolled_in, rolled_out, allocated, missed = facts.kept
    if (
        [state.allocated for state in states] == allocated
        and [state.minimum for state in states] == minimum
        and [state.rolled_in for state in states] == rolled_in
        and [state.rolled_out for state in states] == rolled_out
        and [state.missed for state in states] == missed
    ):
        return
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


def _compare_reliefs(facts: AccountFacts, found: Rebuilt, entries: _ReliefEntries) -> Iterator[Difference]:
    kept: dict[int, int] = {}
    for relief, cents in zip(entries.reliefs, entries.cents, strict=True):
        kept[relief] = kept.get(relief, 0) + cents
    # Those dated behind the replay wait for their day.
    waiting = {-relief.key for relief in facts.reliefs} - found.reliefs.keys()
    for key in sorted((kept.keys() | found.reliefs.keys()) - waiting):
        there, wanted = kept.get(key, 0), found.reliefs.get(key, 0)
        if there != wanted:
            yield Difference(facts.ref, f"ledger's relief {key}", money_text(there), money_text(wanted))


def _compare_allocations(
    facts: AccountFacts, found: Rebuilt, ledger: _Ledger, relieved: _ReliefEntries, columns: tuple[list[Any], ...]
) -> Iterator[Difference]:
    credit_of = dict(zip(ledger.payment_entries, ledger.payments, strict=True))
    # A relief's point at its first entry.
    firsts = dict(zip(reversed(relieved.reliefs), reversed(relieved.entries), strict=True))
    credit_of |= {entry: -relief for relief, entry in firsts.items()}
    # A roll-over's allocations point at the first entry of its bill.
    first = dict(sorted(zip(ledger.derived_bills, ledger.derived_entries, strict=True), reverse=True))
    into_of = {entry: bill for bill, entry in first.items() if bill}
    entries, *others = columns
    kept = list(zip(map(credit_of.get, entries), map(into_of.get, entries), *others, strict=True))
    # A roll-over names the bill that takes it in place of a credit; the day is no part of an allocation.
    replayed = [part[:6] for part in found.touched]
    # Most were written in the order of the replay; what was allocated anew stands behind.
    if kept != replayed:
        had, wanted = Counter(kept), Counter(replayed)
        if had != wanted:
            missing, over = (sorted(map(str, parts)) for parts in (wanted - had, had - wanted))
            yield Difference(facts.ref, "allocations", "; ".join(over), "; ".join(missing))


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
