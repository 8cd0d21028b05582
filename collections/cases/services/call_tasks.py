"""Calls that are asked for: by the night for many cases at once; done when somebody called, or when nothing is late any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction

from accounts.services.locks import lock_customers
from audit.services import Actor, Row, record_many
from cases.models import CallTask
from compliance.models import Channel, Contact, Outcome
from runs import clock

_ASK = """
    WITH asked AS (
        INSERT INTO cases_calltask (case_id, queue_id, wanted_on, reason, source, asked_at)
        SELECT k.id, w.queue_id, w.wanted_on, w.reason, w.source, %(now)s
          FROM unnest(%(customers)s::bigint[], %(queues)s::bigint[], %(days)s::date[], %(reasons)s::text[], %(sources)s::text[])
               AS w (customer_id, queue_id, wanted_on, reason, source)
          JOIN cases_case k ON k.customer_id = w.customer_id AND k.status = 'open'
         ORDER BY k.id, w.queue_id
        ON CONFLICT (case_id, queue_id) WHERE done_at IS NULL DO NOTHING
        RETURNING case_id, wanted_on, reason
    ), moved AS (
        UPDATE cases_case c SET version = c.version + 1
         WHERE c.id IN (SELECT case_id FROM asked) RETURNING c.id, c.ref, c.customer_id
    )
    SELECT m.id, m.ref, m.customer_id, a.wanted_on, a.reason FROM asked a JOIN moved m ON m.id = a.case_id ORDER BY m.id"""


class Asked(NamedTuple):
    """A call that somebody wants with a customer: in which queue, from which day on, why, and who asks."""

    customer_id: int
    queue_id: int
    wanted_on: date
    reason: str
    source: str


@transaction.atomic
def ask_many(*, actor: Actor, asked: Sequence[Asked]) -> int:
    """Ask for these calls on the customers' open cases; how many are new. Locks the customers, by key.

    Who has no open case is passed over, and so is a case for which one is asked for already in that queue.
    """
    if not asked:
        return 0
    with connection.cursor() as cursor:
        lock_customers(one.customer_id for one in asked)
        # Whoever else changes several cases locks them in this order, too.
        cursor.execute(
            "SELECT FROM cases_case WHERE customer_id = ANY(%s) AND status = 'open' ORDER BY id FOR NO KEY UPDATE",
            [[one.customer_id for one in asked]],
        )
        cursor.execute(
            _ASK,
            {
                "customers": [one.customer_id for one in asked],
                "queues": [one.queue_id for one in asked],
                "days": [one.wanted_on for one in asked],
                "reasons": [one.reason[:120] for one in asked],
                "sources": [one.source[:60] for one in asked],
                "now": clock.now(),
            },
        )
        rows: list[Row] = [
            (key, ref, customer, None, None, {"wanted_on": day, "why": reason}, "")
            for key, ref, customer, day, reason in cursor.fetchall()
        ]
    return record_many(actor=actor, verb="case.call-asked", subject_type="case", rows=rows)


def done_by(contact: Contact, case_id: int) -> int:
    """Close what is asked for on a case whose customer was called, or called us; how many. In the caller's transaction, which
    holds the case. A call that was not made closes nothing."""
    if contact.channel != Channel.VOICE or contact.outcome == Outcome.NOT_MADE:
        return 0
    return CallTask.objects.filter(case=case_id, done_at=None).update(done_at=clock.now(), contact=contact)


def end(case_ids: Sequence[int]) -> int:
    """Close what is asked for on cases that closed; how many. In the caller's transaction, which holds the cases."""
    return CallTask.objects.filter(case__in=case_ids, done_at=None).update(done_at=clock.now())
