"""Which days may be closed, in which order, and what a failure leaves. The steps are made up here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from accounts.models import Standing
from audit.models import Event
from audit.services import SystemActor
from delinquency import jobs
from delinquency.close_of_day import CloseRefused, Step, StepFailed, close_day
from runs import clock, selectors, services
from runs.models import BusinessDay, DayClose
from runs.services import StepRun
from tests.close_of_day.book import ACTOR, DAY, FIRST, MOVING_ON_DAY, NOON, OPENING, make_book

pytestmark = pytest.mark.django_db

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


class Recorder:
    """Steps that keep in which order they ran, each in two batches, and fail where they are told to."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, date, int]] = []
        self.fails_at: tuple[str, int] | None = None

    @property
    def steps(self) -> list[Step]:
        return [(name, self._step(name)) for name in ("one", "two")]

    def _step(self, name: str) -> Callable[[StepRun], None]:
        def step(run: StepRun) -> None:
            run.expect(2 - run.cursor)
            for key in range(run.cursor + 1, 3):
                with transaction.atomic():
                    if self.fails_at == (name, key):
                        raise LookupError("no rate for that day")
                    self.ran.append((name, run.day, key))
                    run.advance(cursor=key, done=1, seen=1)

        return step


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def opened() -> None:
    services.open_book(OPENING)


def counts() -> tuple[int, int, int]:
    return BusinessDay.objects.count(), DayClose.objects.count(), Event.objects.count()


def test_an_empty_book_has_no_day_to_close(recorder: Recorder) -> None:
    with pytest.raises(CloseRefused, match="import a book first"):
        close_day(actor=ACTOR, steps=recorder.steps)


@pytest.mark.usefixtures("opened")
def test_the_steps_run_in_order_and_seal_the_day(recorder: Recorder) -> None:
    (result,) = close_day(actor=ACTOR, day=FIRST, steps=recorder.steps)
    assert recorder.ran == [("one", FIRST, 1), ("one", FIRST, 2), ("two", FIRST, 1), ("two", FIRST, 2)]
    assert (result.day, result.already_closed) == (FIRST, False)
    assert [(step.step, step.counts) for step in result.steps] == [("one", {"seen": 2}), ("two", {"seen": 2})]
    assert list(DayClose.objects.order_by("position").values_list("step", "status", "total", "done")) == [
        ("one", "done", 2, 2),
        ("two", "done", 2, 2),
    ]
    assert BusinessDay.objects.get(date=FIRST).closed_at == NOON
    event = Event.objects.get()
    assert (event.actor_name, event.verb, event.subject_ref) == ("test", "day.closed", "2026-03-30")
    assert event.request_id == "close-day-2026-03-30"


@pytest.mark.usefixtures("opened")
def test_closing_a_day_again_adds_nothing_and_says_so(recorder: Recorder) -> None:
    with clock.frozen(clock.begins(DAY)):
        close_day(actor=ACTOR, through=DAY, steps=recorder.steps)
    before, ran = counts(), list(recorder.ran)
    for again in ({"day": FIRST}, {"day": DAY}, {"through": FIRST}, {"through": DAY}):
        (result,) = close_day(actor=ACTOR, steps=recorder.steps, **again)
        assert (result.day, result.already_closed) == (next(iter(again.values())), True)
    assert (counts(), recorder.ran) == (before, ran)


@pytest.mark.usefixtures("opened")
def test_a_day_out_of_order_is_refused_and_the_day_to_close_first_is_named(recorder: Recorder) -> None:
    close_day(actor=ACTOR, day=FIRST, steps=recorder.steps)
    ahead = clock.frozen(clock.begins(date(2026, 4, 2)))
    with ahead, pytest.raises(CloseRefused, match=r"2026-03-31 is not closed yet.*--through 2026-04-02"):
        close_day(actor=ACTOR, day=date(2026, 4, 2), steps=recorder.steps)
    assert selectors.book_day() == FIRST


@pytest.mark.usefixtures("opened")
def test_missed_days_are_closed_one_by_one(recorder: Recorder) -> None:
    with clock.frozen(NOON + timedelta(days=2)):
        results = close_day(actor=ACTOR, through=date(2026, 4, 1), steps=recorder.steps)
    assert [result.day for result in results] == [FIRST, DAY, date(2026, 4, 1)]
    assert [day for name, day, key in recorder.ran if (name, key) == ("one", 1)] == [FIRST, DAY, date(2026, 4, 1)]


