"""Make a book: plan it, make the histories in several processes, write it beside the real tables, let it take their place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Customer
from accounts.selectors.terms import read_terms
from accounts.services.opening import ensure_open
from audit.services import SystemActor, record
from delinquency.books.making import histories, months, plan, schema
from runs import clock, selectors
from runs.models import BusinessDay
from runs.parallel import forked

ACTOR = SystemActor(months.ACTOR_NAME)
# Accounts that one task makes; a book of one task is not worth another process.
SLICE = 10_000
TWINS = (*months.PEOPLE, *months.BILLS, *months.ENTRIES)
Say = Callable[[str], None]


class BookNotEmpty(Exception):
    """The book has customers or accounts already; a made one begins an empty book."""


@dataclass
class Made:
    """What was made, and how many seconds each part took."""

    accounts: int
    seconds: dict[str, float] = field(default_factory=dict)


def make_book(*, accounts: int, seed: int, bills: int = 12, processes: int = 2, say: Say = lambda _: None) -> Made:
    """Make a book of so many accounts with so many bills each, the same for the same arguments and day.

    About one account in twelve is late, and each of the next dozen nights about one in a hundred changes standing. What
    hung on the tables hangs on them afterwards; a crash at any point leaves an empty book or the whole one.

    Raises:
        BookNotEmpty: there are customers or accounts already.
        ValueError: fewer than one account or two bills, or terms for which the closed form does not hold.
    """
    if accounts < 1 or not 2 <= bills <= 60:
        raise ValueError(_("A made book has at least 1 account, with 2 to 60 bills each."))
    _refuse_unless_empty()
    made = Made(accounts)
    timed = _Clock(made, say)
    terms = read_terms()
    opening = selectors.book_day() or clock.today() - timedelta(days=1)
    book = plan.plan_book(accounts=accounts, bills=bills, seed=seed, opening=opening)
    version = plan.check_terms(book, terms)
    counted = [place for place, key in enumerate(book.products) if terms.by_product[key].counts_missed()]
    plan.write_plan(book)
    timed("plan")
    _make_histories(book, processes)
    timed("histories")
    values = months.values_of(book, version, counted)
    twins = {table: schema.create_twin(plan.SCHEMA, table) for table in TWINS}
    _index_scratch()
    side_by_side = partial(_side_by_side, processes)
    side_by_side(
        partial(write, book, values) for write in (months.write_entries, months.write_bills, months.write_people)
    )
    timed("rows")
    side_by_side(
        partial(schema.build_indexes, twins[table]) for table in (*months.ENTRIES, *months.BILLS, *months.PEOPLE)
    )
    timed("indexes")
    _take_place(book, values, list(twins.values()))
    timed("standings and events")
    side_by_side(partial(schema.validate_keys, table, names) for table, names in _longest_first(schema.unvalidated()))
    timed("foreign keys validated")
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TWINS)}, accounts_standing, accounts_standingchange, audit_event")
    timed("analyze")
    return made


class _Clock:
    """Tells and keeps how long each part took."""

    def __init__(self, made: Made, say: Say) -> None:
        self._made, self._say = made, say
        self._last = time.monotonic()

    def __call__(self, part: str) -> None:
        now = time.monotonic()
        self._made.seconds[part], self._last = now - self._last, now
        self._say(f"{part}: {self._made.seconds[part]:.1f} s")


def _refuse_unless_empty() -> None:
    if Account.objects.exists() or Customer.objects.exists():
        raise BookNotEmpty(_("The book is not empty: a made book begins one. Use a database of its own."))


def _make_histories(book: plan.Plan, processes: int) -> None:
    slices = [(first, min(first + SLICE, book.accounts)) for first in range(0, book.accounts, SLICE)]
    if processes < 2 or len(slices) < 2:
        for first, last in slices:
            histories.write_histories(book, first, last)
        return
    with forked(processes) as pool:
        for done in [pool.submit(histories.write_histories, book, first, last) for first, last in slices]:
            done.result()


def _index_scratch() -> None:
    with connection.cursor() as cursor:
        for table in ("bill", "payment", "derived", "allocation"):
            cursor.execute(f"CREATE INDEX ON {plan.SCHEMA}.{table} (m)")
        for table in ("bill", "payment", "derived", "allocation", "standing", "wake"):
            cursor.execute(f"ANALYZE {plan.SCHEMA}.{table}")


def _side_by_side(processes: int, tasks: Iterable[Callable[[], None]]) -> None:
    """Run tasks on connections of their own: the work is the server's."""
    if processes < 2:
        for task in tasks:
            task()
        return
    with ThreadPoolExecutor(processes) as pool:
        for done in [pool.submit(_closing, task) for task in tasks]:
            done.result()


def _closing(task: Callable[[], None]) -> None:
    try:
        task()
    finally:
        connection.close()


def _longest_first(tables: dict[str, list[str]]) -> Sequence[tuple[str, list[str]]]:
    return sorted(tables.items(), key=lambda item: (item[0] not in TWINS, -len(item[1])))


@transaction.atomic
def _take_place(book: plan.Plan, values: dict[str, object], twins: list[schema.Parts]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(TWINS)} IN ACCESS EXCLUSIVE MODE")
        # Somebody may have posted or imported meanwhile.
        _refuse_unless_empty()
        schema.take_place(cursor, plan.SCHEMA, twins)
        # The few rows written from here on need not wait for the end to be checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    ensure_open()
    months.write_standings(values)
    months.set_sequences(TWINS)
    plan.drop_scratch()
    record(
        actor=ACTOR,
        verb="book.made",
        subject=BusinessDay.objects.get(date=book.opening),
        after={"accounts": book.accounts, "bills": book.accounts * book.bills, "seed": book.seed},
    )
