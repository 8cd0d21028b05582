"""How the instalments of plans stand by the bills' caches, for many plans in one statement. One definition for the close of
day, for money that moved, and for the proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from restructuring.models import LIVE

_LEFT = "b.principal + b.interest + b.service_fee + b.rolled_in - b.rolled_out - b.allocated"
_COUNTED = f"""count(*) FILTER (WHERE b.due_on < %(day)s AND {_LEFT} > 0) AS is_late,
                   count(*) FILTER (WHERE b.due_on + p.grace_days < %(day)s AND {_LEFT} > 0) AS is_missed,
                   bool_and({_LEFT} <= 0) AS is_paid"""
# Whether nothing is left of plan `p` because some of it was given up: what a write-off did take off, by the ledger, not what it
# was to take off. An entry dated back may have paid it.
_GIVEN_UP = """EXISTS (
                SELECT FROM accounts_ledgerentry e JOIN accounts_relief r ON r.id = e.relief_id AND r.kind = 'write-off'
                  JOIN restructuring_planinstalment o ON o.bill_id = r.bill_id
                 WHERE e.account_id = p.account_id AND o.plan_id = p.id HAVING sum(e.amount) <> 0)"""
# Of each plan `p` in the book that was not breached: how many of its bills are past due and not paid at the end of the day,
# how many for longer than its grace, and whether anything is left of any; and what that makes of the plan.
_STANDS = f"""
    SELECT p.id, p.ref, p.customer_id, p.account_id, p.status, p.late, p.missed, is_late, is_missed,
           CASE WHEN is_paid AND {_GIVEN_UP} THEN 'written-off' WHEN is_paid THEN 'kept'
                WHEN is_missed >= p.breach_after THEN 'breached'
                WHEN is_late > 0 THEN 'at-risk' ELSE 'running' END
      FROM (SELECT p.id, p.ref, p.customer_id, p.account_id, p.status, p.late, p.missed, p.breach_after, {_COUNTED}
              FROM restructuring_plan p JOIN restructuring_planinstalment i ON i.plan_id = p.id
              JOIN accounts_bill b ON b.id = i.bill_id
             WHERE {{which}} GROUP BY p.id) p"""
_IN_THE_BOOK = "p.status IN ('running', 'at-risk', 'kept', 'written-off')"
_OF_CUSTOMERS = _STANDS.format(which=f"p.customer_id = ANY(%(customers)s) AND {_IN_THE_BOOK}")
_BETWEEN = _STANDS.format(which=f"p.account_id BETWEEN %(first)s AND %(last)s AND {_IN_THE_BOOK}")
# Set-based: every live plan's bills are read once, and only who moves comes back. Of those that are over, a day moves by itself
# whose account a reversal reaches back into that was dated ahead to it.
_TONIGHT = f"""
    SELECT DISTINCT customer_id
      FROM (SELECT p.customer_id, p.late, p.missed, {_COUNTED}
              FROM restructuring_plan p JOIN restructuring_planinstalment i ON i.plan_id = p.id
              JOIN accounts_bill b ON b.id = i.bill_id
             WHERE p.status IN ('running', 'at-risk') AND p.customer_id > %(cursor)s
             GROUP BY p.id) p
     WHERE is_paid OR (late, missed) IS DISTINCT FROM (is_late, is_missed)
     UNION
    SELECT p.customer_id
      FROM (SELECT m.account_id FROM accounts_reversal r JOIN accounts_payment m ON m.id = r.payment_id
             WHERE r.effective_on = %(day)s
             UNION ALL
            SELECT f.account_id FROM accounts_reliefreversal r JOIN accounts_relief f ON f.id = r.relief_id
             WHERE r.effective_on = %(day)s) back
      JOIN restructuring_plan p USING (account_id)
     WHERE p.status IN ('kept', 'written-off') AND p.customer_id > %(cursor)s
     ORDER BY 1"""


class Stands(NamedTuple):
    """What is kept of a plan, and what its bills say."""

    plan_id: int
    ref: str
    customer_id: int
    account_id: int
    status: str
    late: int
    missed: int
    is_late: int
    is_missed: int
    becomes: str

    @property
    def is_plain(self) -> bool:
        """Live before and after, with nothing missed anew: all that follows is that it is written."""
        return self.status in LIVE and self.becomes in LIVE and self.is_missed <= self.missed

    @property
    def moves(self) -> bool:
        return (self.status, self.late, self.missed) != (self.becomes, self.is_late, self.is_missed)


def stands_of(cursor: CursorWrapper, customer_ids: Sequence[int], day: date) -> list[Stands]:
    """Of these customers' plans that are live, kept or ended by a write-off, how each stands at the end of `day`. One query."""
    cursor.execute(_OF_CUSTOMERS + " ORDER BY p.id", {"customers": list(customer_ids), "day": day})
    return [Stands(*row) for row in cursor.fetchall()]


def customers_tonight(cursor: CursorWrapper, day: date, behind: int) -> list[int]:
    """The customers, by key behind `behind`, with a plan that `day` may move. One query over all live plans."""
    cursor.execute(_TONIGHT, {"day": day, "cursor": behind})
    return [customer for (customer,) in cursor.fetchall()]


def stands_between(cursor: CursorWrapper, first: int, last: int, day: date) -> Iterator[Stands]:
    """How the plans, breached ones left out, of the accounts with keys from … to stand at the end of `day`."""
    cursor.execute(_BETWEEN, {"first": first, "last": last, "day": day})
    yield from (Stands(*row) for row in cursor.fetchall())