@pytest.mark.usefixtures("opened")
def test_without_a_date_every_open_day_through_today_is_closed(recorder: Recorder) -> None:
    with clock.frozen(NOON + timedelta(days=1)):
        assert [result.day for result in close_day(actor=ACTOR, steps=recorder.steps)] == [FIRST, DAY]
        assert close_day(actor=ACTOR, steps=recorder.steps) == []


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("which", ["day", "through"])
def test_a_day_that_has_not_begun_is_refused_and_a_dry_run_may_look_ahead(which: str, recorder: Recorder) -> None:
    close_day(actor=ACTOR, through=clock.today(), steps=recorder.steps)
    before, tomorrow = counts(), clock.today() + timedelta(days=1)
    with pytest.raises(CloseRefused, match=f"{tomorrow} has not begun: today is {clock.today()}"):
        close_day(actor=ACTOR, steps=recorder.steps, **{which: tomorrow})
    (seen,) = close_day(actor=ACTOR, steps=recorder.steps, dry_run=True, **{which: tomorrow})
    assert (seen.day, counts()) == (tomorrow, before)
    midnight = clock.begins(tomorrow)
    with clock.frozen(midnight - timedelta(seconds=1)), pytest.raises(CloseRefused, match="has not begun"):
        close_day(actor=ACTOR, steps=recorder.steps, **{which: tomorrow})
    with clock.frozen(midnight):
        assert [one.day for one in close_day(actor=ACTOR, steps=recorder.steps, **{which: tomorrow})] == [tomorrow]


@pytest.mark.usefixtures("opened")
def test_the_first_close_is_of_no_day_ahead_either(recorder: Recorder) -> None:
    with pytest.raises(CloseRefused, match="has not begun"):
        close_day(actor=ACTOR, day=clock.today() + timedelta(days=30), steps=recorder.steps)
    assert selectors.book_day() == OPENING


@pytest.mark.usefixtures("opened")
def test_one_date_at_most(recorder: Recorder) -> None:
    with pytest.raises(CloseRefused, match="one date"):
        close_day(actor=ACTOR, day=FIRST, through=DAY, steps=recorder.steps)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("which", ["day", "through"])
def test_the_first_close_may_be_of_a_day_long_before_the_opening(which: str, recorder: Recorder) -> None:
    results = close_day(actor=ACTOR, steps=recorder.steps, **{which: date(2025, 6, 30)})
    assert [result.day for result in results] == [date(2025, 6, 30)]
    assert BusinessDay.objects.get(is_opening=True).date == date(2025, 6, 29)
    with pytest.raises(CloseRefused, match="lies before the book"):
        close_day(actor=ACTOR, day=date(2025, 6, 1), steps=recorder.steps)


@pytest.mark.usefixtures("opened")
def test_the_first_close_may_be_of_a_day_after_the_opening(recorder: Recorder) -> None:
    later = date(2026, 9, 1)
    with clock.frozen(clock.begins(later)):
        assert [result.day for result in close_day(actor=ACTOR, day=later, steps=recorder.steps)] == [later]
    assert BusinessDay.objects.get(is_opening=True).date == date(2026, 8, 31)


@pytest.mark.usefixtures("opened")
def test_a_first_close_that_has_begun_is_finished_before_any_other(recorder: Recorder) -> None:
    recorder.fails_at = ("two", 1)
    with clock.frozen(clock.begins(date(2026, 6, 1))):
        with pytest.raises(StepFailed):
            close_day(actor=ACTOR, day=DAY, steps=recorder.steps)
        recorder.fails_at = None
        with pytest.raises(CloseRefused, match="2026-03-31 is not closed yet"):
            close_day(actor=ACTOR, day=date(2026, 6, 1), steps=recorder.steps)
        assert [result.day for result in close_day(actor=ACTOR, day=DAY, steps=recorder.steps)] == [DAY]


def test_the_first_close_brings_the_whole_book_to_its_day() -> None:
    make_book()
    assert Standing.objects.get(account__ref="A-cured").bucket == "M1"
    early = date(2026, 3, 5)
    close_day(actor=ACTOR, day=early)
    assert not Standing.objects.filter(account__ref="A-cured").exists()
    assert set(Standing.objects.values_list("account__ref", flat=True)) == {f"A-old{n}" for n in range(MOVING_ON_DAY)}


@pytest.mark.usefixtures("opened")
def test_a_failed_step_keeps_its_error_and_is_taken_up_behind_its_last_batch(recorder: Recorder) -> None:
    recorder.fails_at = ("two", 2)
    with pytest.raises(StepFailed, match=r"two of 2026-03-30 failed: LookupError: no rate"):
        close_day(actor=ACTOR, day=FIRST, steps=recorder.steps)
    row = DayClose.objects.get(step="two")
    assert (row.status, row.cursor, row.error) == ("failed", 1, "LookupError: no rate for that day")
    assert selectors.open_day() == FIRST
    recorder.fails_at, recorder.ran = None, []
    (result,) = close_day(actor=ACTOR, day=FIRST, steps=recorder.steps)
    assert recorder.ran == [("two", FIRST, 2)]
    assert [(step.step, step.counts) for step in result.steps] == [("one", {"seen": 2}), ("two", {"seen": 2})]
    assert DayClose.objects.values_list("status", "total", "done", "error").get(step="two") == ("done", 2, 2, "")


