"""The demo's clock never runs backwards and starts by day."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from delinquency import engines
from delinquency.demo.hours import (
    CLOSES,
    OPENS,
    RUNNING,
    DemoClock,
    choose_clock,
    keep_clock,
    read_clock,
    running,
)
from manage import join_demo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def test_by_day_the_clock_is_the_real_one() -> None:
    clock = choose_clock(at(23, 14), None)
    assert not clock.is_set
    assert clock.environment() == {}
    assert clock.now(at(23, 15)) == at(23, 15)
    assert not choose_clock(at(23, 16), clock).is_set


def test_at_night_it_is_put_to_ten() -> None:
    clock = choose_clock(at(23, 3), None)
    assert clock.is_set
    assert clock.shows == at(23, 10)
    assert clock.now(at(23, 4)) == at(23, 11)


def test_a_night_after_a_day_goes_on_with_the_next_morning() -> None:
    first = choose_clock(at(23, 14), None)
    assert choose_clock(at(23, 23), first).shows == at(24, 10)


def test_a_set_clock_goes_on_where_it_was() -> None:
    first = choose_clock(at(23, 3), None)
    assert choose_clock(at(23, 5), first).shows == at(23, 12)


@given(st.lists(st.integers(1, 3 * 24 * 60), min_size=1, max_size=12), st.integers(0, 24 * 60))
def test_it_never_runs_backwards_and_always_starts_by_day(pauses: list[int], start: int) -> None:
    real = at(1, 0) + timedelta(minutes=start)
    clock = choose_clock(real, None)
    for minutes in pauses:
        real += timedelta(minutes=minutes)
        shown = clock.now(real)
        clock = choose_clock(real, clock)
        assert clock.shows >= shown - timedelta(seconds=1)
        assert OPENS <= clock.shows.astimezone(SHANGHAI).time() < CLOSES


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    assert read_clock(file) is None
    for real in (at(23, 3), datetime(2026, 11, 23, 2, 30, tzinfo=UTC)):
        clock = choose_clock(real.astimezone(SHANGHAI), None)
        keep_clock(file, clock)
        assert read_clock(file) == clock


def test_commands_go_by_the_clock_of_the_demo_that_runs_and_of_no_other(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(engines, "var_folder", lambda: tmp_path)
    monkeypatch.setattr(engines, "database_is_embedded", lambda: True)
    clock = DemoClock(at(23, 10), 1_800_000_000.25, is_set=True).environment()

    def joined(**environment: str) -> dict[str, str]:
        with patch.dict(os.environ, environment):
            for name in clock.keys() - environment.keys():
                os.environ.pop(name, None)
            join_demo()
            return {name: os.environ[name] for name in clock if name in os.environ}

    assert joined() == {}
    with running(tmp_path / RUNNING, clock):
        assert joined() == clock
        # A second one in the folder goes by the first one's.
        with running(tmp_path / RUNNING, {}):
            assert joined() == clock
        own = {"DELINQUENCY_CLOCK": at(24, 10).isoformat()}
        assert joined(**own) == own
        monkeypatch.setattr(engines, "database_is_embedded", lambda: False)
        assert joined() == {}
        monkeypatch.setattr(engines, "database_is_embedded", lambda: True)
    # Its file stays, and says nothing any more.
    assert (tmp_path / RUNNING).exists()
    assert joined() == {}
    with running(tmp_path / RUNNING, {}):
        assert joined() == {}
