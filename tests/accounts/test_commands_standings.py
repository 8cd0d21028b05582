"""manage.py standings: every account, as `standing` says, in one process or several."""

from __future__ import annotations

import csv
import functools
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from accounts.rules import money, to_date
from accounts.selectors import standings
from accounts.selectors.standings import HEADER, Asked, standings_between, standings_csv
from accounts.selectors.verify import account_range
from runs import clock
from runs.parallel import over_ranges
from tests.accounts.test_standing_examples import TABLES
from tests.accounts.worked_examples import import_examples
from tests.importing.books import Folder, import_book

pytestmark = pytest.mark.django_db


def run(*options: str) -> list[dict[str, str]]:
    out = io.StringIO()
    call_command("standings", "--csv", "-", *options, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_the_worked_examples_come_out_as_written(tmp_path: Path) -> None:
    """An imported book, asked on every day and moment of the tables."""
    accounts = import_examples(tmp_path / "book")
    for title, (_account, rows) in TABLES.items():
        for row in rows:
            known = ["--known-at", row.known_at] if row.known_at else []
            told = {line["account_ref"]: line for line in run("--as-of", row.as_of, *known)}
            expected = row.expected()
            assert told[accounts[title].ref] == {
                "account_ref": accounts[title].ref,
                "overdue_since": expected.overdue_since.isoformat() if expected.overdue_since else "",
                "days_past_due": str(expected.days_past_due),
                "bucket": expected.bucket,
                "overdue_kind": expected.kind,
                "risk_class": expected.risk_class,
                "overdue_amount": str(expected.overdue_amount),
            }


def test_every_account_is_there_in_order_late_or_not_billed_or_not(folder: Folder) -> None:
    folder.add("accounts", "Z, with comma", "C3", "instalment", "CNY", "", "", "")
    folder.add("accounts", "A0", "C3", "revolving", "CNY", "", "", "")
    assert import_book(folder.write().path).status == 0
    lines = run("--as-of", "2026-03-01")
    assert [line["account_ref"] for line in lines] == list(Account.objects.order_by("pk").values_list("ref", flat=True))
    unbilled = next(line for line in lines if line["account_ref"] == "Z, with comma")
    assert list(unbilled.values())[1:] == ["", "0", "M0", "", "normal", "0.00"]
    assert list(lines[0]) == list(HEADER)


def test_the_file_says_what_standing_says(folder: Folder, tmp_path: Path) -> None:
    assert import_book(folder.write().path).status == 0
    target = tmp_path / "standings.csv"
    for as_of in (date(2026, 1, 26), date(2026, 3, 1), date(2026, 9, 1)):
        call_command("standings", "--as-of", as_of.isoformat(), "--csv", str(target))
        with target.open(newline="") as stream:
            lines = list(csv.DictReader(stream))
        for line, (facts, how_late) in zip(lines, standings_between(Asked(as_of), *account_range()), strict=True):
            assert line["account_ref"] == facts.ref
            assert line["overdue_since"] == str(to_date(how_late.overdue_since) or "")
            assert line["days_past_due"] == str(how_late.days_past_due)
            assert line["overdue_amount"] == str(money(how_late.overdue_amount))


def test_without_a_date_it_is_the_day_the_book_stands_on(folder: Folder) -> None:
    with clock.frozen(datetime(2026, 2, 10, 12, tzinfo=UTC)):
        assert import_book(folder.write().path).status == 0
    assert run() == run("--as-of", "2026-02-09")
    assert run() != run("--as-of", "2026-02-28")


def test_an_empty_book_has_a_header() -> None:
    out = io.StringIO()
    call_command("standings", "--csv", "-", stdout=out)
    assert out.getvalue() == ",".join(HEADER) + "\r\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--as-of", "yesterday"],
        ["--as-of", "2026-02-30"],
        ["--known-at", "2026-02-01T00:00:00"],
        ["--known-at", "now"],
        ["--csv", "/no/such/folder/x.csv"],
    ],
)
def test_what_makes_no_sense_is_refused_in_words(options: list[str]) -> None:
    with pytest.raises(CommandError, match=r"no date|no moment|cannot be written"):
        call_command("standings", "--csv", "-", *options)


@pytest.mark.django_db(transaction=True)
def test_several_processes_write_what_one_writes(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of one account each, so that a small book is spread over processes."""
    for number in range(40):
        folder.add("accounts", f"N{number:02d}", "C3", "plain", "CNY", "", "", "")
        folder.add("bills", f"N{number:02d}-B", f"N{number:02d}", "2026-01-05", "2026-01-25", str(number), "", "", "")
    assert import_book(folder.write().path).status == 0
    alone = list(standings_csv(Asked(date(2026, 2, 1)), processes=1))
    monkeypatch.setattr(standings, "over_ranges", functools.partial(over_ranges, size=7))
    spread = list(standings_csv(Asked(date(2026, 2, 1)), processes=2))
    assert "".join(spread) == "".join(alone)
    assert len(spread) > len(alone)
