"""The book's steps of the close of day: age the accounts that change, post what accrued.

Neither walks the book: candidates come from indexes, in batches of their keys, each batch its own transaction that also
moves the step's cursor. A payment posted meanwhile waits for at most one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import Account
from accounts.rules import judge
from accounts.selectors.facts import read_facts
from accounts.selectors.live import LiveAccount, read_live
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.terms import TermsBook, read_terms
from accounts.services.rebuild import write_rebuilt
from accounts.services.standings import Judged, write_standings
from audit.services import SystemActor
from runs.services import StepRun

BATCH = 2_000
CLOSE = SystemActor("close of day")


def age(run: StepRun) -> None:
    """Bring every account whose standing changes by itself on `run.day` to that day.

    Those are: a known transition of a late account, a bill whose first late day it is, and what wakes (a statement, money
    or a reversal dated ahead, the final due date), which is replayed. Writes standings, changes and events.
    """
    terms = read_terms()
    ids = _candidates(run.day, terms.widest_grace(), run.cursor)
    run.expect(len(ids))
    for batch in _batches(ids):
        with transaction.atomic(), connection.cursor() as cursor:
            woken = {key for key, wakes_on in _lock(cursor, batch) if wakes_on is not None and wakes_on <= run.day}
            moved = _wake(cursor, terms, sorted(woken), run.day)
            quiet = [key for key in batch if key not in woken]
            moved += write_standings(
                cursor,
                actor=CLOSE,
                business_day=run.day,
                cause="close",
                judged=[_judge(item, run.day) for item in read_live(cursor, terms, quiet, run.day)],
            )
            run.advance(cursor=batch[-1], done=len(batch), woken=len(woken), **_counts(moved))


def accrue(run: StepRun) -> None:
    """At a month's end, post the late fees of every late account; on other days they are posted when touched."""
    if (run.day + timedelta(days=1)).day != 1:
        run.expect(0)
        return
    terms = read_terms()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s.account_id FROM accounts_standing s JOIN accounts_account a ON a.id = s.account_id
                WHERE a.product_id = ANY(%s) AND s.account_id > %s ORDER BY s.account_id""",
            (terms.fee_products(), run.cursor),
        )
        ids = [key for (key,) in cursor.fetchall()]
    run.expect(len(ids))
    for batch in _batches(ids):
        with transaction.atomic(), connection.cursor() as cursor:
            _lock(cursor, batch)
            _replay(cursor, terms, batch, run.day)
            run.advance(cursor=batch[-1], done=len(batch), accrued=len(batch))


def reopen(*, day: date) -> None:
    """Bring every account's caches to `day`, before the first close of a book that starts elsewhere in time.

    The one walk over the whole book; allowed only while no day was closed (`runs.services.move_opening` guards that).
    """
    terms = read_terms()
    last = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            batch = list(Account.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
            if not batch:
                return
            _lock(cursor, batch)
            Account.objects.filter(pk__in=batch, aged_on__isnull=False).update(aged_on=None, judged_on=None)
            _replay(cursor, terms, batch, day, business_day=day + timedelta(days=1), cause="opening")
            last = batch[-1]


def _candidates(day: date, widest_grace: int, cursor_key: int) -> list[int]:
    """Keys of the accounts that may change on `day`, above `cursor_key`, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM (
                   SELECT id FROM accounts_account WHERE wakes_on <= %(day)s
                   UNION
                   SELECT account_id FROM accounts_standing WHERE next_transition_on <= %(day)s
                   UNION
                   SELECT account_id FROM accounts_bill
                    WHERE allocated < minimum_due AND due_on BETWEEN %(first)s AND %(last)s
               ) candidates WHERE id > %(cursor)s ORDER BY id""",
            {
                "day": day,
                "first": day - timedelta(days=1 + widest_grace),
                "last": day - timedelta(days=1),
                "cursor": cursor_key,
            },
        )
        return [key for (key,) in cursor.fetchall()]


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])


def _lock(cursor: CursorWrapper, ids: list[int]) -> list[tuple[int, date | None]]:
    """Lock the accounts; each with the day on which it wakes, as it is once locked."""
    cursor.execute("SELECT id, wakes_on FROM accounts_account WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (ids,))
    return cursor.fetchall()


def _judge(item: LiveAccount, day: date) -> Judged:
    how_late = judge(item.terms, item.bills, item.holds, day.toordinal(), item.watches)
    return Judged.of(item.account_id, item.ref, item.customer_id, item.standing, how_late)


def _wake(cursor: CursorWrapper, terms: TermsBook, ids: list[int], day: date) -> list[Judged]:
    """Replay the accounts on which something takes effect on `day`, and write what that day brought.

    What earlier days brought is written already, unless a reversal takes effect that day: it reaches back to its payment.
    """
    if not ids:
        return []
    today = day.toordinal()
    settled: dict[int, int] = {}
    forward: list[Rebuilt] = []
    reaching_back: list[Rebuilt] = []
    for facts in read_facts(cursor, terms, "a.id = ANY(%s)", (ids,)):
        # A posting may have taken the account to the day already.
        done = max(today - 1, facts.aged_on.toordinal()) if facts.aged_on else today - 1
        settled[facts.account_id] = done
        reaches_back = any(
            credit.reversed_on is not None
            and credit.effective_on < credit.reversed_on
            and done < credit.reversed_on <= today
            for credit in facts.credits
        )
        (reaching_back if reaches_back else forward).append(rebuild(facts, day))
    moved = []
    for group, known in ((forward, settled), (reaching_back, None)):
        moved += write_rebuilt(cursor, actor=CLOSE, business_day=day, cause="close", rebuilt=group, settled=known).moved
    return moved


def _replay(
    cursor: CursorWrapper,
    terms: TermsBook,
    ids: list[int],
    day: date,
    *,
    business_day: date | None = None,
    cause: str = "close",
) -> list[Judged]:
    if not ids:
        return []
    rebuilt = [rebuild(facts, day) for facts in read_facts(cursor, terms, "a.id = ANY(%s)", (ids,))]
    return write_rebuilt(cursor, actor=CLOSE, business_day=business_day or day, cause=cause, rebuilt=rebuilt).moved


def _counts(moved: Sequence[Judged]) -> dict[str, int]:
    return {
        "became_late": sum(item.before is None for item in moved),
        "cured": sum(item.after is None for item in moved),
        "moved": sum(item.before is not None and item.after is not None for item in moved),
    }
