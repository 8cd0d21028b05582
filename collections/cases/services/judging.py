"""Promises are judged by the ledger: at once when money moves, and in the close of the day on which a window ends.

`rules.promises` says how; here is when, and what follows: the cached verdicts, the case raised by a broken promise, the record.
A verdict never changes how late an account is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.services.locks import lock_customers
from audit.services import Actor, SystemActor, record_many
from cases.rules.promises import BROKEN, KEPT, OPEN, PARTLY, Verdict
from cases.selectors.promise_facts import CANCELLED, GRACE, PromiseFacts, promise_facts, verdicts
from cases.services.priority import refresh_priorities
from cases.services.waiting import refresh_waits
from runs import clock
from runs.selectors import begun_day, book_day
from runs.services import StepRun

BATCH = 2_000
CLOSE = SystemActor("close of day")
VERBS = {KEPT: "promise.kept", PARTLY: "promise.partly", BROKEN: "promise.broken", OPEN: "promise.reopened"}

_WRITE = """
    UPDATE cases_promise p SET status = v.status, got = v.got, judged_on = v.judged_on, version = p.version + 1,
           closed_at = CASE WHEN v.status = 'open' THEN NULL WHEN p.status = v.status THEN p.closed_at ELSE %(now)s END
      FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(got)s::numeric[], %(judged_on)s::date[])
           AS v (id, status, got, judged_on)
     WHERE v.id = p.id"""
_WRITE_INSTALMENTS = """
    UPDATE cases_promiseinstalment i SET status = v.status, got = v.got
      FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(got)s::numeric[]) AS v (id, status, got)
     WHERE v.id = i.id AND (i.status, i.got) IS DISTINCT FROM (v.status, v.got)"""

# When the latest broken instalment of the case `k` was due at the last: also of a promise that another replaced since.
BROKEN_ON = f"""(SELECT max(i.due_on + {GRACE}) FROM cases_promise p JOIN cases_promiseinstalment i ON i.promise_id = p.id
                  WHERE p.case_id = k.id AND i.status = 'broken')"""
_RAISE = f"""
    UPDATE cases_case c SET promise_broken_on = b.broken_on, version = c.version + 1
      FROM (SELECT k.id, k.promise_broken_on AS before, {BROKEN_ON} AS broken_on FROM cases_case k
             WHERE k.id = ANY(%(cases)s)) b
     WHERE b.id = c.id
    RETURNING c.id, b.before IS DISTINCT FROM b.broken_on"""

_ENDED = f"""
    SELECT DISTINCT c.customer_id
      FROM cases_promiseinstalment i JOIN cases_promise p ON p.id = i.promise_id JOIN cases_case c ON c.id = p.case_id
     WHERE i.status = 'open' AND i.due_on <= %(day)s AND i.due_on + {GRACE} <= %(day)s AND p.made_on < %(day)s
       AND p.status <> 'cancelled' AND c.customer_id > %(cursor)s
     ORDER BY 1"""


def judge_at_once(actor: Actor, customer_ids: Sequence[int]) -> None:
    """React to money that came in or was taken back (registered with `accounts.services.reactions`)."""
    judge(actor=actor, customer_ids=customer_ids)


@transaction.atomic
def judge(*, actor: Actor, customer_ids: Sequence[int], on: date | None = None) -> Counter[str]:
    """Judge the promises of these customers as of the end of `on` (None: the closed day, or the one being closed).

    Also those closed before: money recorded late may still keep a broken one, a reversal takes a kept one away. Locks the
    customers, in order. Calling again changes nothing. Returns how many promises came to each status.
    """
    with connection.cursor() as cursor:
        ids = sorted(set(customer_ids))
        lock_customers(ids)
        facts = promise_facts(cursor, ids)
        on = on or begun_day() or book_day()
        if not facts or on is None:
            return Counter()
        judged = zip(facts, verdicts(facts, on), strict=True)
        changed = [(one, status, verdict) for one, (status, verdict) in judged if not one.says(status, verdict)]
        if not changed:
            return Counter()
        _write(cursor, changed, on)
        _record(actor, changed)
        moved = [(one, status) for one, status, verdict in changed if _is_news(one, status, verdict)]
        cursor.execute(_RAISE, {"cases": list({one.case_id for one, _ in moved})})
        raised = [key for key, is_other in cursor.fetchall() if is_other]
    if raised:
        refresh_priorities(case_ids=raised)
    if moved:
        refresh_waits(customer_ids=sorted({one.customer_id for one, _ in moved}))
    return Counter(status for one, status in moved if status != one.status)


def judge_day(run: StepRun) -> None:
    """The close's step: judge the promises with an instalment whose window ended by `run.day`, in batches of customers."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, {"day": run.day, "cursor": run.cursor})
        ids = [key for (key,) in cursor.fetchall()]

    def work(batch: list[int]) -> dict[str, int]:
        counts = judge(actor=CLOSE, customer_ids=batch, on=run.day)
        return {
            "promises_kept": counts[KEPT],
            "promises_partly": counts[PARTLY],
            "promises_broken": counts[BROKEN],
        }

    run.in_batches(ids, BATCH, work)


_Changed = tuple[PromiseFacts, str, Verdict]


def _is_news(one: PromiseFacts, status: str, verdict: Verdict) -> bool:
    """Whether a verdict changed, and not only how much came so far."""
    return one.status != status or [was.status for was in one.kept] != [now.status for now in verdict.instalments]


def _write(cursor: CursorWrapper, changed: Sequence[_Changed], on: date) -> None:
    # Those that end go first: of a case one may be open.
    for rows in ([row for row in changed if row[1] != OPEN], [row for row in changed if row[1] == OPEN]):
        cursor.execute(
            _WRITE,
            {
                "ids": [one.promise_id for one, _, _ in rows],
                "statuses": [status for _, status, _ in rows],
                "got": [verdict.got for _, _, verdict in rows],
                "judged_on": [one.reached(on) for one, _, _ in rows],
                "now": clock.now(),
            },
        )
    instalments = [
        (key, CANCELLED if status == CANCELLED and found.status == OPEN else found.status, found.got)
        for one, status, verdict in changed
        for key, found in zip(one.instalment_ids, verdict.instalments, strict=True)
    ]
    ids, statuses, got = zip(*instalments, strict=True)
    cursor.execute(_WRITE_INSTALMENTS, {"ids": list(ids), "statuses": list(statuses), "got": list(got)})


def _record(actor: Actor, changed: Sequence[_Changed]) -> None:
    told: dict[str, list[_Changed]] = {}
    for one, status, verdict in changed:
        if one.status != status:
            verb = VERBS.get(status, "promise.replaced")
        elif _is_news(one, status, verdict):
            verb = "promise.judged"
        else:
            continue
        told.setdefault(verb, []).append((one, status, verdict))
    for verb, rows in told.items():
        record_many(
            actor=actor,
            verb=verb,
            subject_type="promise",
            rows=(
                (
                    one.promise_id,
                    "",
                    one.customer_id,
                    one.account_id,
                    {"status": one.status, "instalments": [was.status for was in one.kept]},
                    {
                        "status": status,
                        "got": str(verdict.got),
                        "instalments": [found.status for found in verdict.instalments],
                    },
                    "",
                )
                for one, status, verdict in rows
            ),
        )
