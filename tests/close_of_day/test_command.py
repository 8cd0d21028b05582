"""manage.py close_day: what it prints, and its exit status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, StandingChange
from accounts.selectors.explain import explain
from delinquency.bench.closing import close as bench_close
from reminders.models import Message
from runs import clock, selectors
from tests.close_of_day.book import DAY, FIRST, MOVING_ON_DAY, NEWLY_LATE_ON_DAY, NOON, OPENING, make_book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


def close(*arguments: str) -> str:
    out = StringIO()
    call_command("close_day", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_each_step_with_its_counts() -> None:
    make_book()
    lines = close("--date", FIRST.isoformat()).splitlines()
    assert lines[0].startswith("2026-03-30 closed in ")
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "age",
        "accrue",
        "plans",
        "cases",
        "promises",
        "waivers",
        "priorities",
        "strategy",
        "freezes",
    ]
    assert close("--date", FIRST.isoformat()) == "2026-03-30 is closed already; nothing was done.\n"
    assert close() == "Nothing to close: every day through 2026-03-30 is closed.\n"


def test_a_dry_run_says_what_would_change_and_why_and_changes_nothing() -> None:
    make_book()
    close("--date", FIRST.isoformat())
    before = StandingChange.objects.count()
    text = close("--date", DAY.isoformat(), "--dry-run")
    assert text.startswith("2026-03-31 would be closed:\n")
    told = {line.split(":")[0].strip(): line for line in text.splitlines() if line.startswith("  A-")}
    assert told["A-new0"].startswith("  A-new0: not late → M1 single special-mention. ")
    assert told["A-old0"].startswith("  A-old0: M1 single special-mention → M2 single special-mention. ")
    assert told["A-cured"].startswith("  A-cured: M1 single special-mention → not late. ")
    for account, line in told.items():
        why = explain(Account.objects.get(ref=account), as_of=DAY).summary
        assert line.endswith(why)
    assert text.endswith(f"  {NEWLY_LATE_ON_DAY + MOVING_ON_DAY + 1} standings would change.\n")
    assert StandingChange.objects.count() == before
    assert not Message.objects.filter(business_day=DAY).exists()
    assert selectors.book_day() == FIRST


def test_a_dry_run_lists_so_many_changes_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delinquency.close_of_day.LISTED_CHANGES", 2)
    make_book()
    close("--date", FIRST.isoformat())
    text = close("--date", DAY.isoformat(), "--dry-run")
    assert text.count(" → ") == 2
    assert f"  … and {NEWLY_LATE_ON_DAY + MOVING_ON_DAY - 1} more.\n" in text


def test_a_dry_run_of_an_early_first_close_tells_what_that_close_changes_and_not_the_opening() -> None:
    make_book()
    early = (FIRST - timedelta(days=10)).isoformat()
    told = re.search(r"(\d+) standings? would change|No standing would change", close("--date", early, "--dry-run"))
    assert told
    (day,) = json.loads(close("--date", early, "--json"))["days"]
    counts = day["steps"][0]["counts"]
    assert int(told[1] or 0) == sum(counts.get(name, 0) for name in ("became_late", "moved", "cured"))


def test_a_wrong_date_is_named_with_what_was_expected() -> None:
    with pytest.raises(CommandError, match="“2026-13-01” is no date; expected a date as YYYY-MM-DD"):
        close("--date", "2026-13-01")


def test_a_dry_run_of_a_first_close_elsewhere_moves_nothing() -> None:
    make_book()
    close("--date", DAY.isoformat(), "--dry-run")
    assert selectors.book_day() == OPENING


def test_the_json_is_for_machines() -> None:
    make_book()
    with clock.frozen(clock.begins(DAY)):
        result = json.loads(close("--through", DAY.isoformat(), "--json"))
    assert result["dry_run"] is False
    assert [day["day"] for day in result["days"]] == ["2026-03-30", "2026-03-31"]
    last = result["days"][-1]
    assert [step["step"] for step in last["steps"]] == [
        *("age", "accrue", "plans", "cases", "promises", "waivers", "priorities", "strategy", "freezes")
    ]
    assert last["steps"][0]["counts"]["became_late"] == NEWLY_LATE_ON_DAY
    assert last["steps"][-2]["counts"]["queued"] == NEWLY_LATE_ON_DAY
    assert last["seconds"] >= last["steps"][0]["seconds"] >= 0
    assert "changes" not in last
    again = json.loads(close("--date", DAY.isoformat(), "--json", "--dry-run"))
    assert [(day["day"], day["already_closed"], day["changes"]) for day in again["days"]] == [("2026-03-31", True, [])]


def test_what_cannot_be_done_is_an_error() -> None:
    with pytest.raises(CommandError, match="import a book first"):
        close()
    for wrong in (
        ["--date", "31.3.2026"],
        ["--date", "2026-02-30"],
        ["--date", "2026-03-30", "--through", "2026-03-31"],
    ):
        with pytest.raises(CommandError):
            close(*wrong)


def test_the_benchmark_closes_days_that_have_not_begun_under_a_clock_of_their_own() -> None:
    make_book()
    for day in (FIRST, DAY):
        (told,) = bench_close(seed=1)["days"]
        assert (told["day"], told["already_closed"]) == (day.isoformat(), False)
    assert selectors.book_day() == DAY > clock.today()
