"""What the book knows of an account, read as the core's facts: one row an account, arrays inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper

from accounts.models import STAY, BillKind
from accounts.rules import Acceleration, Bill, Credit, Hold, Terms, Watch
from accounts.rules.facts import from_tuple
from accounts.rules.judge import accelerated
from accounts.selectors.terms import TermsBook
from runs.bulk import stream


class CachedBill(NamedTuple):
    """What the bill's cache columns say, in cents."""

    minimum: int
    rolled_in: int
    rolled_out: int
    allocated: int
    missed: bool | None


@dataclass
class AccountFacts:
    """One account: what happened on it, and what its caches say. `terms` are with its own final due date."""

    account_id: int
    ref: str
    customer_id: int
    terms: Terms
    aged_on: date | None
    wakes_on: date | None
    judged_on: date | None = None
    # Of bills, payments and reversals: how many, and their fingerprint (only with `prints`).
    print: tuple[int, int] = (0, 0)
    bills: list[Bill] = field(default_factory=list)
    # The columns of the bills' caches, each in the order of `bills`; see `CachedBill`.
    kept: Sequence[list[Any]] = ([], [], [], [], [])
    # Payments, and before them the reliefs, where there are any; `reliefs` are those alone.
    credits: list[Credit] = field(default_factory=list)
    reliefs: list[Credit] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    accelerations: list[Acceleration] = field(default_factory=list)

    @property
    def terms_now(self) -> Terms:
        """The terms with the final due date in force, an acceleration counted."""
        return accelerated(self.terms, self.accelerations, None) if self.accelerations else self.terms

    def told_on(self, closed: date) -> date:
        """The day as of which the account is told: the book's closed day, or the later one to which a posting took it."""
        return max(closed, self.aged_on) if self.aged_on else closed

    def judged_as_of(self, closed: date) -> date:
        """The day as of which it is told how late the account is: that day, or an earlier one where it had not begun."""
        told_on = self.told_on(closed)
        return min(told_on, max(closed, self.judged_on)) if self.judged_on else told_on

    @cached_property
    def cached(self) -> dict[int, CachedBill]:
        """By bill, what its cache columns say."""
        rows = map(CachedBill._make, zip(*self.kept, strict=True))
        return {bill.key: cache for bill, cache in zip(self.bills, rows, strict=True)}


# Ordinals and cents are made in SQL. `ref` is the place in the order of refs: all that the core needs of it.
_DAY = "({0} - DATE '0001-01-01' + 1)"
# Most amounts besides the principal are 0, and comparing is cheaper than multiplying.
_CENTS = "CASE WHEN {0} = 0 THEN 0 ELSE ({0} * 100)::bigint END"
_MICROS = "(extract(epoch FROM {0}) * 1000000)::bigint"
_STAY = ", ".join(f"'{kind.value}'" for kind in STAY)


def fingerprint_sql(*, kind: str, key: str, amount: str, day: str) -> str:
    """The fingerprint of some rows, whatever their order: of the kind, key, amount and day of each."""
    on = f"({day} - DATE '0001-01-01')::bigint"
    return f"bit_xor(hashint8extended({key}, hash_numeric_extended({amount}, hashtextextended({kind}, {on}))))"


_CACHED_AMOUNTS = ("minimum_due", "rolled_in", "rolled_out", "allocated")
_BILL_COLUMNS = """id, account_id, ref, kind, statement_on, due_on, service_fee, interest, principal, minimum_given,
    minimum_due, rolled_in, rolled_out, allocated, missed"""
_PAYMENT_COLUMNS = "id, account_id, ref, amount, effective_on, recorded_at, designated_bill_id"
# Most bills are statements, and nobody sends the word a million times.
_KIND = f"CASE WHEN kind <> '{BillKind.STATEMENT.value}' THEN kind END"
_HOLD_COLUMNS = "account_id, kind, starts_on, ends_on, known_from, withdrawn_at, covers"


def _sparse(column: str, value: str = "{0}") -> str:
    """The array of a column that is seldom set: null where it is null in every row, so that nobody sends or reads nothing."""
    return f"CASE WHEN count({column}) > 0 THEN array_agg({value.format(column)}) END"


RANGE = "BETWEEN %(low)s AND %(high)s"


def _arrays(alias: str, columns: Sequence[str], rows: str, order: str, *, ranged: bool) -> tuple[str, str]:
    """The select list and the join that gather an account's `rows` (of {which} accounts), in order, into one row.

    A few accounts are looked up one by one; for a range of them all rows are read at once, which costs each page of the
    table once and not once a row.
    """
    names = [f"{alias}{number}" for number in range(len(columns))]
    gathered = ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=True))
    if ranged:
        ordered = f"SELECT * FROM ({rows.format(which=RANGE)}) found ORDER BY account_id, {order}"
        join = f"""LEFT JOIN (SELECT account_id, {gathered} FROM ({ordered}) ordered GROUP BY account_id) {alias}
            ON {alias}.account_id = a.id"""
    else:
        ordered = f"SELECT * FROM ({rows.format(which='= a.id')}) found ORDER BY {order}"
        join = f"LEFT JOIN LATERAL (SELECT {gathered} FROM ({ordered}) ordered) {alias} ON true"
    return ", ".join(f"{alias}.{name}" for name in names), join


