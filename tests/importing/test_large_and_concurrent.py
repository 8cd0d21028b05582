"""Large files, progress, and two imports at once."""

from __future__ import annotations

import io
import random
import tracemalloc
from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from accounts.importing import FileCount, ImportRefused, ImportReport, ProblemFile, from_folder, run_import
from accounts.importing.files import BILLS
from accounts.importing.stage import create_import_tables, stage_file
from accounts.models import Account, Bill, Customer, Payment
from accounts.selectors.verify import account_range, differences
from audit.services import SystemActor
from runs.locks import advisory_lock
from tests.importing.books import Folder

pytestmark = pytest.mark.django_db
ACTOR = SystemActor("test")


def imported(folder: Folder, **options: object) -> ImportReport:
    return run_import(from_folder(folder.path), actor=ACTOR, **options)


def test_reading_takes_no_more_memory_for_a_file_ten_times_as_long() -> None:
    def peak(rows: int) -> int:
        line = "{0},A{0},2026-01-05,2026-01-25,1000.00,,,100.00\n"
        text = "bill_ref,account_ref,statement_on,due_on,principal,interest,service_fee,minimum_due\n" + "".join(
            line.format(number) for number in range(rows)
        )
        stream = io.BytesIO(text.encode())
        with transaction.atomic(), connection.cursor() as cursor:
            create_import_tables(cursor)
            tracemalloc.start()
            assert stage_file(cursor, BILLS, stream).rows == rows
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            transaction.set_rollback(True)
        return most

    peak(100)  # what is imported and cached once
    assert peak(60_000) < 1.5 * peak(6_000) + 500_000


def test_a_random_book_of_a_few_thousand_rows_is_wholly_there_and_agrees_with_its_ledger(folder: Folder) -> None:
    chance = random.Random(7)
    start = date(2025, 1, 5)
    folder.files = {kind: [rows[0]] for kind, rows in folder.files.items()}
    for number in range(150):
        folder.add("customers", f"C{number}", f"Name, “{number}”\\", "", "", "", "")
        product = chance.choice(["plain", "instalment", "revolving"])
        folder.add("accounts", f"A{number}", f"C{number}", product, "CNY", "", "", "")
        for month in range(12):
            on = start + timedelta(days=30 * month)
            cells = (on.isoformat(), (on + timedelta(days=20)).isoformat(), f"{chance.randrange(0, 90_000) / 100:.2f}")
            folder.add("bills", f"B{number}-{month}", f"A{number}", *cells, "", "", "")
            if chance.random() < 0.7:
                paid = on + timedelta(days=chance.randrange(5, 45))
                amount = f"{chance.randrange(1, 90_000) / 100:.2f}"
                folder.add("payments", f"P{number}-{month}", f"A{number}", amount, paid.isoformat(), "", "")
        if chance.random() < 0.2:
            folder.add("holds", f"A{number}", "deferral", "2025-06-01", "2025-07-01", "tab\there \\ and\nthere")
    for rows in folder.files.values():
        body = rows[1:]
        chance.shuffle(body)
        rows[1:] = body
    report = imported(folder.write())
    assert report.ok, report.problems
    assert {count.file: count.new for count in report.files} == {
        f"{kind}.csv": len(rows) - 1 for kind, rows in folder.files.items()
    }
    assert (Bill.objects.count(), Payment.objects.count()) == (
        len(folder.files["bills"]) - 1,
        len(folder.files["payments"]) - 1,
    )
    assert Customer.objects.filter(name__endswith="\\").count() == 150
    assert list(differences(*account_range())) == []
    again = imported(folder)
    assert again.new_rows == 0
    assert again.loaded == {}


def test_a_book_imported_in_two_parts_is_the_book_imported_at_once(folder: Folder) -> None:
    """Bills first, money and holds another day: the same balances and standings."""
    folder.write()
    for kind in ("payments", "holds"):
        (folder.path / f"{kind}.csv").rename(folder.path / f"{kind}.later")
    assert imported(folder).ok
    for kind in ("payments", "holds"):
        (folder.path / f"{kind}.later").rename(folder.path / f"{kind}.csv")
    assert imported(folder).ok
    assert {bill.ref: str(bill.allocated) for bill in Bill.objects.all()} == {
        "B1": "100.00",
        "B2": "0.00",
        "B3": "1.00",
    }
    assert list(differences(*account_range())) == []


def test_progress_rises_to_its_end(folder: Folder) -> None:
    seen: list[tuple[int, int]] = []
    imported(folder.write(), on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _total in seen] == sorted(done for done, _total in seen)
    assert seen[-1] == (1000, 1000)


def test_an_import_while_another_runs_is_refused_and_says_who(folder: Folder) -> None:
    folder.write()
    with advisory_lock(0x494D50, "import of somebody"), pytest.raises(ImportRefused, match="import of somebody"):
        imported(folder)
    assert imported(folder).ok


def test_a_row_that_came_into_the_book_meanwhile_ends_the_import_in_words(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody posts the same reference between the checks and the writing."""
    from accounts.importing import run

    def posted_meanwhile(cursor: object) -> dict[str, int]:
        found = fill_staging(cursor)
        Customer.objects.create(ref="C1", name="x", recorded_at="2026-01-01T00:00Z")
        return found

    fill_staging = run.fill_staging
    monkeypatch.setattr(run, "fill_staging", posted_meanwhile)
    with pytest.raises(ImportRefused, match="changed while the import ran"):
        imported(folder.write())
    assert not Account.objects.exists()


def test_the_report_counts_and_keeps_the_first_problems_only(folder: Folder) -> None:
    for number in range(10):
        folder.add("payments", f"X{number}", "A1", "0", "bad", "", "")
    written = io.StringIO()
    report = imported(folder.write(), problem_file=ProblemFile(written), show=3)
    assert (report.problems_total, report.bad_rows, len(report.problems)) == (20, 10, 3)
    assert report.files[4] == FileCount("payments.csv", rows=12, new=2, unchanged=0, bad=10)
    assert written.getvalue().count("\r\n") == 21
