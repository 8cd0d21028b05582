"""Files that somebody uploaded for an import: kept encrypted, because they hold personal data, until it is over."""

from __future__ import annotations

import io
import json
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts import vault
from accounts.errors import Invalid
from accounts.importing.files import BY_NAME
from accounts.importing.report import ImportReport
from accounts.importing.sources import Source
from runs.texts import listed

CHUNK = 256 * 1024
# What a page may unpack; larger books are imported on the server.
MOST_BYTES = 4 * 1024**3
FORGOTTEN_AFTER_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Upload:
    """The folder of one upload. Its token is random: who has it was given it."""

    token: str

    @property
    def folder(self) -> Path:
        if not self.token.isalnum():
            raise ValueError("No token of an upload.")
        return Path(settings.MEDIA_ROOT) / "imports" / self.token

    @property
    def errors(self) -> Path:
        """Every problem, as CSV; personal values are masked in it."""
        return self.folder / "errors.csv"

    def sources(self) -> list[Source]:
        """The uploaded files, in the order of the import; none once they are removed."""
        return [
            Source(file, _clear_size(path), lambda path=path: _reading(path))  # type: ignore[misc]  # lambdas with defaults have no type
            for name, file in BY_NAME.items()
            if (path := self.folder / f"{name}.enc").exists()
        ]

    def remove_files(self) -> None:
        """Remove what was uploaded; the report and the list of problems stay for a day."""
        for path in self.folder.glob("*.enc"):
            path.unlink()

    def keep_report(self, report: ImportReport) -> None:
        """Keep the report for the page."""
        (self.folder / "report.json").write_text(json.dumps(asdict(report)), encoding="utf-8")

    def report(self) -> dict[str, Any] | None:
        """The kept report, as plain data; None while there is none."""
        try:
            return cast(dict[str, Any], json.loads((self.folder / "report.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None


def keep_upload(files: Iterable[UploadedFile]) -> Upload:
    """Keep the CSV files, and those inside zip archives, encrypted. Forgotten uploads of earlier days are removed.

    Raises:
        Invalid: a file is none of an import, is there twice, is no readable archive, or all is too large.
    """
    _forget()
    upload = Upload(secrets.token_hex(16))
    upload.folder.mkdir(parents=True, mode=0o700)
    try:
        room = MOST_BYTES
        for file in files:
            room = _keep(upload, file, room)
        if not upload.sources():
            raise Invalid(_("There is no file of an import in it. Expected: %(names)s.") % {"names": listed(BY_NAME)})
    except BaseException:
        shutil.rmtree(upload.folder)
        raise
    return upload


def _keep(upload: Upload, file: UploadedFile, room: int) -> int:
    name = PurePosixPath(file.name or "").name
    if name.lower().endswith(".zip"):
        try:
            with zipfile.ZipFile(cast(BinaryIO, file)) as archive:
                for member in archive.infolist():
                    inside = PurePosixPath(member.filename).name
                    if not member.is_dir() and inside in BY_NAME:
                        with archive.open(member) as stream:
                            room = _encrypt(upload, inside, stream, room)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
            raise Invalid(
                _("%(name)s is no readable zip archive: %(error)s.") % {"name": name, "error": error}
            ) from error
        return room
    if name not in BY_NAME:
        raise Invalid(
            _("%(name)s is no file of an import. Expected a zip archive or: %(names)s.")
            % {"name": name, "names": listed(BY_NAME)}
        )
    return _encrypt(upload, name, cast(IO[bytes], file), room)


def _encrypt(upload: Upload, name: str, stream: IO[bytes], room: int) -> int:
    """Frames of a length and a cipher text. Latin-1 carries any bytes through the vault, which takes text."""
    path = upload.folder / f"{name}.enc"
    if path.exists():
        raise Invalid(_("%(name)s is there twice.") % {"name": name})
    size = 0
    with path.open("xb") as target:
        target.write(size.to_bytes(8, "big"))
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > room:
                raise Invalid(
                    _("The files are too large for this page. Import them on the server: manage.py import_book.")
                )
            frame = vault.encrypt(chunk.decode("latin-1"))
            target.write(len(frame).to_bytes(4, "big") + frame)
        target.seek(0)
        target.write(size.to_bytes(8, "big"))
    return room - size


def _clear_size(path: Path) -> int:
    with path.open("rb") as stream:
        return int.from_bytes(stream.read(8), "big")


def _reading(path: Path) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Clear(path.open("rb")), CHUNK))


class _Clear(io.RawIOBase):
    """The clear bytes of a kept file, from its beginning to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._stream.seek(8)
        self._rest = memoryview(b"")
        self._at = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            length = self._stream.read(4)
            if not length:
                return 0
            frame = self._stream.read(int.from_bytes(length, "big"))
            self._rest = memoryview(vault.decrypt(frame).encode("latin-1"))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._at += count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _forget() -> None:
    """Remove uploads that nobody has touched for a day."""
    folder = Path(settings.MEDIA_ROOT) / "imports"
    if not folder.is_dir():
        return
    # The real clock, as the file system has it, and not ours, which may be set.
    before = time.time() - FORGOTTEN_AFTER_SECONDS
    for path in folder.iterdir():
        if path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)
