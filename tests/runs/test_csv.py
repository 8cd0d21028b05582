"""Lists as CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runs.csv import cell, download, lines


@pytest.mark.parametrize("text", ["=1+1", "+86 138", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_what_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_figures_and_moments_stay_what_they_are() -> None:
    assert cell(Decimal("-12.50")) == "-12.50"
    assert cell(None) == ""
    assert cell(datetime(2026, 11, 22, 4, 0, tzinfo=UTC)) == "2026-11-22 12:00"
    assert cell("a-b") == "a-b"


def test_a_file_says_its_encoding_and_is_never_shown_in_the_browser() -> None:
    assert list(lines(["姓名", "x"], [["a,b", 'c"d']])) == ["\ufeff姓名,x\r\n", '"a,b","c""d"\r\n']
    response = download("complaints", ["a"], [["=1"]])
    assert response["Content-Disposition"] == 'attachment; filename="complaints.csv"'
    assert b"".join(response.streaming_content).decode() == "\ufeffa\r\n'=1\r\n"
