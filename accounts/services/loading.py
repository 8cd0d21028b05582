"""The one way in for many: staged rows become the book, set-based, with the same rules and result as single postings.

The staging tables are temporary and hold only new rows, fully resolved and checked by the caller (an import, a made
book). Everything happens in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.backends.utils import CursorWrapper

from accounts.selectors.facts import read_facts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.terms import read_terms
from accounts.services import reactions
from accounts.services.opening import BookDays, ensure_open
from accounts.services.rebuild import cache_row, write_rebuilt
from audit.services import Actor, record_many
from runs.bulk import copy_rows
from runs.statistics import analyze_what_grew

BATCH = 2_000

# What each staging table holds: the columns of the table it becomes.
STAGED = {
    "customer": (
        "id bigint, ref text, name text, id_type text, id_number_cipher bytea, id_number_index bytea, birth_date date,"
        " locale text, time_zone text, jurisdiction text DEFAULT 'cn', origin text, recorded_at timestamptz"
    ),
    "contact_point": (
        "id bigint, customer_id bigint, kind text, value_cipher bytea, value_index bytea, source text, relationship text,"
        " permitted boolean, name_cipher bytea, name_index bytea, verification text, origin text, recorded_at timestamptz"
    ),
    "account": (
        "id bigint, ref text, customer_id bigint, product_id bigint, currency text, credit_limit numeric, status text,"
        " opened_on date, final_due_on date, origin text, recorded_at timestamptz"
    ),
    "bill": (
        "id bigint, account_id bigint, ref text, kind text DEFAULT 'statement', statement_on date, due_on date,"
        " principal numeric, interest numeric,"
        " service_fee numeric, minimum_given numeric, minimum_due numeric DEFAULT 0, rolled_in numeric DEFAULT 0,"
        " rolled_out numeric DEFAULT 0, allocated numeric DEFAULT 0, missed boolean, recorded_at timestamptz"
    ),
    "payment": (
        "id bigint, account_id bigint, ref text, amount numeric, effective_on date, recorded_at timestamptz, channel text,"
        " designated_bill_id bigint"
    ),
    "hold": (
        "id bigint, account_id bigint, kind text, starts_on date, ends_on date, reason text, known_from timestamptz,"
        " withdrawn_at timestamptz, origin text, recorded_at timestamptz"
    ),
}


def create_staging(cursor: CursorWrapper) -> None:
    """Create the empty staging tables, gone at the end of the transaction."""
    for name, columns in STAGED.items():
        cursor.execute(f"CREATE TEMP TABLE staged_{name} ({columns}) ON COMMIT DROP")
    cursor.execute(
        """CREATE TEMP TABLE staged_cache (id bigint, minimum_due numeric, rolled_in numeric, rolled_out numeric,
                  allocated numeric, missed boolean) ON COMMIT DROP"""
    )


def drop_staging(cursor: CursorWrapper) -> None:
    """Drop the staging tables before the transaction ends: another load may follow in it."""
    tables = ", ".join(f"staged_{name}" for name in (*STAGED, "cache"))
    cursor.execute(f"DROP TABLE {tables}")
    cursor.execute("DROP TABLE IF EXISTS touched_account")


def load_staged(
    cursor: CursorWrapper, *, actor: Actor, on_progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Write the staged rows: the book's tables, ledger, allocations, standings, events. Returns how many rows of each.

    Locks the customers of the touched accounts, then the accounts, in order of their keys. `on_progress(done, total)`
    counts accounts.
    """
    days = ensure_open()
    # Foreign keys are checked as rows come, not queued until the end: a whole book would not fit in that queue.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name in ("bill", "payment", "hold"):
        cursor.execute(f"CREATE INDEX ON staged_{name} (account_id)")
    cursor.execute("CREATE INDEX ON staged_contact_point (customer_id)")
    for name in STAGED:
        cursor.execute(f"ANALYZE staged_{name}")
    counts = {name: _count(cursor, f"staged_{name}") for name in STAGED}
    for name in ("customer", "contact_point", "account", "hold"):
        _insert(cursor, name)
    _record_customers(cursor, actor)

    cursor.execute(
        """CREATE TEMP TABLE touched_account ON COMMIT DROP AS
           SELECT account_id AS id, count(*) FILTER (WHERE what = 'bill') AS bills,
                  count(*) FILTER (WHERE what = 'payment') AS payments, count(*) FILTER (WHERE what = 'hold') AS holds
             FROM (SELECT account_id, 'bill' AS what FROM staged_bill UNION ALL
                   SELECT account_id, 'payment' FROM staged_payment UNION ALL
                   SELECT account_id, 'hold' FROM staged_hold UNION ALL
                   SELECT id, 'account' FROM staged_account) touched
            GROUP BY account_id"""
    )
    cursor.execute("CREATE UNIQUE INDEX ON touched_account (id)")
    cursor.execute(
        """SELECT 1 FROM accounts_customer WHERE id IN (
               SELECT a.customer_id FROM accounts_account a JOIN touched_account t USING (id)
                WHERE NOT EXISTS (SELECT 1 FROM staged_account n WHERE n.id = a.id)) ORDER BY id FOR NO KEY UPDATE"""
    )
    cursor.execute(
        "SELECT a.id FROM accounts_account a JOIN touched_account t USING (id) ORDER BY a.id FOR NO KEY UPDATE OF a"
    )
    ids = [key for (key,) in cursor.fetchall()]
    if not days.begun:
        _age_with_the_day(cursor, days)
    terms = read_terms()
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        # Holds are in the book already; bills and payments still wait in staging.
        rebuilt = [
            rebuild(facts, days.state_day(facts.aged_on), None if days.begun else facts.judged_as_of(days.closed))
            for facts in read_facts(cursor, terms, "a.id = ANY(%s)", (batch,), staged=True)
        ]
        _insert_money(cursor, batch, rebuilt)
        written = write_rebuilt(cursor, actor=actor, business_day=days.open, cause="import", rebuilt=rebuilt)
        if days.begun:
            cursor.execute(
                "UPDATE accounts_account SET aged_on = %s, judged_on = NULL WHERE id = ANY(%s)", (days.open, batch)
            )
        _record_accounts(cursor, actor, batch)
        reactions.standing_moved(actor, written.moved, in_bulk=True)
        reactions.money_moved(actor, sorted(written.payers.union(_payers(cursor, batch))))
        if on_progress:
            on_progress(min(start + BATCH, len(ids)), len(ids))
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    # The night may come before autovacuum does: without statistics it would be planned for an empty book.
    analyze_what_grew()
    return counts


