"""Business days: the opening, the steps that resume behind their last batch, and what the run page shows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from runs import clock, selectors, services
from runs.models import BusinessDay, DayClose, RunStatus
from tests.factories import BusinessDayFactory, DayCloseFactory

pytestmark = pytest.mark.django_db

OPENING = date(2026, 1, 31)
DAY = date(2026, 2, 1)
NOON = datetime(2026, 2, 1, 4, 0, tzinfo=UTC)


def close(day: date) -> None:
    run = services.begin_step(day=day, step="age", position=1)
    assert run is not None
    services.finish_step(run)
    services.seal_day(day)


def test_a_book_never_opened_has_no_day() -> None:
    assert (selectors.book_day(), selectors.open_day(), selectors.begun_day()) == (None, None, None)
    assert selectors.day_closes() == []


def test_the_book_opens_once_on_its_first_day() -> None:
    services.open_book(OPENING)
    services.open_book(OPENING + timedelta(days=9))
    assert (selectors.book_day(), selectors.open_day(), selectors.has_closed_any()) == (OPENING, DAY, False)
    assert BusinessDay.objects.count() == 1


def test_the_database_lets_one_opening_in() -> None:
    services.open_book(OPENING)
    with pytest.raises(IntegrityError), transaction.atomic():
        BusinessDay.objects.create(date=DAY, is_opening=True, opened_at=NOON)


def test_the_opening_moves_until_the_first_day_has_begun() -> None:
    services.open_book(OPENING)
    services.move_opening(date(2025, 6, 30))
    assert selectors.open_day() == date(2025, 7, 1)
    services.begin_step(day=date(2025, 7, 1), step="age", position=1)
    with pytest.raises(services.BookMoved):
        services.move_opening(OPENING)
    assert selectors.book_day() == date(2025, 6, 30)
    assert selectors.begun_day() == date(2025, 7, 1)


def test_the_opening_stays_once_a_day_is_closed() -> None:
    services.open_book(OPENING)
    close(DAY)
    with pytest.raises(services.BookMoved):
        services.move_opening(date(2025, 6, 30))
    assert (selectors.book_day(), selectors.has_closed_any()) == (DAY, True)


def test_a_step_adds_its_batches_up_and_resumes_behind_the_last() -> None:
    run = services.begin_step(day=DAY, step="age", position=1)
    assert run is not None
    run.expect(5)
    run.advance(cursor=20, done=2, late=1)
    run.advance(cursor=30, done=1, late=0, cured=1)
    resumed = services.begin_step(day=DAY, step="age", position=1)
    assert resumed is not None
    assert resumed.cursor == run.cursor == 30
    resumed.expect(2)
    resumed.advance(cursor=50, done=2, late=2)
    services.finish_step(resumed)
    row = DayClose.objects.get()
    assert (row.status, row.total, row.done, row.cursor) == ("done", 5, 5, 50)
    assert row.result == {"late": 3, "cured": 1}
    assert services.begin_step(day=DAY, step="age", position=1) is None


def test_a_batch_that_is_rolled_back_takes_the_cursor_back() -> None:
    run = services.begin_step(day=DAY, step="age", position=1)
    assert run is not None
    with transaction.atomic():
        run.advance(cursor=20, done=2, late=1)
        transaction.set_rollback(True)
    assert DayClose.objects.values_list("cursor", "done", "result").get() == (0, 0, {})


@pytest.mark.django_db(transaction=True)
def test_advancing_outside_the_batchs_transaction_is_refused() -> None:
    run = services.begin_step(day=DAY, step="age", position=1)
    assert run is not None
    with pytest.raises(transaction.TransactionManagementError, match="inside the batch"):
        run.advance(cursor=1, done=1)


def test_a_failed_step_keeps_why_until_it_is_taken_up() -> None:
    run = services.begin_step(day=DAY, step="age", position=1)
    assert run is not None
    services.fail_step(run, ValueError("no such rate"))
    assert DayClose.objects.values_list("status", "error").get() == ("failed", "ValueError: no such rate")
    services.begin_step(day=DAY, step="age", position=1)
    assert DayClose.objects.values_list("status", "error", "finished_at").get() == ("running", "", None)


def test_the_run_page_shows_each_day_with_its_steps() -> None:
    BusinessDayFactory(date=OPENING, is_opening=True)
    BusinessDayFactory(date=DAY, closed_at=NOON)
    after = DAY + timedelta(days=1)
    for day in (DAY, after):
        DayCloseFactory(date=day, step="age", position=1, started_at=NOON, finished_at=NOON + timedelta(seconds=80))
    DayCloseFactory(
        date=after, step="accrue", position=2, status="running", total=200, done=51, started_at=NOON, finished_at=None
    )
    with clock.frozen(NOON + timedelta(seconds=20)):
        running, closed = selectors.day_closes()
        assert (running.date, running.status, running.percent, running.is_finished) == (
            after,
            RunStatus.RUNNING,
            62,
            False,
        )
        assert running.elapsed == timedelta(seconds=100)
        assert [(step.step, step.percent) for step in running.steps] == [("age", 100), ("accrue", 25)]
    assert (closed.date, closed.status, closed.percent, closed.elapsed) == (
        DAY,
        RunStatus.DONE,
        100,
        timedelta(seconds=80),
    )
    assert selectors.day_close(after) is not None
    assert selectors.day_close(OPENING) is None
    assert len(selectors.day_closes(limit=1)) == 1


def test_a_day_with_a_failed_step_is_failed_and_a_full_bar_means_done() -> None:
    step = DayCloseFactory(date=DAY, status="failed", total=3, done=3)
    assert step.percent == 99
    view = selectors.day_close(DAY)
    assert view is not None
    assert (view.status, view.percent, view.is_finished) == (RunStatus.FAILED, 99, True)


@pytest.mark.parametrize("count", [2, 20])
def test_the_list_of_days_takes_three_queries_however_long(count: int, django_assert_num_queries) -> None:
    for n in range(count):
        DayCloseFactory(date=DAY + timedelta(days=n))
    with django_assert_num_queries(3):
        assert len(selectors.day_closes()) == count


def test_a_leap_day_has_its_anniversary_on_the_first_of_march() -> None:
    assert clock.years_after(date(2024, 2, 29), 5) == date(2029, 3, 1)
    assert clock.years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert clock.years_after(date(2026, 11, 28), 5) == date(2031, 11, 28)
