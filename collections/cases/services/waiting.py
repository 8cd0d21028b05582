"""Until when nobody is given a case, and why: a follow-up, a call back, a promise, a dispute, holds, a flag, the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.selectors.held import STOPS
from cases.selectors.terms import work_terms
from compliance.selectors import callable_from
from runs import clock

# Stands for "until further notice"; in every time zone still a date that Python knows.
NO_END = datetime(9999, 12, 31, tzinfo=UTC)

# The day that begins with a wait's end, as a moment; the last day that PostgreSQL gives and Python takes.
_BEGINS = "least({day}, '9999-12-30')::timestamp AT TIME ZONE %(zone)s"

# From when a customer `u` is to be called for the task `t`: her hour is one of her own clock, a day alone is the lender's.
CALL_BACK_AT = """(t.wanted_on + coalesce(t.wanted_at, '00:00'))
                  AT TIME ZONE CASE WHEN t.wanted_at IS NULL THEN %(zone)s ELSE u.time_zone END"""


@dataclass(frozen=True)
class Moment:
    """For when waits are worked out: the moment, and the lender's day that it lies in."""

    now: datetime
    today: date

    @classmethod
    def present(cls) -> Moment:
        return cls(clock.now(), clock.today())

    @classmethod
    def morning_of(cls, day: date) -> Moment:
        """The first moment of a day where the lender does business."""
        return cls(clock.begins(day), day)


_REFRESH = f"""
    WITH asked AS MATERIALIZED (
        SELECT id, customer_id, follow_up_on, call_back_at, wait_until, wait_for FROM cases_case
         WHERE status = 'open' AND customer_id = ANY(%(customers)s) ORDER BY id FOR NO KEY UPDATE
    ), late AS (
        SELECT c.id AS case_id, a.id AS account_id
          FROM asked c JOIN accounts_account a USING (customer_id) JOIN accounts_standing s ON s.account_id = a.id
    ), held AS (
        SELECT l.case_id, l.account_id, max(coalesce(h.ends_on, '9999-12-30')) FILTER (WHERE h.id IS NOT NULL) AS ends_on
          FROM late l LEFT JOIN accounts_hold h ON h.account_id = l.account_id AND {STOPS}
               AND h.starts_on <= %(today)s AND coalesce(h.ends_on, '9999-12-30') >= %(today)s
         GROUP BY 1, 2
        UNION ALL
        -- With nothing late: what is held is as of one debt, as the gate has it.
        SELECT c.id, NULL, max(coalesce(h.ends_on, '9999-12-30'))
          FROM asked c JOIN accounts_account a USING (customer_id) JOIN accounts_hold h ON h.account_id = a.id
               AND {STOPS} AND h.starts_on <= %(today)s
               AND coalesce(h.ends_on, '9999-12-30') >= %(today)s
         WHERE NOT EXISTS (SELECT FROM late l WHERE l.case_id = c.id) GROUP BY 1
    ), backs AS (
        SELECT c.id AS case_id, min({CALL_BACK_AT}) AS at
          FROM asked c JOIN cases_calltask t ON t.case_id = c.id AND t.done_at IS NULL AND t.promised
               JOIN accounts_customer u ON u.id = c.customer_id
         GROUP BY 1
    ), waits (case_id, wait_for, until, place) AS (
        SELECT id, 'follow-up', {_BEGINS.format(day="follow_up_on")}, 6 FROM asked WHERE follow_up_on > %(today)s
        UNION ALL
        SELECT case_id, 'call-back', at, 5 FROM backs
        UNION ALL
        SELECT c.id, 'promise', {_BEGINS.format(day="min(i.due_on) + %(grace)s + 1")}, 4
          FROM asked c JOIN cases_promise p ON p.case_id = c.id AND p.status = 'open'
               JOIN cases_promiseinstalment i ON i.promise_id = p.id AND i.status = 'open'
         GROUP BY 1
        UNION ALL
        SELECT DISTINCT c.id, 'dispute', %(no_end)s, 1
          FROM asked c JOIN cases_dispute d ON d.case_id = c.id AND d.status = 'open'
        UNION ALL
        SELECT case_id, 'hold', CASE WHEN min(ends_on) >= '9999-12-30' THEN %(no_end)s
                                     ELSE {_BEGINS.format(day="min(ends_on) + 1")} END, 3
          FROM held GROUP BY 1 HAVING bool_and(ends_on IS NOT NULL)
        UNION ALL
        SELECT c.id, 'flag', CASE WHEN bool_or(f.until_on IS NULL) THEN %(no_end)s
                                  ELSE {_BEGINS.format(day="max(f.until_on) + 1")} END, 2
          FROM asked c JOIN accounts_customer u ON u.id = c.customer_id
               JOIN compliance_customerflag f ON f.customer_id = c.customer_id
               CROSS JOIN LATERAL (SELECT parameters AS kinds FROM compliance_contactrule r
                                    WHERE r.code = 'person' AND r.pack = u.jurisdiction AND r.effective_from <= %(today)s
                                    ORDER BY r.effective_from DESC, r.version DESC LIMIT 1) r
         WHERE f.ended_at IS NULL AND f.from_on <= %(today)s AND coalesce(f.until_on, '9999-12-30') >= %(today)s
           AND (r.kinds->'nobody' @> to_jsonb(f.kind::text)
                OR r.kinds->'representative_only' @> to_jsonb(f.kind::text)
               AND NOT EXISTS (SELECT 1 FROM accounts_contactpoint p
                                WHERE p.customer_id = c.customer_id AND p.relationship = 'representative'
                                  AND p.permitted IS TRUE AND p.verification <> 'wrong'))
         GROUP BY 1
        UNION ALL
        SELECT c.id, 'gate', g.until, 7
          FROM asked c
          JOIN unnest(%(gated)s::bigint[], %(gated_until)s::timestamptz[]) AS g (customer_id, until) USING (customer_id)
         -- What the gate says of a flagged person depends on who asks.
         WHERE NOT EXISTS (SELECT 1 FROM compliance_customerflag f
                            WHERE f.customer_id = c.customer_id AND f.ended_at IS NULL)
        UNION ALL
        SELECT id, 'gate', wait_until, 7 FROM asked WHERE wait_for = 'gate' AND NOT %(gate_asked)s
    ), wanted AS (
        SELECT DISTINCT ON (case_id) case_id, wait_for, until FROM waits WHERE until > %(now)s
         ORDER BY case_id, until DESC, place
    )
    UPDATE cases_case k SET wait_until = w.until, wait_for = coalesce(w.wait_for, ''), call_back_at = b.at
      FROM asked c LEFT JOIN wanted w ON w.case_id = c.id LEFT JOIN backs b ON b.case_id = c.id
     WHERE k.id = c.id
       AND (k.wait_until, k.wait_for, k.call_back_at) IS DISTINCT FROM (w.until, coalesce(w.wait_for, ''), b.at)"""


