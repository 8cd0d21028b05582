"""What is known of promises, read many at a time as the facts of `rules.promises`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.backends.utils import CursorWrapper

from cases.models import DisputeReason, DisputeStatus, PromiseStatus
from cases.rules.promises import OPEN, Judged, Payment, Promised, Verdict, judge, judged_by

CANCELLED = str(PromiseStatus.CANCELLED)

# The days of grace in force on the day on which the promise `p` was made; before the first terms, those of the first.
GRACE = """coalesce(
        (SELECT w.promise_grace_days FROM cases_workterms w WHERE w.effective_from <= p.made_on
          ORDER BY w.effective_from DESC LIMIT 1),
        (SELECT w.promise_grace_days FROM cases_workterms w ORDER BY w.effective_from LIMIT 1), 0)"""

# Since when the customer `c` says, and nobody answered, that she paid what is promised in `p`.
DISPUTED = f"""(
        SELECT min(d.opened_on) FROM cases_dispute d JOIN cases_case k ON k.id = d.case_id
         WHERE k.customer_id = c.customer_id AND d.status = '{DisputeStatus.OPEN}' AND d.reason = '{DisputeReason.PAID}'
           AND (p.account_id IS NULL OR d.account_id IS NULL OR d.account_id = p.account_id))"""

_PROMISES = f"""
    SELECT p.id, p.case_id, c.customer_id, p.account_id, p.made_on, {GRACE}, p.status, p.got, p.judged_on, {DISPUTED},
           array_agg(i.id ORDER BY i.number), array_agg(i.due_on ORDER BY i.number), array_agg(i.amount ORDER BY i.number),
           array_agg(i.status ORDER BY i.number), array_agg(i.got ORDER BY i.number)
      FROM cases_case c JOIN cases_promise p ON p.case_id = c.id JOIN cases_promiseinstalment i ON i.promise_id = p.id
     WHERE c.customer_id = ANY(%(customers)s) AND p.status <> 'cancelled'
     GROUP BY p.id, c.customer_id ORDER BY p.id"""

# A promise on no named account is kept by money on any of the customer's in its currency.
_PAYMENTS = """
    SELECT p.id, array_agg(m.effective_on), array_agg(m.amount), array_agg(m.recorded_at <= p.made_at)
      FROM cases_promise p JOIN cases_case c ON c.id = p.case_id
      JOIN accounts_account a ON a.customer_id = c.customer_id AND a.currency = p.currency
                             AND (p.account_id IS NULL OR a.id = p.account_id)
      JOIN accounts_payment m ON m.account_id = a.id AND m.effective_on >= p.made_on
     WHERE p.id = ANY(%(promises)s) AND NOT EXISTS (SELECT 1 FROM accounts_reversal r WHERE r.payment_id = m.id)
     GROUP BY p.id"""


@dataclass
class PromiseFacts:
    """One promise that was not cancelled: what was promised, what came, and what is kept of its verdict."""

    promise_id: int
    case_id: int
    customer_id: int
    account_id: int | None
    made_on: date
    grace_days: int
    status: str
    got: Decimal
    judged_on: date | None
    disputed_from: date | None
    instalment_ids: Sequence[int]
    instalments: Sequence[Promised]
    kept: Sequence[Judged]
    payments: list[Payment] = field(default_factory=list)

    def reached(self, on: date) -> date:
        """The day as of whose end it is judged when the book stands on `on`."""
        return judged_by(on, made_on=self.made_on, judged_on=self.judged_on, disputed_from=self.disputed_from)

    def judge(self, on: date) -> Verdict:
        return judge(
            self.instalments, self.payments, made_on=self.made_on, grace_days=self.grace_days, on=self.reached(on)
        )

    def says(self, status: str, verdict: Verdict) -> bool:
        """Whether what is kept is this status and this verdict."""
        return (self.status, self.got, list(self.kept)) == (status, verdict.got, list(verdict.instalments))


def promise_facts(cursor: CursorWrapper, customer_ids: Sequence[int]) -> list[PromiseFacts]:
    """The promises of these customers, except cancelled ones, by key. One query where there are none, else two."""
    cursor.execute(_PROMISES, {"customers": list(customer_ids)})
    found: dict[int, PromiseFacts] = {}
    for *kept, keys, days, amounts, statuses, got in cursor.fetchall():
        instalments = [Promised(*one) for one in zip(days, amounts, strict=True)]
        judged = [Judged(*one) for one in zip(statuses, got, strict=True)]
        found[kept[0]] = PromiseFacts(*(*kept, keys, instalments, judged))
    if found:
        cursor.execute(_PAYMENTS, {"promises": list(found)})
        for key, *columns in cursor.fetchall():
            found[key].payments = [Payment(*one) for one in zip(*columns, strict=True)]
    return list(found.values())


def verdicts(facts: Sequence[PromiseFacts], on: date) -> list[tuple[str, Verdict]]:
    """Each promise's status and verdict when the book stands on `on`. Of a case at most one is open, the newest.

    A promise that was kept when another followed it, and is no longer, was replaced by that other: cancelled.
    """
    found: list[tuple[str, Verdict]] = []
    has_open: set[int] = set()
    for one in reversed(facts):
        verdict = one.judge(on)
        status = verdict.status
        if status == OPEN:
            status = CANCELLED if one.case_id in has_open else OPEN
            has_open.add(one.case_id)
        found.append((status, verdict))
    return found[::-1]
