"""Reads one file as a stream, checks every field, and copies the rows into the file's staging table."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, BinaryIO

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.importing.files import FILES, ImportFile
from accounts.importing.values import BadValue, is_undecoded

BLOCK = 2_000
_VALUE_SHOWN = 200
_SPOOL_BYTES = 4 * 1024 * 1024


@dataclass
class Staged:
    """How many records a file holds, and whether it could be read at all (its header was good)."""

    rows: int = 0
    readable: bool = True


def create_import_tables(cursor: CursorWrapper) -> None:
    """Create the empty tables of an import, gone at the end of the transaction.

    Fields that are empty or bad are null. `import_problem` is kept in the order of files, lines and columns when read.
    """
    for file in FILES:
        cursor.execute(f"CREATE TEMP TABLE {file.table} (line bigint, {file.staged}) ON COMMIT DROP")
    cursor.execute(
        "CREATE TEMP TABLE import_problem (file int, line bigint, position int, column_name text, value text, expected text)"
        " ON COMMIT DROP"
    )


class _Problems:
    """Problems of one file, kept on the disk until its COPY is over: one connection copies into one table at a time."""

    def __init__(self, file: ImportFile, spool: IO[str]) -> None:
        self.file = file
        self._spool = spool
        self._writer = csv.writer(spool)
        self._places = {column.name: place for place, column in enumerate(file.columns)}

    def add(self, line: int, column: str, value: str, expected: str) -> None:
        place = self._places.get(column, -1)
        mask = self.file.columns[place].mask if place >= 0 else None
        shown = (mask(value) if mask else value)[:_VALUE_SHOWN]
        self._writer.writerow((self.file.number, line, place, _storable(column), _storable(shown), expected))

    def copy(self, cursor: CursorWrapper) -> None:
        """Put what was found into `import_problem`."""
        self._spool.seek(0)
        with cursor.copy(
            "COPY import_problem FROM STDIN WITH (FORMAT csv, FORCE_NOT_NULL (column_name, value))"
        ) as copy:
            while block := self._spool.read(1 << 20):
                copy.write(block)


def stage_file(
    cursor: CursorWrapper, file: ImportFile, stream: BinaryIO, on_bytes: Callable[[int], None] | None = None
) -> Staged:
    """Stage a file's rows and what is wrong with their fields. Memory does not grow with the file.

    A row with a bad field is staged too, that field null, so that rows which refer to it are not blamed for it.
    `on_bytes` is told how far into the file the reading is.
    """
    with (
        tempfile.SpooledTemporaryFile(_SPOOL_BYTES, "w+", encoding="utf-8", newline="") as spool,
        # Bytes that are no UTF-8 become surrogates, which the checks of the fields find.
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        problems = _Problems(file, spool)
        staged = _Stager(file, problems).run(cursor, text, (lambda: on_bytes(stream.tell())) if on_bytes else None)
        problems.copy(cursor)
    return staged


class _Stager:
    """The passage of one file."""

    def __init__(self, file: ImportFile, problems: _Problems) -> None:
        self.file = file
        self.problems = problems
        self.parsers = [column.parse for column in file.columns]
        self.required = [place for place, column in enumerate(file.columns) if column.required]
        self.orders = [(file.position(first), file.position(second)) for first, second in file.orders]
        self.staged = Staged()

    def run(self, cursor: CursorWrapper, text: io.TextIOWrapper, on_block: Callable[[], None] | None) -> Staged:
        records = _records(text, self.problems)
        picks = self._header(next(records, None))
        if picks is None:
            self.staged.readable = False
            return self.staged
        block: list[list[str]] = []
        with cursor.copy(f"COPY {self.file.table} FROM STDIN WITH (FORMAT text, NULL '')") as copy:
            for row in self._rows(records, picks):
                block.append(row)
                if len(block) >= BLOCK:
                    copy.write(_copy_text(block))
                    block.clear()
                    if on_block:
                        on_block()
            if block:
                copy.write(_copy_text(block))
        return self.staged

    def _header(self, first: tuple[int, list[str]] | None) -> list[int] | None:
        """Where each column stands in a row, -1 where the file leaves it out; None when the header is bad."""
        known = [column.name for column in self.file.columns]
        every = ", ".join(known)
        if first is None:
            self.problems.add(
                1, "", "", _("a header line with the columns %(columns)s, separated by commas") % {"columns": every}
            )
            return None
        line, header = first
        names = [name.strip().lower() for name in header]
        if not set(names) & set(known):
            # Rows without a header, or another separator: a person's data may stand in it, so its text is not told.
            found = ngettext("%(count)d field", "%(count)d fields", len(header)) % {"count": len(header)}
            expected = _("a header line with the columns %(columns)s, separated by commas") % {"columns": every}
            self.problems.add(line, "", found, expected)
            return None
        bad = False
        for place, name in enumerate(names):
            if name not in known:
                self.problems.add(line, name, header[place], _("one of the columns %(columns)s") % {"columns": every})
                bad = True
            elif name in names[:place]:
                self.problems.add(line, name, header[place], _("each column once"))
                bad = True
        for column in self.file.columns:
            if column.required and column.name not in names:
                self.problems.add(line, column.name, "", _("this column: it is required"))
                bad = True
        return None if bad else [names.index(name) if name in names else -1 for name in known]

    def _rows(self, records: Iterator[tuple[int, list[str]]], picks: list[int]) -> Iterator[list[str]]:
        """The rows as they are staged: the line, then the normal form of every field."""
        parsers, required, orders, finish = self.parsers, self.required, self.orders, self.file.finish
        width = sum(pick >= 0 for pick in picks)
        as_it_comes = picks == list(range(len(picks)))
        for line, record in records:
            self.staged.rows += 1
            if len(record) != width:
                if record:
                    self._wrong_width(line, record, width)
                # What can be told of the row is its reference: those that name it are not to blame.
                values = [
                    self._salvaged(place, record[pick]) if 0 <= pick < len(record) else ""
                    for place, pick in enumerate(picks)
                ]
                yield [str(line), *(finish(values, _ignore) if finish else values)]
                continue
            if not as_it_comes:
                record = [record[pick] if pick >= 0 else "" for pick in picks]
            try:
                values = [
                    parse(text) if (text := field.strip()) else "" for parse, field in zip(parsers, record, strict=True)
                ]
                good = all(values[place] for place in required)
            except BadValue:
                good = False
            if not good:
                values = self._complain(line, record)
            for first, second in orders:
                if values[second] and values[second] < values[first]:
                    self._wrong_order(line, values, first, second)
            if finish is not None:
                values = finish(values, partial(self._blame, line, record))
            yield [str(line), *values]

    def _complain(self, line: int, record: list[str]) -> list[str]:
        """Say what is wrong with each field; return the row with those emptied."""
        values = []
        for column, field in zip(self.file.columns, record, strict=True):
            text, value = field.strip(), ""
            if text:
                try:
                    value = column.parse(text)
                except BadValue as error:
                    self.problems.add(line, column.name, text, _("text in UTF-8") if is_undecoded(text) else str(error))
            elif column.required:
                self.problems.add(line, column.name, "", _("a value: this column cannot be empty"))
            values.append(value)
        return values

    def _salvaged(self, place: int, field: str) -> str:
        column = self.file.columns[place]
        if column.name != self.file.key:
            return ""
        try:
            return column.parse(field.strip()) if field.strip() else ""
        except BadValue:
            return ""

    def _blame(self, line: int, record: list[str], column: str, expected: str) -> None:
        self.problems.add(line, column, record[self.file.position(column)].strip(), expected)

    def _wrong_order(self, line: int, values: list[str], first: int, second: int) -> None:
        columns = self.file.columns
        self.problems.add(
            line,
            columns[second].name,
            values[second],
            _("a date on or after %(column)s, %(date)s") % {"column": columns[first].name, "date": values[first]},
        )
        values[second] = ""

    def _wrong_width(self, line: int, record: list[str], width: int) -> None:
        found = ngettext("%(count)d field", "%(count)d fields", len(record)) % {"count": len(record)}
        wanted = ngettext("%(count)d field, as in the header", "%(count)d fields, as in the header", width)
        self.problems.add(line, "", found, wanted % {"count": width})


def _storable(text: str) -> str:
    """Text that PostgreSQL takes: bytes that were no UTF-8, and zeros, become escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _ignore(column: str, expected: str) -> None:
    """For a row whose fault is told already."""


def _records(text: io.TextIOWrapper, problems: _Problems) -> Iterator[tuple[int, list[str]]]:
    """The records with the physical line on which each begins; an empty one where no record could be made of the text.

    Blank lines are none. After a bad record the file is read on, so that everything wrong is told at once.
    """
    reader = csv.reader(text, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(line, "", "", _("a CSV record: %(error)s") % {"error": error})
            yield line, []
            continue
        if record and (len(record) > 1 or record[0].strip()):
            yield line, record


def _copy_text(rows: list[list[Any]]) -> bytes:
    """Rows in COPY's text format; the empty string stands for null."""
    text = "\n".join(["\t".join(row) for row in rows]) + "\n"
    if (
        "\\" in text
        or "\r" in text
        or text.count("\n") != len(rows)
        or text.count("\t") != len(rows) * (len(rows[0]) - 1)
    ):
        text = "".join(["\t".join(map(_escaped, row)) + "\n" for row in rows])
    return text.encode()


def _escaped(field: str) -> str:
    return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
