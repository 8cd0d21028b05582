"""Calls that are asked for: by the night for many cases at once, by a customer for herself. Done when
somebody called, one that she asked for when somebody reached her; or when nothing is late any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from accounts.services.locks import lock_customers
from audit.services import Actor, Row, record_many
from cases.models import CallTask, Queue
from cases.selectors.terms import furthest_day
from cases.services.waiting import refresh_waits
from compliance.models import Channel, Contact, Outcome
from runs import clock
from runs.texts import coded
from staff.models import User

_ASK = """
    WITH asked AS (
        INSERT INTO cases_calltask (case_id, queue_id, wanted_on, wanted_at, promised, reason, source, asked_at)
        SELECT k.id, w.queue_id, w.wanted_on, w.wanted_at, w.promised, w.reason, w.source, %(now)s
          FROM unnest(%(customers)s::bigint[], %(queues)s::bigint[], %(days)s::date[], %(hours)s::time[], %(promised)s::boolean[],
                      %(reasons)s::text[], %(sources)s::text[])
               AS w (customer_id, queue_id, wanted_on, wanted_at, promised, reason, source)
          JOIN cases_case k ON k.customer_id = w.customer_id AND k.status = 'open'
         ORDER BY k.id, w.queue_id
        ON CONFLICT (case_id, queue_id) WHERE done_at IS NULL DO NOTHING
        RETURNING case_id, wanted_on, wanted_at, reason
    ), moved AS (
        UPDATE cases_case c SET version = c.version + 1
         WHERE c.id IN (SELECT case_id FROM asked) RETURNING c.id, c.ref, c.customer_id
    )
    SELECT m.id, m.ref, m.customer_id, a.wanted_on, a.wanted_at, a.reason
      FROM asked a JOIN moved m ON m.id = a.case_id ORDER BY m.id"""


class Asked(NamedTuple):
    """A call that somebody wants with a customer: in which queue (None: in that of all of them), from which day on, why, and
    who asks; `wanted_at`: at which hour, on the customer's clock; `promised`: to herself, so that it stays until somebody
    reached her."""

    customer_id: int
    queue_id: int | None
    wanted_on: date
    reason: str
    source: str
    wanted_at: time | None = None
    promised: bool = False


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
                "hours": [one.wanted_at for one in asked],
                "promised": [one.promised for one in asked],
                "reasons": [one.reason[:120] for one in asked],
                "sources": [one.source[:60] for one in asked],
                "now": clock.now(),
            },
        )
        rows: list[Row] = [
            (key, ref, customer, None, None, _told(day, at, reason), "")
            for key, ref, customer, day, at, reason in cursor.fetchall()
        ]
    return record_many(actor=actor, verb="case.call-asked", subject_type="case", rows=rows)


def _told(day: date, at: time | None, reason: str) -> dict[str, object]:
    return {"wanted_on": day, "why": reason} | ({"wanted_at": f"{at:%H:%M}"} if at else {})


@transaction.atomic
def ask_back(*, actor: User, contact: Contact, on: date, at: time | None) -> None:
    """Ask for the call that the customer wanted as `contact` was made: from the day `on`, and where she named an hour, `at` that
    one of her own clock. It stands in place of what is asked for in that queue, and her case waits for it. The caller holds
    customer and case.

    Raises:
        Invalid: the day or the hour is past, the day too far ahead, or it is today and no hour named.
    """
    today, here = clock.today(), clock.now().astimezone(ZoneInfo(contact.customer.time_zone))
    last = furthest_day(today)
    if not today <= on <= last:
        raise Invalid(
            _("%(day)s cannot be: give a day from %(first)s to %(last)s.") % {"day": on, "first": today, "last": last},
            "call_back_on",
        )
    if at is None and on == today:
        raise Invalid(
            _("Somebody is to call back today, but nobody knows when. Give the hour, or a later day."), "call_back_at"
        )
    if at is not None and (on, at) < (here.date(), here.time()):
        raise Invalid(
            _("%(time)s is past: where the customer lives it is %(now)s. Give a later hour, or another day.")
            % {"time": f"{at:%H:%M}", "now": f"{here:%H:%M}"},
            "call_back_at",
        )
    queue = Queue.objects.filter(code="call").values_list("pk", flat=True).first()
    standing = CallTask.objects.filter(case__customer=contact.customer_id, queue=queue, done_at=None)
    standing.update(done_at=clock.now(), contact=contact)
    wanted = Asked(contact.customer_id, queue, on, coded("customer-asked"), str(actor), at, promised=True)
    ask_many(actor=actor, asked=[wanted])
    refresh_waits(customer_ids=[contact.customer_id])


def done_by(contact: Contact, case_id: int, *, reached: bool) -> int:
    """Close what is asked for on a case whose customer was called, or called us; what she asked for herself only where she was
    `reached`. How many. In the caller's transaction, which holds the case. A call that was not made closes nothing."""
    if contact.channel != Channel.VOICE or contact.outcome == Outcome.NOT_MADE:
        return 0
    tasks = CallTask.objects.filter(case=case_id, done_at=None)
    done = (tasks if reached else tasks.filter(promised=False)).update(done_at=clock.now(), contact=contact)
    if done:
        refresh_waits(customer_ids=[contact.customer_id])
    return done


def end(case_ids: Sequence[int]) -> int:
    """Close what is asked for on cases that closed; how many. In the caller's transaction, which holds the cases."""
    return CallTask.objects.filter(case__in=case_ids, done_at=None).update(done_at=clock.now())
