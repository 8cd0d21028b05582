"""Keeping of treatments that were refused what became of them later: refused alike on further evenings, or only as it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction

from reminders.services.notices import REFUSED_AS_THEY_WENT
from strategy.matching import Fitting
from strategy.retrying import after_refusal

# The row of the last attempt, where it says all the same; `decision_id` stays where the gate's answer does.
_ALIKE = """
    UPDATE strategy_treatment t SET attempts = t.attempts + 1, tried_on = %(day)s
      FROM unnest(%(customers)s::bigint[], %(accounts)s::bigint[], %(rules)s::bigint[], %(codes)s::text[], %(anchors)s::date[],
                  %(arms)s::text[], %(outcomes)s::text[], %(decisions)s::bigint[], %(untils)s::date[])
           AS now (customer_id, account_id, rule_id, code, anchor_on, arm, outcome, decision_id, again_until)
     WHERE t.customer_id = now.customer_id AND t.account_id = now.account_id AND t.rule_id = now.rule_id
       AND t.code = now.code AND t.anchor_on = now.anchor_on AND t.arm = now.arm AND t.outcome = now.outcome
       AND t.decision_id = now.decision_id AND t.again_until = now.again_until AND t.business_day < %(day)s
       AND NOT EXISTS (
            SELECT FROM strategy_treatment later
             WHERE later.customer_id = t.customer_id AND later.account_id = t.account_id AND later.code = t.code
               AND later.anchor_on = t.anchor_on AND later.business_day > t.business_day)
    RETURNING t.account_id, t.code, t.anchor_on"""
_QUEUED = f"""
    SELECT t.id, refused.decision_id, refused.passes
      FROM ({REFUSED_AS_THEY_WENT}) refused
      JOIN strategy_treatment t ON t.customer_id = refused.customer_id AND t.message_id = refused.message_id
     WHERE t.outcome = 'queued'
     ORDER BY t.id"""
_TAKE_BACK = """
    UPDATE strategy_treatment t SET outcome = now.outcome, decision_id = now.decision_id, again_until = now.again_until
      FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::date[]) AS now (id, outcome, decision_id, again_until)
     WHERE t.id = now.id"""


class Kept(NamedTuple):
    """What a treatment keeps of a rule that applied to an account."""

    fits: Fitting
    outcome: str
    message_id: int | None
    decision_id: int
    again_until: date | None


def repeated(*, day: date, refused: Sequence[Kept]) -> set[tuple[int, str, date]]:
    """Add this evening's attempt to the treatments of the last ones where these say the same: of which (account, code, anchor).

    In the caller's transaction, which holds the customers. One statement; none for nothing.
    """
    if not refused:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            _ALIKE,
            {
                "day": day,
                "customers": [one.fits.customer_id for one in refused],
                "accounts": [one.fits.account_id for one in refused],
                "rules": [one.fits.rule_id for one in refused],
                "codes": [one.fits.code for one in refused],
                "anchors": [one.fits.anchor_on for one in refused],
                "arms": [one.fits.arm for one in refused],
                "outcomes": [one.outcome for one in refused],
                "decisions": [one.decision_id for one in refused],
                "untils": [one.again_until for one in refused],
            },
        )
        return set(cursor.fetchall())


@transaction.atomic
def take_back(day: date) -> int:
    """Let what the law demands and the gate refused only as it went be tried again, as if it had been refused when it was to be
    queued; how many treatments. The message stays named. Safe to repeat. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUED)
        found = cursor.fetchall()
        if not found:
            return 0
        refusals = [
            after_refusal(day, passes=passes, by_law=True, retry_days=0, tried_until=None) for *_, passes in found
        ]
        cursor.execute(
            _TAKE_BACK,
            [
                *([key for key, *_ in found], [refusal.outcome for refusal in refusals]),
                *([decision for _, decision, _ in found], [refusal.again_until for refusal in refusals]),
            ],
        )
    return len(found)
