"""What an import between two closes does to the cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from cases.models import Case
from runs import clock
from tests.importing.books import Folder, import_book
from tests.nights import close_night

pytestmark = pytest.mark.django_db
DAY = date(2026, 4, 10)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(datetime(2026, 4, 10, 4, 0, tzinfo=UTC)):
        yield


def _import(path: Path, **rows: list[list[str]]) -> None:
    folder = Folder(path)
    folder.files = {kind: [folder.files[kind][0], *new] for kind, new in rows.items()}
    outcome = import_book(folder.write().path)
    assert outcome.status == 0, outcome.err


def test_an_import_moves_the_open_cases_at_once_and_leaves_new_ones_to_the_next_close(tmp_path: Path) -> None:
    assert import_book(Folder(tmp_path / "book").write().path).status == 0
    close_night(DAY)
    case = Case.objects.get(customer__ref="C2", status="open")
    assert (case.overdue_amount, case.late_accounts) == (Decimal("599.00"), 1)

    _import(
        tmp_path / "more",
        accounts=[["A3", "C2", "plain", "CNY", "", "", ""], ["A4", "C3", "plain", "CNY", "", "", ""]],
        bills=[
            ["B4", "A3", "2026-02-01", "2026-02-20", "50", "", "", ""],
            ["B5", "A4", "2026-02-01", "2026-02-20", "70", "", "", ""],
        ],
    )
    case.refresh_from_db()
    assert (case.overdue_amount, case.late_accounts, case.bucket) == (Decimal("649.00"), 2, "M2")
    assert not Case.objects.filter(customer__ref="C3").exists()
    call_command("verify_book", processes=1)

    close_night(date(2026, 4, 11))
    assert Case.objects.get(customer__ref="C3", status="open").overdue_amount == Decimal("70.00")
    call_command("verify_book", processes=1)
