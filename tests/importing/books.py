"""Folders of CSV files for the tests of the import: a small good book, and ways to spoil it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command

# Real check digits, made-up people.
ID_NUMBER = "11010519491231002X"

GOOD: dict[str, list[list[str]]] = {
    "customers": [
        ["customer_ref", "name", "id_type", "id_number", "birth_date", "locale"],
        ["C1", "王小明", "resident-id", ID_NUMBER, "1949-12-31", "zh-Hans"],
        ["C2", "Ada Lovelace", "passport", "P1234567", "", "en"],
        ["C3", "李明", "", "", "", ""],
    ],
    "contacts": [
        ["customer_ref", "kind", "value", "source", "relationship", "permitted"],
        ["C1", "mobile", "+86 138 0013 8000", "contract", "own", "true"],
        ["C1", "email", "wang@example.com", "contract", "own", "yes"],
        ["C2", "email", "mother@example.com", "", "spouse", "no"],
        ["C2", "address", "1 High Street\nLondon", "web", "", ""],
    ],
    "accounts": [
        ["account_ref", "customer_ref", "product_code", "currency", "credit_limit", "opened_on", "final_due_on"],
        ["A1", "C1", "plain", "CNY", "5000", "2025-12-01", ""],
        ["A2", "C2", "plain", "CNY", "", "", "2026-03-25"],
    ],
    "bills": [
        ["bill_ref", "account_ref", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_due"],
        ["B1", "A1", "2026-01-05", "2026-01-25", "1000.00", "", "", "100.00"],
        ["B2", "A1", "2026-02-05", "2026-02-25", "780", "15.5", "4.50", "80"],
        ["B3", "A2", "2026-03-05", "2026-03-25", "600.00", "0", "0", ""],
    ],
    "payments": [
        ["payment_ref", "account_ref", "amount", "effective_on", "recorded_at", "channel"],
        ["P1", "A1", "100.00", "2026-01-24", "2026-03-02T12:00:00Z", "bank transfer"],
        ["P2", "A2", "1", "2026-03-20", "", ""],
    ],
    "holds": [
        ["account_ref", "kind", "starts_on", "ends_on", "reason"],
        ["A1", "deferral", "2026-02-26", "2026-03-01", "illness"],
        ["A1", "contact", "2026-02-01", "", ""],
    ],
}


@dataclass
class Folder:
    """A folder of an import. `files` are rows of cells, the header first."""

    path: Path
    files: dict[str, list[list[str]]] = field(
        default_factory=lambda: {k: [list(r) for r in v] for k, v in GOOD.items()}
    )

    def set(self, kind: str, line: int, /, **cells: str) -> Folder:
        """Change cells of a record, counted as lines of a file without line breaks in fields: the header is 1."""
        header = self.files[kind][0]
        for column, value in cells.items():
            self.files[kind][line - 1][header.index(column)] = value
        return self

    def add(self, kind: str, *cells: str) -> Folder:
        self.files[kind].append(list(cells))
        return self

    def only(self, *kinds: str) -> Folder:
        self.files = {kind: self.files[kind] for kind in kinds}
        return self

    def write(self) -> Folder:
        self.path.mkdir(exist_ok=True)
        for kind, rows in self.files.items():
            with (self.path / f"{kind}.csv").open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows(rows)
        return self

    def text(self, kind: str, text: str | bytes) -> Folder:
        """Write a file as it is given; the others must be written before."""
        self.path.mkdir(exist_ok=True)
        (self.path / f"{kind}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
        return self


@dataclass(frozen=True)
class Outcome:
    """What the command did: its exit status, what it printed, and the problems that it wrote."""

    status: int
    out: str
    err: str
    problems: Sequence[Mapping[str, str]]

    def places(self) -> list[tuple[str, int, str]]:
        """File, line and column of every problem."""
        return [(row["file"], int(row["line"]), row["column"]) for row in self.problems]


def import_book(folder: Path, *options: str) -> Outcome:
    """Run the command on a folder."""
    out, err = StringIO(), StringIO()
    errors = folder.parent / f"{folder.name}-errors.csv"
    status = 0
    try:
        call_command("import_book", str(folder), "--errors", str(errors), *options, stdout=out, stderr=err)
    except CommandError as error:
        status = error.returncode
        err.write(str(error))
    with errors.open(encoding="utf-8", newline="") as stream:
        problems = list(csv.DictReader(stream))
    return Outcome(status, out.getvalue(), err.getvalue(), problems)
