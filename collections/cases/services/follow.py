"""A case follows its customer's standings: opens, moves, and closes as cured when nothing is late any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import ReliefKind
from accounts.services.locks import lock_customers
from accounts.services.standings import Judged
from audit.services import Actor, Row, SystemActor, record_many
from cases.services import call_tasks
from cases.services.priority import priority_of, priority_values
from cases.services.routing import assignee_after, hold_still, routed, team_name, team_of, user_name
from cases.services.waiting import refresh_waits
from runs import clock
from runs.selectors import begun_day, book_day, has_closed_any, open_day
from runs.services import StepRun
from runs.texts import coded

BATCH = 2_000
CLOSE = SystemActor("close of day")

# What the standings say of each customer: the worst account's bucket, class, currency and clock, the sum in its currency.
WANTED = """
    SELECT DISTINCT ON (l.customer_id) l.customer_id, l.bucket, l.risk_class, l.currency, l.clock_from_on, l.clock_stopped_on,
           sum(l.overdue_amount) OVER (PARTITION BY l.customer_id, l.currency) AS overdue_amount,
           count(*) OVER (PARTITION BY l.customer_id) AS late_accounts, g.products
      FROM late l
      JOIN (SELECT customer_id, array_agg(DISTINCT code ORDER BY code) AS products FROM late GROUP BY 1) g USING (customer_id)
     ORDER BY l.customer_id, coalesce(l.clock_stopped_on, %(day)s) - l.clock_from_on DESC, l.overdue_amount DESC, l.account_id"""

# `WANTED`, each with the team whose portfolio takes it in.
ROUTED = f"""
    SELECT w.*, {team_of("w.bucket", "w.products", "u.ref")} AS team_id
      FROM ({WANTED}) w JOIN accounts_customer u ON u.id = w.customer_id"""

# The late accounts of the customers asked for; `WANTED` reads it.
LATE = """late AS MATERIALIZED (
        SELECT a.customer_id, a.currency, p.code, s.*
          FROM accounts_account a JOIN accounts_standing s ON s.account_id = a.id JOIN accounts_product p ON p.id = a.product_id
         WHERE a.customer_id = ANY(%(customers)s))"""


def _open() -> str:
    return f"""
    WITH {LATE}, wanted AS ({ROUTED}), numbered AS (
        SELECT nextval(pg_get_serial_sequence('cases_case', 'id')) AS id, w.* FROM wanted w
         WHERE NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.customer_id = w.customer_id AND c.status = 'open'))
    INSERT INTO cases_case (id, ref, customer_id, status, opened_on, bucket, risk_class, currency, overdue_amount,
           late_accounts, products, clock_from_on, clock_stopped_on, opened_at, team_id, priority, version)
    SELECT id, 'C' || lpad(id::text, greatest(8, length(id::text)), '0'), customer_id, 'open', %(on)s, bucket, risk_class,
           currency, overdue_amount, late_accounts, products, clock_from_on, clock_stopped_on, %(now)s, team_id,
           {priority_of("n", "NULL::date")}, 1 FROM numbered n
    RETURNING id, ref, customer_id, NULL, NULL, NULL, NULL, bucket, overdue_amount, late_accounts, currency,
              NULL, {team_name("team_id")}, NULL, NULL"""


def _move() -> str:
    kept = assignee_after("b", "w.team_id")
    return f"""
    WITH {LATE}, wanted AS ({ROUTED})
    UPDATE cases_case c
       SET bucket = w.bucket, risk_class = w.risk_class, currency = w.currency, overdue_amount = w.overdue_amount,
           late_accounts = w.late_accounts, products = w.products, clock_from_on = w.clock_from_on,
           clock_stopped_on = w.clock_stopped_on, team_id = w.team_id, assignee_id = {kept},
           assigned_at = CASE WHEN {kept} IS NOT NULL THEN c.assigned_at END,
           priority = {priority_of("w", "c.promise_broken_on")},
           version = c.version + 1
      FROM wanted w, (SELECT id, bucket, overdue_amount, late_accounts, currency, team_id, assignee_id FROM cases_case
                       WHERE customer_id = ANY(%(customers)s) AND status = 'open') b
     WHERE c.customer_id = w.customer_id AND c.status = 'open' AND b.id = c.id
       AND (c.bucket, c.risk_class, c.currency, c.overdue_amount, c.late_accounts, c.products::text[],
            c.clock_from_on, c.clock_stopped_on, c.team_id)
           IS DISTINCT FROM (w.bucket, w.risk_class, w.currency, w.overdue_amount, w.late_accounts, w.products::text[],
            w.clock_from_on, w.clock_stopped_on, w.team_id)
    RETURNING c.id, c.ref, c.customer_id, b.bucket, b.overdue_amount, b.late_accounts, b.currency,
              c.bucket, c.overdue_amount, c.late_accounts, c.currency, {team_name("b.team_id")}, {team_name("c.team_id")},
              {user_name("b.assignee_id")}, {user_name("c.assignee_id")}"""


_CURE = """
    UPDATE cases_case c SET status = 'cured', closed_on = %(on)s, overdue_amount = 0, late_accounts = 0, version = c.version + 1
      FROM (SELECT id, bucket, overdue_amount, late_accounts, currency FROM cases_case
             WHERE customer_id = ANY(%(customers)s) AND status = 'open') b
     WHERE b.id = c.id AND c.status = 'open'
       AND NOT EXISTS (SELECT 1 FROM accounts_account a JOIN accounts_standing s ON s.account_id = a.id
                        WHERE a.customer_id = c.customer_id)
    RETURNING c.id, c.ref, c.customer_id, b.bucket, b.overdue_amount, b.late_accounts, b.currency,
              NULL, 0::numeric, 0, c.currency, NULL, NULL, NULL, NULL"""

# Of each customer what ended the last lateness: the change of standing, and where a relief did it, the latest one that stands.
_ENDED = """
    SELECT asked.customer_id, s.cause, a.ref, coalesce(r.kind, ''), coalesce(r.reason, ''),
           EXISTS (SELECT FROM accounts_payment p
                    WHERE p.account_id = s.account_id AND p.effective_on BETWEEN s.from_overdue_since AND %(on)s
                      AND NOT EXISTS (SELECT FROM accounts_reversal b WHERE b.payment_id = p.id))
      FROM unnest(%(customers)s::bigint[]) AS asked (customer_id)
      JOIN LATERAL (SELECT c.account_id, c.cause, c.from_overdue_since
                      FROM accounts_account o JOIN accounts_standingchange c ON c.account_id = o.id
                     WHERE o.customer_id = asked.customer_id AND c.from_bucket <> '' AND c.to_bucket = ''
                     ORDER BY c.id DESC LIMIT 1) s ON true
      JOIN accounts_account a ON a.id = s.account_id
      LEFT JOIN LATERAL (SELECT r.kind, r.reason FROM accounts_relief r
                          WHERE r.account_id = s.account_id
                            AND NOT EXISTS (SELECT FROM accounts_reliefreversal b WHERE b.relief_id = r.id)
                          ORDER BY r.id DESC LIMIT 1) r ON s.cause = 'relief'"""


@transaction.atomic
def follow(*, actor: Actor, customer_ids: Sequence[int], day: date, on: date | None = None) -> dict[str, int]:
    """Bring the cases of these customers to what their standings say on `day`; opened or closed on `on` (None: that day).

    Opens one where none is open, moves the open one, closes it as cured where nothing is late, and records why. A case that opens
    or moves gets the team whose portfolio takes it in, and its priority; whoever worked it and is of another team works it no
    more. Locks the customers, then the cases, in order. Calling again changes nothing. Returns how many were opened, moved and
    cured.
    """
    counts = {}
    with connection.cursor() as cursor:
        ids = sorted(set(customer_ids))
        hold_still(cursor)
        lock_customers(ids)
        # Whoever else changes several cases locks them in this order, too.
        cursor.execute(
            "SELECT id FROM cases_case WHERE customer_id = ANY(%s) AND status = 'open' ORDER BY id FOR NO KEY UPDATE",
            (ids,),
        )
        values: dict[str, Any] = {"customers": ids, "on": on or day, "now": clock.now(), **priority_values(day)}
        for verb, sql in (("opened", _open()), ("moved", _move()), ("cured", _CURE)):
            cursor.execute(sql, values)
            found = cursor.fetchall()
            whys = _whys(cursor, [row[2] for row in found], values["on"]) if verb == "cured" and found else {}
            rows = [_row(*row, why=whys.get(row[2], "")) for row in found]
            counts[verb] = record_many(actor=actor, verb=f"case.{verb}", subject_type="case", rows=rows)
            if verb == "cured" and found:
                call_tasks.end([case for case, *_rest in found])
    return counts


def _whys(cursor: CursorWrapper, customer_ids: Sequence[int], on: date) -> dict[int, str]:
    """Why nothing of these customers is late any more, as a coded reason of what happened on the account that was late last;
    those of whom it cannot be said are left out."""
    cursor.execute(_ENDED, {"customers": list(customer_ids), "on": on})
    found = {}
    for customer_id, cause, ref, kind, reason, has_paid in cursor.fetchall():
        if cause == "relief" and kind == ReliefKind.WRITE_OFF:
            found[customer_id] = coded("case-written-off", ref)
        elif cause == "relief" and kind in (ReliefKind.CLOSURE, ReliefKind.DISCOUNT):
            # Their reason is the plan's reference.
            found[customer_id] = coded("plan-took-over", reason)
        elif cause != "relief" and has_paid:
            found[customer_id] = coded("case-paid", ref)
    return found


def _row(
    key: int,
    ref: str,
    customer_id: int,
    old_bucket: str | None,
    old_amount: Decimal | None,
    old_accounts: int | None,
    old_currency: str | None,
    bucket: str | None,
    amount: Decimal,
    accounts: int,
    currency: str,
    *names: str | None,
    why: str,
) -> Row:
    """What the record tells of one case: a change of team, and who lost it by that, only where there was one; `why` it closed."""
    old_team, team, old_user, user = names
    has_moved = (old_team, old_user) != (team, user)
    before = None
    if old_amount is not None:
        before = {"bucket": old_bucket, "overdue_amount": str(old_amount), "late_accounts": old_accounts}
        before["currency"] = old_currency
        before |= routed(old_team, old_user) if has_moved else {}
    after = {"bucket": bucket, "overdue_amount": str(amount), "late_accounts": accounts, "currency": currency}
    after |= routed(team, user) if has_moved else {}
    return key, ref, customer_id, None, before, after, why


def follow_day(run: StepRun) -> None:
    """The close's step: follow every customer with a change of standing on `run.day`, in batches of customers.

    And those whose worst account's clock a deferral stopped while another's may run: which is the worst then changes
    without any standing's doing so.

    The first close of a book follows everyone who is late, for what an import found has no case yet, and everyone with
    an open case, for the book may have moved to a day on which its customer is not late.
    """
    with connection.cursor() as cursor:
        if has_closed_any():
            cursor.execute(
                """SELECT customer_id FROM (
                       SELECT a.customer_id FROM accounts_standingchange c JOIN accounts_account a ON a.id = c.account_id
                        WHERE c.business_day = %s
                       UNION
                       SELECT customer_id FROM cases_case
                        WHERE status = 'open' AND late_accounts > 1 AND clock_stopped_on IS NOT NULL
                   ) followed WHERE customer_id > %s ORDER BY 1""",
                (run.day, run.cursor),
            )
        else:
            cursor.execute(
                """SELECT customer_id FROM (
                       SELECT a.customer_id FROM accounts_standing s JOIN accounts_account a ON a.id = s.account_id
                       UNION
                       SELECT customer_id FROM cases_case WHERE status = 'open'
                   ) followed WHERE customer_id > %s ORDER BY 1""",
                (run.cursor,),
            )
        ids = [key for (key,) in cursor.fetchall()]
    run.in_batches(ids, BATCH, lambda batch: follow(actor=CLOSE, customer_ids=batch, day=run.day))


def follow_standings(actor: Actor, moved: Sequence[Judged], *, in_bulk: bool) -> None:
    """React at once to standings that a posting or a load moved (registered with `accounts.services.reactions`).

    A load moves and closes open cases only: whoever has none yet gets it with the next close of day.
    """
    closed, to_close = book_day(), open_day()
    # A standing that moved means an open book.
    assert closed is not None
    assert to_close is not None
    ids = [item.customer_id for item in moved]
    if in_bulk:
        with connection.cursor() as cursor:
            cursor.execute("SELECT customer_id FROM cases_case WHERE customer_id = ANY(%s) AND status = 'open'", (ids,))
            ids = [key for (key,) in cursor.fetchall()]
    if ids:
        # What the standings speak of: the last closed day, or the one whose close has begun. After an early close the day to be
        # closed next is tomorrow, but the case opens today.
        follow(actor=actor, customer_ids=ids, day=begun_day() or closed, on=min(to_close, clock.today()))
        # Another set of late accounts may be held as a whole, or no longer.
        refresh_waits(customer_ids=ids)
