"""What an import found: counts a file, and every bad field with its place."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, NamedTuple

HEADER = ("file", "line", "column", "value", "expected")
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Problem(NamedTuple):
    """A field that is wrong. `line` is the physical line on which its record begins; personal values come masked."""

    file: str
    line: int
    column: str
    value: str
    expected: str


@dataclass
class FileCount:
    """Rows of one file: in all, new to the book, in it already with the same values, bad, and (payments) of no known account."""

    file: str
    rows: int = 0
    new: int = 0
    unchanged: int = 0
    bad: int = 0
    waiting: int = 0


@dataclass
class ImportReport:
    """The outcome. `problems` are the first of `problems_total`; with any, nothing was saved."""

    dry_run: bool
    files: list[FileCount] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problems_total: int = 0
    warnings: list[str] = field(default_factory=list)
    loaded: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems_total

    @property
    def bad_rows(self) -> int:
        return sum(count.bad for count in self.files)

    @property
    def new_rows(self) -> int:
        return sum(count.new for count in self.files)


def defused(text: str) -> str:
    """The text as a spreadsheet shows it, and never runs it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class ProblemFile:
    """Writes problems as CSV: file, line, column, value, expected."""

    def __init__(self, stream: IO[str]) -> None:
        self._writer = csv.writer(stream)
        self._writer.writerow(HEADER)

    def write(self, problems: Sequence[Problem]) -> None:
        """Append rows."""
        self._writer.writerows(
            (problem.file, problem.line, *map(defused, (problem.column, problem.value, problem.expected)))
            for problem in problems
        )