def _age_with_the_day(cursor: CursorWrapper, days: BookDays) -> None:
    """What takes effect on the open day counts at once, as where it is posted alone (`BookDays.state_day`)."""
    cursor.execute(
        """UPDATE accounts_account SET aged_on = %(open)s, judged_on = %(judged)s
            WHERE coalesce(aged_on, %(closed)s) < %(open)s
              AND id IN (SELECT account_id FROM staged_payment WHERE effective_on = %(open)s UNION ALL
                         SELECT account_id FROM staged_bill WHERE statement_on = %(open)s)""",
        {"closed": days.closed, "open": days.open, "judged": days.judged_day(days.open)},
    )


def _insert(cursor: CursorWrapper, name: str) -> None:
    columns = ", ".join(column.split()[0] for column in STAGED[name].split(","))
    extra = ", version" if name in ("customer", "account") else ""
    one = ", 1" if extra else ""
    table = name.replace("_", "")
    cursor.execute(
        f"INSERT INTO accounts_{table} ({columns}{extra}) SELECT {columns}{one} FROM staged_{name} ORDER BY id"
    )


def _insert_money(cursor: CursorWrapper, batch: list[int], rebuilt: Sequence[Rebuilt]) -> None:
    """Insert the batch's bills, with their caches ready, its payments, and an entry for each."""
    cursor.execute("SELECT id FROM staged_bill WHERE account_id = ANY(%s)", (batch,))
    new = {key for (key,) in cursor.fetchall()}
    for item in rebuilt:
        # From here on the caches of the new bills say what the replay found.
        item.facts.cached |= {key: cache for key, cache in item.bills.items() if key in new}
    cursor.execute("TRUNCATE staged_cache")
    copy_rows(
        "staged_cache",
        ("id", "minimum_due", "rolled_in", "rolled_out", "allocated", "missed"),
        (cache_row(key, cache) for item in rebuilt for key, cache in item.bills.items() if key in new),
    )
    cursor.execute(
        """WITH new AS (
               INSERT INTO accounts_bill (id, account_id, ref, kind, statement_on, due_on, principal, interest, service_fee,
                      minimum_given, minimum_due, rolled_in, rolled_out, allocated, missed, recorded_at)
               SELECT b.id, b.account_id, b.ref, b.kind, b.statement_on, b.due_on, b.principal, b.interest, b.service_fee,
                      b.minimum_given, c.minimum_due, c.rolled_in, c.rolled_out, c.allocated, c.missed, b.recorded_at
                 FROM staged_bill b JOIN staged_cache c USING (id) WHERE b.account_id = ANY(%s)
               RETURNING id, account_id, principal + interest + service_fee AS amount, statement_on, recorded_at)
           INSERT INTO accounts_ledgerentry (account_id, kind, amount, effective_on, recorded_at, bill_id)
           SELECT account_id, 'charge', amount, statement_on, recorded_at, id FROM new ORDER BY account_id, statement_on, id""",
        (batch,),
    )
    cursor.execute(
        """WITH new AS (
               INSERT INTO accounts_payment (id, account_id, ref, amount, effective_on, recorded_at, channel,
                      designated_bill_id)
               SELECT id, account_id, ref, amount, effective_on, recorded_at, channel, designated_bill_id
                 FROM staged_payment WHERE account_id = ANY(%s)
               RETURNING id, account_id, amount, effective_on, recorded_at)
           INSERT INTO accounts_ledgerentry (account_id, kind, amount, effective_on, recorded_at, payment_id)
           SELECT account_id, 'payment', -amount, effective_on, recorded_at, id FROM new ORDER BY account_id, effective_on, id""",
        (batch,),
    )