def facts_sql(accounts: str, *, staged: bool = False, refs: bool = False, prints: bool = False) -> str:
    """The query for the accounts that `accounts` (SQL: a condition on `a`; `RANGE`: keys from `low` to `high`) selects,
    ordered by id.

    With `staged` the bills and payments waiting in staging tables are read together with the book's; with `refs` the bills'
    references as well; with `prints` the fingerprints to compare the ledger with, and no moments: who verifies asks for
    everything that is recorded, whenever.
    """
    ranged = accounts == RANGE
    known = "NULL::bigint[]" if prints else f"array_agg({_MICROS.format('recorded_at')})"
    bill_print = payment_print = reversal_print = "NULL::bigint"
    if prints:
        bill_print = fingerprint_sql(
            kind="'charge'", key="id", amount="(principal + interest + service_fee)", day="statement_on"
        )
        payment_print = fingerprint_sql(kind="'payment'", key="id", amount="-amount", day="effective_on")
        reversal_print = (
            fingerprint_sql(kind="'reversal'", key="id", amount="amount", day="reversed_on")
            + " FILTER (WHERE reversed_on IS NOT NULL)"
        )

    def source(table: str, columns: str) -> str:
        live = f"SELECT {columns} FROM accounts_{table} WHERE account_id {{which}}"
        return f"{live} UNION ALL SELECT {columns} FROM staged_{table} WHERE account_id {{which}}" if staged else live

    bill_list, bills = _arrays(
        "b",
        [
            *("array_agg(id)", f"array_agg({_DAY.format('statement_on')})", f"array_agg({_DAY.format('due_on')})"),
            *(f"array_agg({_CENTS.format(column)})" for column in ("service_fee", "interest", "principal")),
            _sparse("minimum_given", _CENTS),
            *(f"array_agg({_CENTS.format(column)})" for column in _CACHED_AMOUNTS),
            *(_sparse("missed"), _sparse(_KIND)),
            *("array_agg(ref)" if refs else "NULL::text[]", "count(*)", bill_print),
        ],
        source("bill", _BILL_COLUMNS),
        'due_on, ref COLLATE "C"',
        ranged=ranged,
    )
    payment_list, payments = _arrays(
        "p",
        [
            *("array_agg(id)", f"array_agg({_CENTS.format('amount')})", f"array_agg({_DAY.format('effective_on')})"),
            *(known, _sparse("reversed_on", _DAY)),
            *(_sparse("reversal_recorded_at", _MICROS), _sparse("designated_bill_id")),
            *("count(*)", payment_print, "count(reversed_on)", reversal_print),
        ],
        f"""SELECT payments.*, r.effective_on AS reversed_on, r.recorded_at AS reversal_recorded_at
              FROM ({source("payment", _PAYMENT_COLUMNS)}) payments
              LEFT JOIN accounts_reversal r ON r.payment_id = payments.id""",
        'effective_on, ref COLLATE "C"',
        ranged=ranged,
    )
    hold_list, holds = _arrays(
        "h",
        [
            *("array_agg(kind)", f"array_agg({_DAY.format('starts_on')})", f"array_agg({_DAY.format('ends_on')})"),
            *(f"array_agg({_MICROS.format('known_from')})", f"array_agg({_MICROS.format('withdrawn_at')})"),
            _sparse("covers", "array_to_string({0}, ',')"),
        ],
        f"SELECT {_HOLD_COLUMNS} FROM accounts_hold WHERE account_id {{which}}",
        "starts_on",
        ranged=ranged,
    )
    relief_list, reliefs = _arrays(
        "r",
        [
            *("array_agg(-id)", f"array_agg({_CENTS.format('amount')})", f"array_agg({_DAY.format('effective_on')})"),
            *(known, f"array_agg({_DAY.format('reversed_on')})"),
            *(f"array_agg({_MICROS.format('reversal_recorded_at')})", "array_agg(coalesce(bill_id, 0))"),
            f"array_agg(kind NOT IN ({_STAY}))",
        ],
        """SELECT r.*, b.effective_on AS reversed_on, b.recorded_at AS reversal_recorded_at
             FROM accounts_relief r LEFT JOIN accounts_reliefreversal b ON b.relief_id = r.id
            WHERE r.account_id {which}""",
        # As they were decided: a later one takes nothing from an earlier one of its day.
        "effective_on, id",
        ranged=ranged,
    )
    watch_list, watches = _arrays(
        "w",
        [
            *("array_agg(floor)", f"array_agg({_DAY.format('starts_on')})", f"array_agg({_DAY.format('ends_on')})"),
            *(f"array_agg({_MICROS.format('known_from')})", f"array_agg({_MICROS.format('withdrawn_at')})"),
        ],
        "SELECT * FROM accounts_watch WHERE account_id {which}",
        "starts_on",
        ranged=ranged,
    )
    acceleration_list, accelerations = _arrays(
        "c",
        [
            f"array_agg({_DAY.format('due_on')})",
            *(f"array_agg({_MICROS.format('known_from')})", f"array_agg({_MICROS.format('withdrawn_at')})"),
        ],
        "SELECT * FROM accounts_acceleration WHERE account_id {which}",
        "due_on",
        ranged=ranged,
    )
    return f"""
        SELECT a.id, a.ref, a.customer_id, a.product_id, {_DAY.format("a.final_due_on")}, a.aged_on, a.wakes_on,
               {bill_list}, {payment_list}, {hold_list}, {relief_list}, {watch_list}, {acceleration_list}, a.judged_on
          FROM accounts_account a {bills} {payments} {holds} {reliefs} {watches} {accelerations}
         WHERE {f"a.id {RANGE}" if ranged else accounts}
         ORDER BY a.id"""


