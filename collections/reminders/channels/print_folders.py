"""Reading print batches: what is in one whose folder has appeared. Apart from the channel, which loads what it prints with."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

MANIFEST = "manifest.csv"
COLUMNS = ("file", "sha256", "pages", "language")
# What `PrintFolder` makes, and nothing else: a name never leads out of the folder.
NAME = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}")

Row = Mapping[str, str]


class Missing(Exception):
    """It is not there, or is not what was printed. The text names what, and no path."""


def manifest_of(batch: str) -> dict[str, Row]:
    """The lines of a batch's manifest, by file.

    Raises:
        Missing: there is no such batch here, or it is still in the making.
    """
    try:
        with (_folder(batch) / MANIFEST).open(newline="", encoding="utf-8") as file:
            return {row["file"]: row for row in csv.DictReader(file)}
    except FileNotFoundError:
        raise Missing(batch) from None


def letter_in(batch: str, row: Row) -> bytes:
    """One letter of a batch, by its line in the manifest.

    Raises:
        Missing: it is gone, or differs from what was printed.
    """
    name = f"{int(row['file'].removesuffix('.pdf'))}.pdf"
    try:
        data = (_folder(batch) / name).read_bytes()
    except FileNotFoundError:
        raise Missing(f"{batch}/{name}") from None
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise Missing(f"{batch}/{name}")
    return data


def _folder(batch: str) -> Path:
    if not NAME.fullmatch(batch):
        raise Missing(batch)
    folder: Path = settings.LETTER_DIR
    return folder / batch