@pytest.mark.usefixtures("opened")
def test_a_later_day_is_not_begun_when_one_fails(recorder: Recorder) -> None:
    recorder.fails_at = ("one", 1)
    with clock.frozen(clock.begins(DAY)), pytest.raises(StepFailed):
        close_day(actor=ACTOR, through=DAY, steps=recorder.steps)
    assert not DayClose.objects.filter(date=DAY).exists()


@pytest.mark.usefixtures("opened")
def test_a_day_whose_steps_are_all_done_is_still_sealed(recorder: Recorder) -> None:
    """As when the list of steps became shorter between a crash and the next run."""
    for position, (name, _step) in enumerate(recorder.steps, start=1):
        run = services.begin_step(day=FIRST, step=name, position=position)
        assert run is not None
        services.finish_step(run)
    close_day(actor=ACTOR, day=FIRST, steps=recorder.steps)
    assert (recorder.ran, selectors.book_day()) == ([], FIRST)


@pytest.mark.usefixtures("opened")
def test_a_dry_run_leaves_nothing_behind(recorder: Recorder) -> None:
    before = counts()
    results = close_day(actor=ACTOR, through=DAY, dry_run=True, steps=recorder.steps)
    assert [(result.day, [step.counts for step in result.steps]) for result in results] == [
        (FIRST, [{"seen": 2}] * 2),
        (DAY, [{"seen": 2}] * 2),
    ]
    assert (counts(), selectors.book_day()) == (before, OPENING)
    recorder.fails_at = ("one", 2)
    with pytest.raises(StepFailed, match="no rate"):
        close_day(actor=ACTOR, through=DAY, dry_run=True, steps=recorder.steps)
    assert counts() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("opened")
def test_a_connection_lost_in_a_step_loses_one_batch(recorder: Recorder) -> None:
    def cut_off(run: StepRun) -> None:
        recorder.steps[0][1](run)
        with transaction.atomic():
            run.advance(cursor=3, done=1)
            connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StepFailed, match="one of 2026-03-30 failed"):
        close_day(actor=ACTOR, day=FIRST, steps=[("one", cut_off), recorder.steps[1]])
    row = DayClose.objects.get()
    assert (row.status, row.cursor, row.done) == ("failed", 2, 2)
    close_day(actor=ACTOR, day=FIRST, steps=recorder.steps)
    assert selectors.book_day() == FIRST


@pytest.mark.django_db(transaction=True)
def test_of_two_closes_at_once_one_works_and_the_other_says_so(
    opened: None, recorder: Recorder, process_environment: dict[str, str]
) -> None:
    def close_beside(run: StepRun) -> None:
        other = subprocess.run(
            [sys.executable, "manage.py", "close_day", "--date", FIRST.isoformat()],
            env=process_environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert other.returncode == 1, other
        assert "Another close of day is running" in other.stderr
        assert "first one, since" in other.stderr
        assert "It is at step zero of 2026-03-30" in other.stderr
        assert "Traceback" not in other.stderr

    steps = [("zero", close_beside), *recorder.steps]
    close_day(actor=SystemActor("first one"), day=FIRST, steps=steps)
    assert len(recorder.ran) == 4
    assert DayClose.objects.count() == 3


@pytest.mark.parametrize(
    ("moment", "ended"),
    [
        (datetime(2026, 3, 30, 15, 29, tzinfo=UTC), date(2026, 3, 29)),  # 23:29 in Shanghai
        (datetime(2026, 3, 30, 15, 30, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 3, 30, 16, 10, tzinfo=UTC), date(2026, 3, 30)),  # 00:10 on the 31st
    ],
)
def test_the_nightly_close_ends_with_the_last_day_whose_closing_time_has_passed(moment: datetime, ended: date) -> None:
    with clock.frozen(moment):
        assert jobs.last_ended_day() == ended


def test_the_nightly_close_leaves_an_empty_book_alone_and_catches_up_what_was_missed() -> None:
    assert jobs.close_day_nightly() == []
    make_book()
    with clock.frozen(datetime(2026, 3, 31, 15, 31, tzinfo=UTC)):
        assert jobs.close_day_nightly() == ["2026-03-30", "2026-03-31"]
        assert jobs.close_day_nightly() == []
    with clock.frozen(datetime(2026, 3, 31, 17, 0, tzinfo=UTC)):
        assert jobs.close_day_nightly() == []


def test_the_nightly_close_of_a_book_opened_today_waits_for_the_end_of_the_day() -> None:
    make_book()
    with clock.frozen(NOON + timedelta(hours=1)):
        assert jobs.close_day_nightly() == []
    assert selectors.book_day() == OPENING