@transaction.atomic
def refresh_waits(*, customer_ids: Sequence[int]) -> None:
    """Bring `wait_until`, `wait_for` and `call_back_at` of these customers' open cases to what holds now. One statement for all.

    The case waits as long as the longest of its reasons; a wait that has run out is none. A case waits for the gate until one
    of the customer's numbers may be called; where none ever may as things stand (nobody knows a usable one), it does not wait:
    it is given out to be traced. Every service that changes one of the reasons calls it last. It writes a cache: no version,
    no event. Locks the cases, by key; the caller holds the customers.
    """
    moment = Moment.present()
    write_waits(customer_ids, moment, callable_from(customer_ids=customer_ids, at=moment.now))


def write_waits(customer_ids: Sequence[int], moment: Moment, gate: Mapping[int, datetime | None] | None = None) -> int:
    """`refresh_waits` as of a moment, in the caller's transaction; returns how many cases it wrote.

    `gate`: from when each customer may be contacted. Where it was not asked (the night does not), a wait that it imposed
    before stays as long as it was to last.
    """
    later = {customer: until for customer, until in (gate or {}).items() if until is not None and until > moment.now}
    values: dict[str, Any] = {
        "customers": sorted(set(customer_ids)),
        "now": moment.now,
        "today": moment.today,
        "zone": settings.TIME_ZONE,
        "grace": work_terms(moment.today).promise_grace_days,
        "no_end": NO_END,
        "gated": list(later),
        "gated_until": list(later.values()),
        "gate_asked": gate is not None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, values)
        return cursor.rowcount