def read_facts(
    cursor: CursorWrapper,
    terms: TermsBook,
    accounts: str,
    parameters: Sequence[Any] = (),
    *,
    staged: bool = False,
    refs: bool = False,
) -> Iterator[AccountFacts]:
    """Run `facts_sql` on `cursor` and turn its rows, one at a time, into facts.

    A bill's `ref` is its reference with `refs`, else its place in the order of references.
    """
    cursor.execute(facts_sql(accounts, staged=staged, refs=refs), parameters)
    for row in cursor:
        yield _facts(row, terms)


def stream_facts(terms: TermsBook, low: int, high: int, *, prints: bool = False) -> Iterator[AccountFacts]:
    """The facts of the accounts with keys from `low` to `high`, in that order; inside a `snapshot`. Memory does not grow
    with the range."""
    for row in stream(facts_sql(RANGE, prints=prints), {"low": low, "high": high}):
        yield _facts(row, terms)


_BILL, _CREDIT, _HOLD = from_tuple(Bill), from_tuple(Credit), from_tuple(Hold)
_WATCH, _ACCELERATION = from_tuple(Watch), from_tuple(Acceleration)


def _facts(row: Sequence[Any], terms: TermsBook) -> AccountFacts:
    (account_id, ref, customer_id, product_id, final_due_on, aged_on, wakes_on) = row[:7]
    found = AccountFacts(account_id, ref, customer_id, terms.of(product_id, final_due_on), aged_on, wakes_on, row[56])
    # Positions: 0-6 the account, 7-20 bills, 21-22 their print, 23-29 payments, 30-33 theirs, 34-39 holds, 40-47 reliefs,
    # 48-52 watches, 53-55 accelerations, 56 the day as of which it is judged.
    if row[7] is not None:
        keys = row[7]
        seldom = (column or repeat(None) for column in (row[13], row[19]))
        found.bills = list(map(_BILL, zip(keys, row[20] or range(len(keys)), *row[8:13], *seldom, strict=False)))
        found.kept = (*row[14:18], row[18] or [None] * len(keys))
    found.print = (
        (row[21] or 0) + (row[30] or 0) + (row[32] or 0),
        (row[22] or 0) ^ (row[31] or 0) ^ (row[33] or 0),
    )
    if row[23] is not None:
        keys = row[23]
        known, *seldom_set = row[26:30]
        found.credits = list(
            map(
                _CREDIT,
                zip(
                    *(keys, range(len(keys)), row[24], row[25], known or repeat(0)),
                    *(column or repeat(None) for column in seldom_set),
                    repeat(False),
                    strict=False,
                ),
            )
        )
    if row[34] is not None:
        found.holds = list(map(_HOLD, zip(*row[34:39], map(keys_in, row[39] or repeat(None)), strict=False)))
    if row[40] is not None:
        keys = row[40]
        # Negative places: before the payments of their day.
        places = range(-len(keys), 0)
        found.reliefs = list(
            map(_CREDIT, zip(keys, places, row[41], row[42], row[43] or repeat(0), *row[44:48], strict=False))
        )
        found.credits = [*found.reliefs, *found.credits]
    if row[48] is not None:
        found.watches = list(map(_WATCH, zip(*row[48:53], strict=False)))
    if row[53] is not None:
        found.accelerations = list(map(_ACCELERATION, zip(*row[53:56], strict=False)))
    return found


def keys_in(text: str | None) -> frozenset[int] | None:
    """The keys that a text lists."""
    return None if text is None else frozenset(map(int, filter(None, text.split(","))))