def _payers(cursor: CursorWrapper, batch: list[int]) -> list[int]:
    """The customers of the batch to whom payments were loaded."""
    cursor.execute(
        """SELECT DISTINCT a.customer_id FROM accounts_account a JOIN touched_account t USING (id)
            WHERE t.payments > 0 AND a.id = ANY(%s)""",
        (batch,),
    )
    return [key for (key,) in cursor.fetchall()]


def _record_customers(cursor: CursorWrapper, actor: Actor) -> None:
    cursor.execute(
        """SELECT c.id, c.ref, (SELECT count(*) FROM staged_contact_point p WHERE p.customer_id = c.id)
             FROM staged_customer c ORDER BY c.id"""
    )
    record_many(
        actor=actor,
        verb="customer.loaded",
        subject_type="customer",
        rows=(
            (key, ref, key, None, None, {"contact_points": points}, "import") for key, ref, points in cursor.fetchall()
        ),
    )
    cursor.execute(
        """SELECT c.id, c.ref, count(*) FROM staged_contact_point p JOIN accounts_customer c ON c.id = p.customer_id
            WHERE NOT EXISTS (SELECT 1 FROM staged_customer n WHERE n.id = c.id) GROUP BY c.id"""
    )
    record_many(
        actor=actor,
        verb="contact-points.loaded",
        subject_type="customer",
        rows=(
            (key, ref, key, None, None, {"contact_points": points}, "import") for key, ref, points in cursor.fetchall()
        ),
    )


def _record_accounts(cursor: CursorWrapper, actor: Actor, batch: list[int]) -> None:
    cursor.execute(
        """SELECT a.id, a.ref, a.customer_id, t.bills, t.payments, t.holds
             FROM accounts_account a JOIN touched_account t USING (id) WHERE a.id = ANY(%s) ORDER BY a.id""",
        (batch,),
    )
    record_many(
        actor=actor,
        verb="account.loaded",
        subject_type="account",
        rows=(
            (key, ref, customer_id, key, None, {"bills": bills, "payments": payments, "holds": holds}, "import")
            for key, ref, customer_id, bills, payments, holds in cursor.fetchall()
        ),
    )


def _count(cursor: CursorWrapper, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])
