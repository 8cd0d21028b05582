"""Lists as CSV that a spreadsheet opens without running anything: what begins like a formula is made text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.http import StreamingHttpResponse
from django.utils import timezone

# What a spreadsheet takes for the beginning of a formula, or strips to find one behind it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
# Without it Excel reads the file in the machine's own encoding, and Chinese becomes rubbish.
_MARK = "\N{BYTE ORDER MARK}"


def cell(value: object) -> str:
    """A value as a cell: moments in the reader's time zone, nothing for None, text never a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        # Never 0E-8.
        return f"{value:f}"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def lines(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file, line by line."""
    writer = csv.writer(_Echo())
    yield _MARK + writer.writerow([cell(value) for value in head])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def download(name: str, head: Sequence[object], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The file `name`.csv as an answer, sent while it is made."""
    response = StreamingHttpResponse(lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


class _Echo:
    """Gives a written line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text
