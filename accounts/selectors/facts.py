"""What the book knows of an account, read as the core's facts: one row an account, arrays inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper

from accounts.rules import Bill, Credit, Hold, Terms
from accounts.selectors.terms import TermsBook


class CachedBill(NamedTuple):
    """What the bill's cache columns say, in cents."""

    minimum: int
    rolled_in: int
    rolled_out: int
    allocated: int
    missed: bool | None


@dataclass(slots=True)
class AccountFacts:
    """One account: what happened on it, and what its caches say."""

    account_id: int
    ref: str
    customer_id: int
    terms: Terms
    aged_on: date | None
    wakes_on: date | None
    # Of bills, payments and reversals: how many, and their fingerprint (only with `prints`).
    prints: tuple[int | None, ...] = ()
    bills: list[Bill] = field(default_factory=list)
    cached: dict[int, CachedBill] = field(default_factory=dict)
    credits: list[Credit] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)


# Ordinals and cents are made in SQL. `ref` is the place in the order of refs: all that the core needs of it.
_DAY = "({0} - DATE '0001-01-01' + 1)"
# Most amounts besides the principal are 0, and comparing is cheaper than multiplying.
_CENTS = "CASE WHEN {0} = 0 THEN 0 ELSE ({0} * 100)::bigint END"
_MICROS = "(extract(epoch FROM {0}) * 1000000)::bigint"

# A fingerprint of rows that does not depend on their order: of the key, amount and day of each.
FINGERPRINT = "bit_xor(hashint8extended({key}, hash_numeric_extended({amount}, ({day} - DATE '0001-01-01')::bigint)))"

_BILL_COLUMNS = """id, account_id, ref, statement_on, due_on, service_fee, interest, principal, minimum_given,
    minimum_due, rolled_in, rolled_out, allocated, missed"""
_PAYMENT_COLUMNS = "id, account_id, ref, amount, effective_on, recorded_at, designated_bill_id"


def facts_sql(accounts: str, *, staged: bool = False, refs: bool = False, prints: bool = False) -> str:
    """The query for the accounts that `accounts` (SQL: a condition on `a`) selects, ordered by id.

    With `staged` the bills and payments waiting in staging tables are read together with the book's; with `refs` the bills'
    references as well; with `prints` the fingerprints to compare the ledger with, and no moments: who verifies asks for
    everything that is recorded, whenever.
    """
    known = "0::bigint" if prints else _MICROS.format("recorded_at")
    bill_refs = "array_agg(ref)" if refs else "NULL::text[]"
    bill_print = payment_print = reversal_print = "NULL::bigint"
    if prints:
        bill_print = FINGERPRINT.format(key="id", amount="(principal + interest + service_fee)", day="statement_on")
        payment_print = FINGERPRINT.format(key="id", amount="-amount", day="effective_on")
        reversal_print = (
            FINGERPRINT.format(key="id", amount="amount", day="reversed_on") + " FILTER (WHERE reversed_on IS NOT NULL)"
        )

    def source(table: str, columns: str) -> str:
        live = f"SELECT {columns} FROM accounts_{table} WHERE account_id = a.id"
        return f"{live} UNION ALL SELECT {columns} FROM staged_{table} WHERE account_id = a.id" if staged else live

    return f"""
        SELECT a.id, a.ref, a.customer_id, a.product_id, {_DAY.format("a.final_due_on")}, a.aged_on, a.wakes_on,
               b.*, p.*, h.*
          FROM accounts_account a
          LEFT JOIN LATERAL (
              SELECT array_agg(id), array_agg({_DAY.format("statement_on")}), array_agg({_DAY.format("due_on")}),
                     array_agg({_CENTS.format("service_fee")}), array_agg({_CENTS.format("interest")}),
                     array_agg({_CENTS.format("principal")}), array_agg({_CENTS.format("minimum_given")}),
                     array_agg({_CENTS.format("minimum_due")}), array_agg({_CENTS.format("rolled_in")}),
                     array_agg({_CENTS.format("rolled_out")}), array_agg({_CENTS.format("allocated")}),
                     array_agg(missed), {bill_refs}, count(*), {bill_print}
                FROM (SELECT * FROM ({source("bill", _BILL_COLUMNS)}) bills ORDER BY due_on, ref COLLATE "C") ordered
          ) b ON true
          LEFT JOIN LATERAL (
              SELECT array_agg(id), array_agg({_CENTS.format("amount")}), array_agg({_DAY.format("effective_on")}),
                     array_agg({known}), array_agg({_DAY.format("reversed_on")}),
                     array_agg({_MICROS.format("reversal_recorded_at")}), array_agg(designated_bill_id), count(*),
                     {payment_print}, count(reversed_on), {reversal_print}
                FROM (SELECT payments.*, r.effective_on AS reversed_on, r.recorded_at AS reversal_recorded_at
                        FROM ({source("payment", _PAYMENT_COLUMNS)}) payments
                        LEFT JOIN accounts_reversal r ON r.payment_id = payments.id
                       ORDER BY payments.effective_on, payments.ref COLLATE "C") ordered
          ) p ON true
          LEFT JOIN LATERAL (
              SELECT array_agg(kind), array_agg({_DAY.format("starts_on")}), array_agg({_DAY.format("ends_on")}),
                     array_agg({_MICROS.format("known_from")}), array_agg({_MICROS.format("withdrawn_at")})
                FROM accounts_hold WHERE account_id = a.id
          ) h ON true
         WHERE {accounts}
         ORDER BY a.id"""


def read_facts(
    cursor: CursorWrapper,
    terms: TermsBook,
    accounts: str,
    parameters: Sequence[Any] = (),
    *,
    staged: bool = False,
    refs: bool = False,
    prints: bool = False,
) -> Iterator[AccountFacts]:
    """Run `facts_sql` on `cursor` and turn its rows, one at a time, into facts.

    A bill's `ref` is its reference with `refs`, else its place in the order of references.
    """
    cursor.execute(facts_sql(accounts, staged=staged, refs=refs, prints=prints), parameters)
    for row in cursor:
        yield _facts(row, terms)


def _facts(row: Sequence[Any], terms: TermsBook) -> AccountFacts:
    (account_id, ref, customer_id, product_id, final_due_on, aged_on, wakes_on) = row[:7]
    found = AccountFacts(account_id, ref, customer_id, terms.of(product_id, final_due_on), aged_on, wakes_on)
    if row[7] is not None:
        keys = row[7]
        found.bills = list(map(Bill._make, zip(keys, row[19] or range(len(keys)), *row[8:14], strict=False)))
        found.cached = {key: CachedBill(*cache) for key, *cache in zip(keys, *row[14:19], strict=False)}
    # Positions: 0-6 the account, 7-19 bills, 20-21 their print, 22-28 payments, 29-32 theirs, 33-37 holds.
    found.prints = (row[20], row[21], row[29], row[30], row[31], row[32])
    if row[22] is not None:
        keys = row[22]
        found.credits = list(map(Credit._make, zip(keys, range(len(keys)), *row[23:29], strict=False)))
    if row[33] is not None:
        found.holds = list(map(Hold._make, zip(*row[33:38], strict=False)))
    return found
