"""What kind of account each one is: decided in SQL from a hash of its number and the seed.

Accounts that always paid each bill whole and in time have a closed form, written by PostgreSQL alone (`months.py`). All
others (`core`: late, once late, revolving) go through the same pure replay as every posting (`histories.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import connection, models

from accounts.models import Account, Bill, Customer, LedgerEntry, Payment, Product
from accounts.selectors.terms import TermsBook

SCHEMA = "made_book"
# The order in `made_book.account.product`.
PRODUCTS = ("plain", "instalment", "revolving")
PLAIN, INSTALMENT, REVOLVING = range(3)
CURRENCY = "CNY"
# A bill is due so many days after its statement; the last one of each account in one of so many days, up to this many
# days after the opening: every night a cohort's due date passes.
DUE_AFTER, COHORTS, DUE_AHEAD = 20, 30, 19
# Every so many accounts, one belongs to the customer of the account before it.
SECOND_ACCOUNT = 20


@dataclass(frozen=True)
class Plan:
    """A book to be made: its size, its opening day, and the first key of each table."""

    accounts: int
    bills: int
    seed: int
    opening: date
    products: tuple[int, int, int]
    first_customer: int
    first_account: int
    first_bill: int
    first_payment: int
    first_entry: int

    def principal(self, number: int) -> str:
        """The column of `made_book.account` that holds the principal of bill `number`."""
        return f"principal_{number % 3}"

    def due_offset(self, number: int) -> int:
        """Days from an account's last due date back to that of bill `number` (1…bills)."""
        return 365 * (self.bills - number) // 12

    def bill_id(self, account: int, number: int) -> int:
        return self.first_bill + (number - 1) * self.accounts + account

    def payment_id(self, account: int, number: int) -> int:
        return self.first_payment + (number - 1) * self.accounts + account

    def charge_id(self, account: int, number: int) -> int:
        return self.first_entry + (number - 1) * 3 * self.accounts + account

    def payment_entry_id(self, account: int, number: int) -> int:
        return self.charge_id(account, number) + self.accounts

    def roll_over_id(self, account: int, number: int) -> int:
        return self.charge_id(account, number) + 2 * self.accounts

    @property
    def first_fee_id(self) -> int:
        return self.first_entry + self.bills * 3 * self.accounts


def plan_book(*, accounts: int, bills: int, seed: int, opening: date) -> Plan:
    """Lay out a book's keys behind what the sequences gave so far."""
    keys = dict(Product.objects.filter(code__in=PRODUCTS).values_list("code", "pk"))
    return Plan(
        accounts=accounts,
        bills=bills,
        seed=seed,
        opening=opening,
        products=(keys["plain"], keys["instalment"], keys["revolving"]),
        first_customer=_next_key(Customer),
        first_account=_next_key(Account),
        first_bill=_next_key(Bill),
        first_payment=_next_key(Payment),
        first_entry=_next_key(LedgerEntry),
    )


