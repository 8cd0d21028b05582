"""Printed letters: each a PDF in a print batch, which is a folder that appears whole, with a manifest, or not at all.

    <LETTER_DIR>/<batch>/<message>.pdf, manifest.csv (file, sha256, pages, language)

While it is made the folder's name begins with a dot and its maker holds a lock in it. One whose maker died is made good by
the next: what it holds was handed over, as far as anybody knows.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from reminders.channels import Going, Outgoing, Sent, TransportError
from reminders.channels.letter.fonts import Font, common_part, find_font
from reminders.channels.letter.page import Unprintable, print_letter
from reminders.channels.print_folders import COLUMNS, MANIFEST
from runs import clock

_LOCK = ".lock"


class Adapter:
    """Letters into folders for the printer."""

    def __init__(self) -> None:
        self._folder: Path = settings.LETTER_DIR
        self._font: Font = find_font()
        self._common: Font = common_part(self._font)

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Print each letter, in order; the folder appears when the batch ends, and none where nothing was printed."""
        finish_abandoned(self._folder)
        made: PrintFolder | None = None
        try:
            for outgoing in filter(None, batch):
                result: Sent | TransportError
                try:
                    data, pages = self._printed(outgoing)
                    made = made or PrintFolder(self._folder)
                    result = Sent(made.add(outgoing, data, pages))
                except Unprintable as error:
                    result = TransportError(f"letter: {error}", permanent=True)
                except OSError as error:
                    result = TransportError(f"letter: cannot be kept: {type(error).__name__}", permanent=False)
                yield outgoing, result
        finally:
            if made is not None:
                made.finish()

    def _printed(self, outgoing: Outgoing) -> tuple[bytes, int]:
        try:
            return print_letter(outgoing, self._common)
        except Unprintable:
            # A rare character, which the whole font has, or something that it cannot print either.
            return print_letter(outgoing, self._font, replaces=True)


class PrintFolder:
    """One folder in the making."""

    def __init__(self, folder: Path) -> None:
        self.name = f"{clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / f".{self.name}"
        self._path.mkdir(mode=0o700)
        self._lock = _locked(self._path)

    def add(self, outgoing: Outgoing, data: bytes, pages: int) -> str:
        """Keep one letter for good before anybody is told that it went; its name in the batch."""
        name = f"{outgoing.message_id}.pdf"
        _write(self._path / name, data)
        # One line a letter; a letter without its line was never handed over.
        with (self._path / MANIFEST).open("a", newline="", encoding="utf-8") as file:
            row = csv.writer(file)
            if file.tell() == 0:
                row.writerow(COLUMNS)
            row.writerow((name, hashlib.sha256(data).hexdigest(), pages, outgoing.language))
            file.flush()
            os.fsync(file.fileno())
        return f"{self.name}/{name}"

    def finish(self) -> None:
        """Let the folder appear."""
        _finish(self._path)
        os.close(self._lock)


def finish_abandoned(folder: Path) -> int:
    """Let the folders appear whose maker died; how many."""
    found = 0
    for path in folder.glob(".[0-9]*") if folder.is_dir() else ():
        try:
            lock = _locked(path)
        except (BlockingIOError, FileNotFoundError):
            continue
        try:
            if path.is_dir():
                _finish(path)
                found += 1
        finally:
            os.close(lock)
    return found


def _finish(path: Path) -> None:
    manifest = path / MANIFEST
    text = manifest.read_text(encoding="utf-8") if manifest.exists() else ""
    # A line that was being written when the power went tells of no letter.
    rows = list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])))
    listed = {row["file"] for row in rows}
    for file in path.glob("*.pdf"):
        if file.name not in listed:
            file.unlink()
    with contextlib.suppress(FileNotFoundError):
        (path / _LOCK).unlink()
    if listed:
        path.rename(path.with_name(path.name.removeprefix(".")))
    else:
        manifest.unlink(missing_ok=True)
        path.rmdir()
    _sync(path.parent)


def _locked(path: Path) -> int:
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
