"""The real card accounts: the mapping of a row, and the whole file where it is there."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account, Bill, ContactPoint, Customer, Payment, Standing
from accounts.selectors.verify import account_range, differences
from audit.services import SystemActor
from delinquency.books import figures
from delinquency.books.people import Person
from delinquency.books.real_data import compare, periods_late
from delinquency.books.uci import CREDIT, CardRow, LoadRefused, account_of, calendar, load_rows, read_rows
from delinquency.close_of_day import close_day
from runs import clock
from tests.sizes import sized

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "../shared/data/uci_credit_card_train.csv.gz"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LAST_DUE = date(2026, 11, 22)
SOMEBODY = Person("X-C", "某某", "x@example.com", "13800000000")
HEADER = (
    "ID,LIMIT_BAL,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,"
    "PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6\n"
)


@pytest.fixture
def real_file() -> Path:
    """The real file: required where CI is set, else the test says why it does not run."""
    if not FILE.exists() and not os.environ.get("CI"):
        pytest.skip("the card accounts' file is not beside the checkout (../shared/data)")
    return FILE


def card(balances: tuple[int, ...], received: tuple[int, ...]) -> CardRow:
    return CardRow(1, 1000, (0,) * 6, balances, received)


def test_months_keep_their_distances_and_the_last_due_date_is_the_one_given() -> None:
    months = calendar(LAST_DUE)
    assert months[-1].due_on == LAST_DUE
    statements = [month.statement_on for month in months]
    assert [(b - a).days for a, b in pairwise(statements)] == [31, 30, 31, 31, 30]
    assert all(month.due_on - month.statement_on == timedelta(days=20) for month in months)


def test_a_bill_is_the_balance_less_what_was_left_of_the_one_before() -> None:
    months = calendar(LAST_DUE)
    account = account_of(card((100, 150, 150, 60, 60, 0), (999, 40, 0, 0, 10, 60)), months, SOMEBODY, "X")
    assert [(bill.ref, bill.amount, bill.statement_on) for bill in account.bills] == [
        ("X-1", 100_00, months[0].statement_on),
        ("X-2", 90_00, months[1].statement_on),
        # no third bill: nothing was added; the fourth month is a credit of 90
        ("X-5", 10_00, months[4].statement_on),
    ]
    assert [(paid.ref, paid.amount, paid.effective_on) for paid in account.payments] == [
        ("X-P2", 40_00, months[0].due_on),
        ("X-C4", 90_00, months[3].statement_on),
        ("X-P5", 10_00, months[3].due_on),
        ("X-P6", 60_00, months[4].due_on),
    ]
    assert account.payments[1].channel == CREDIT


def test_a_first_balance_below_zero_is_a_credit_of_its_statement_day() -> None:
    months = calendar(LAST_DUE)
    account = account_of(card((-30, -30, 0, 0, 0, 0), (0,) * 6), months, SOMEBODY, "X")
    assert [(paid.ref, paid.amount) for paid in account.payments] == [("X-C1", 30_00)]
    assert [(bill.ref, bill.amount) for bill in account.bills] == [("X-3", 30_00)]


def test_months_late_are_the_due_dates_passed_since_the_debt_became_late() -> None:
    months = calendar(LAST_DUE)
    assert periods_late(None, months[:3]) == 0
    assert periods_late(months[2].due_on.toordinal(), months[:3]) == 1
    assert periods_late(months[0].due_on.toordinal(), months[:3]) == 3


def test_whole_numbers_may_be_written_with_an_exponent_and_nothing_else_passes(tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(HEADER + "1,1E+05" + ",0" * 18 + "\n")
    assert [row.limit for row in read_rows(file)] == [100_000]
    file.write_text(HEADER + "1,1.5" + ",0" * 18 + "\n")
    with pytest.raises(LoadRefused, match="not a whole number"):
        list(read_rows(file))
    file.write_text("ID\n1\n")
    with pytest.raises(LoadRefused, match="LIMIT_BAL"):
        list(read_rows(file))


@pytest.mark.django_db
def test_loading_a_file_twice_changes_nothing_and_a_part_of_it_is_refused(tmp_path: Path, capsys) -> None:
    file = tmp_path / "cards.csv"
    line = "{},5000,0,0,0,0,0,0,400,300,200,100,100,100,10,20,30,0,0,0\n"
    file.write_text(HEADER + line.format(1))
    with clock.frozen(NOON):
        call_command("load_uci", file)
        assert Bill.objects.order_by("-due_on").values_list("due_on", flat=True)[0] == LAST_DUE
        before = (Account.objects.count(), Bill.objects.count(), Payment.objects.count())
        call_command("load_uci", file)
        assert "nothing was changed" in capsys.readouterr().out
        file.write_text(HEADER + line.format(1) + line.format(2))
        with pytest.raises(CommandError, match="1 of the 2"):
            call_command("load_uci", file)
    assert (Account.objects.count(), Bill.objects.count(), Payment.objects.count()) == before
    assert Customer.objects.get().origin == "made"
    assert set(ContactPoint.objects.values_list("kind", "origin", "permitted", "relationship")) == {
        ("email", "made", True, "own"),
        ("mobile", "made", True, "own"),
    }


def _balances() -> dict[str, int]:
    with connection.cursor() as cursor:
        # Nothing is committed: autovacuum cannot see how large the tables are.
        cursor.execute("ANALYZE accounts_account, accounts_ledgerentry")
        cursor.execute(
            """SELECT a.ref, coalesce(sum(e.amount), 0)::int FROM accounts_account a
                 LEFT JOIN accounts_ledgerentry e ON e.account_id = a.id AND e.kind IN ('charge', 'payment')
                GROUP BY 1"""
        )
        return dict(cursor.fetchall())


@pytest.mark.django_db
@pytest.mark.timeout(900)  # the whole file; minutes where others use the machine too
def test_every_account_of_the_file_ends_at_its_last_balance(real_file: Path) -> None:
    """All rows (a tenth of them without FULL): counts, balances, the close after it, and who is newly late."""
    every = list(read_rows(real_file))
    assert len(every) == 23_886
    rows = every[:: sized(10, 1)]
    with clock.frozen(NOON):
        load_rows(rows, prefix="UCI", seed=350, origin="imported", actor=SystemActor("test"))
        assert len(rows) == Account.objects.count() == Customer.objects.count()
        assert _balances() == {f"UCI-{row.number:06d}": row.balances[-1] for row in rows}
        late_before = set(Standing.objects.values_list("account_id", flat=True))
        close_day(actor=SystemActor("test"))
        newly = Standing.objects.exclude(account_id__in=late_before)
        assert newly.count() > len(rows) // 24
        assert set(newly.values_list("overdue_since", flat=True)) == {LAST_DUE}
        first, _ = account_range()
        assert list(differences(first, first + 999)) == []
        found = compare(rows[:500], calendar(LAST_DUE))
    assert sum(found.pairs.values()) == 5 * 500


@pytest.mark.django_db
def test_the_report_tells_what_came_out(tmp_path: Path, capsys) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(HEADER + "1,5000,2,0,0,0,0,0,400,300,200,100,100,100,10,20,30,0,0,0\n")
    with clock.frozen(NOON):
        call_command("load_uci", file)
        call_command("close_day")
    capsys.readouterr()
    call_command("real_data_report", file)
    told = capsys.readouterr().out
    assert told.startswith("# The real card accounts")
    assert "1 of 1 accounts are late" in told.replace("  ", " ")
    with pytest.raises(CommandError):
        call_command("real_data_report", tmp_path / "nothing.csv")


def test_measuring_writes_the_figures_of_a_file(tmp_path: Path, real_file: Path, monkeypatch, capsys) -> None:
    """The committed figures come out again, to the letter."""
    written = tmp_path / "figures.json"
    committed = figures.FILE.read_text()
    monkeypatch.setattr(figures, "FILE", written)
    call_command("measure_uci", real_file)
    assert written.read_text() == committed
