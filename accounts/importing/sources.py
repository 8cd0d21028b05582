"""Where the files of an import come from: a folder or a zip archive."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from accounts.importing.files import BY_NAME, ImportFile


@dataclass(frozen=True)
class Source:
    """One file: which it is, its size in bytes, and a way to open it."""

    file: ImportFile
    size: int
    open: Callable[[], BinaryIO]


def from_folder(folder: Path) -> list[Source]:
    """The known files of a folder, in the order of the import. Others are left alone.

    Raises:
        OSError: the folder or a file in it cannot be read.
    """
    present = {path.name for path in folder.iterdir()}
    return [_from_path(folder / name, file) for name, file in BY_NAME.items() if name in present]


def _from_path(path: Path, file: ImportFile) -> Source:
    return Source(file, path.stat().st_size, lambda: path.open("rb"))


def unknown_files(names: Iterable[str]) -> list[str]:
    """Names of CSV files that no import knows: most often misspelt."""
    return sorted(name for name in names if name.lower().endswith(".csv") and name not in BY_NAME)


def from_archive(path: Path) -> list[Source]:
    """The known files of a zip archive, whatever folder inside it they lie in.

    Raises:
        zipfile.BadZipFile: it is none, it is encrypted, or it holds two files of one name.
    """
    found: dict[str, Source] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename).name
            if member.is_dir() or name not in BY_NAME:
                continue
            if member.flag_bits & 1:
                raise zipfile.BadZipFile(f"{member.filename} is encrypted.")
            if name in found:
                raise zipfile.BadZipFile(f"{name} is in the archive twice.")
            found[name] = _from_member(path, member, BY_NAME[name])
    return sorted(found.values(), key=lambda source: source.file.number)


def _from_member(path: Path, member: zipfile.ZipInfo, file: ImportFile) -> Source:
    def open_member() -> BinaryIO:
        return cast(BinaryIO, zipfile.ZipFile(path).open(member))

    return Source(file, member.file_size, open_member)