def _next_key(model: type[models.Model]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", (model._meta.db_table,))
        return int(cursor.fetchone()[0])


def check_terms(plan: Plan, terms: TermsBook) -> int:
    """The version of the one allocation rule, if the closed form holds under the products' terms.

    Raises:
        ValueError: a product asks for something else than its installed terms do.
    """
    for product_id in plan.products[:REVOLVING]:
        product = terms.by_product[product_id]
        row = product.only
        if row is None or row.minimum_rate is not None or row.rolls_over or row.grace_days or len(product.rules) != 1:
            raise ValueError(
                "make_book needs the products plain and instalment with one row of terms as installed: the whole bill as "
                "its minimum, no roll-over, no grace; and one allocation rule."
            )
    return terms.by_product[plan.products[PLAIN]].rules[0].version


# Shares of a hash's bits: ten bits each.
def _bits(place: int) -> str:
    return f"((h >> {10 * place}) & 1023)"


def _principal(kind: int) -> str:
    """Money of a bill: equal instalments less their fee, else what was bought that month, of three sizes."""
    return (
        f"CASE WHEN product = {INSTALMENT} THEN base - CASE WHEN i %% 3 = 0 THEN base * 6 / 100 ELSE 0 END"
        f" ELSE base * {(100, 70, 130)[kind]} / 100 END * 0.01"
    )


def write_plan(plan: Plan) -> None:
    """Create the scratch schema and, in it, one row an account. What a crashed run left is removed first."""
    with connection.cursor() as cursor:
        drop_scratch()
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for name, columns in _SCRATCH.items():
            cursor.execute(f"CREATE UNLOGGED TABLE {SCHEMA}.{name} ({columns})")
        cursor.execute(
            f"""INSERT INTO {SCHEMA}.account
                WITH hashed AS (
                    SELECT i, hashint8extended(i, %(seed)s) AS h FROM generate_series(0, %(accounts)s - 1) i
                ), drawn AS (
                    SELECT i, CASE WHEN {_bits(0)} < 666 THEN {PLAIN} WHEN {_bits(0)} < 973 THEN {INSTALMENT} ELSE {REVOLVING} END
                                 AS product,
                           {_bits(1)} %% {COHORTS} AS cohort, 1 + {_bits(2)} %% 14 AS lag,
                           {_bits(3)} / 1024.0 AS fate, {_bits(4)} AS how_deep, {_bits(5)} AS luck,
                           -- from 50 to about 1,500, most of them small
                           (5000 + 145000 * power((h >> 54 & 511) / 512.0, 3))::int / 100 * 100 AS base
                      FROM hashed
                ), aged AS (
                    -- days since the last due date that lies before the opening
                    SELECT *, CASE WHEN cohort > {DUE_AHEAD} THEN cohort - {DUE_AHEAD} ELSE cohort + 30 - {DUE_AHEAD} END AS age
                      FROM drawn
                ), judged AS (
                    -- Most of those who miss their due date pay within the month after it.
                    SELECT *, CASE WHEN fate < 0.02 + 0.12 * power(1 - least(age, 30) / 30.0, 2) THEN 1
                                   WHEN fate >= 0.978 THEN 2 + (how_deep > 460)::int + (how_deep > 720)::int
                                        + (how_deep > 840)::int + (how_deep > 920)::int + (how_deep > 970)::int
                                        + (how_deep > 1000)::int
                                   ELSE 0 END AS depth
                      FROM aged
                )
                SELECT i, 'M' || lpad(i::text, 8, '0'), product, cohort, lag, base,
                       CASE WHEN product = {INSTALMENT} AND i %% 3 = 0 THEN base * 6 / 100 ELSE 0 END * 0.01,
                       {_principal(0)}, {_principal(1)}, {_principal(2)},
                       least(depth, %(bills)s - 1),
                       CASE WHEN depth = 0 AND luck < 20 THEN 1 + luck %% greatest(%(bills)s - 2, 1) ELSE 0 END,
                       fate BETWEEN 0.2 AND 0.38 AND cohort <= {DUE_AHEAD},
                       -- Two in five of them in the next days, by an order already given; the others' money is not known yet.
                       CASE WHEN depth = 1 AND luck >= 614 THEN 1 + luck %% 12 ELSE 0 END,
                       product = {REVOLVING} OR depth > 0 OR luck < 20
                  FROM judged ORDER BY i""",
            {"accounts": plan.accounts, "seed": plan.seed, "bills": plan.bills},
        )
        cursor.execute(f"CREATE UNIQUE INDEX ON {SCHEMA}.account (i)")
        cursor.execute(f"ANALYZE {SCHEMA}.account")


def drop_scratch() -> None:
    """Remove the scratch schema."""
    with connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = warning")
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute("RESET client_min_messages")


# What the closed form and the replays leave for the months to be written: see `histories.py` for who fills them.
_SCRATCH = {
    "account": (
        "i int, ref text, product int, cohort int, lag int, base int, fee numeric(14, 2), principal_0 numeric(14, 2),"
        " principal_1 numeric(14, 2), principal_2 numeric(14, 2), depth int, late_at int, misses boolean, pays_in int,"
        " core boolean"
    ),
    "contact": "i int, value_cipher bytea, value_index bytea",
    "bill": (
        "i int, m int, minimum_due numeric, rolled_in numeric, rolled_out numeric, allocated numeric, missed boolean"
    ),
    "payment": "i int, m int, amount numeric, effective_on date",
    "derived": "i int, m int, id bigint, kind text, amount numeric, effective_on date, bill bigint",
    "allocation": "i int, m int, entry bigint, bill bigint, component text, amount numeric, rule_version int",
    "standing": (
        "i int, overdue_since date, late_on date, bucket text, kind text, risk_class text, overdue_amount numeric,"
        " clock_from_on date, clock_stopped_on date, next_transition_on date"
    ),
    "wake": "i int, wakes_on date",
}
