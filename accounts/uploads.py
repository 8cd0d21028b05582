"""Files that people hand in: what they may be, told by their content and never by their name; given out again, and removed.

They are kept under random names outside everything that is served, and leave only through a view that has asked who wants them:
as a download, never shown inside the site.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import FileResponse
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from audit.services import Actor, record
from runs import clock
from runs.texts import listed

# Media type: ending of the name under which it is kept.
DOCUMENTS: Mapping[str, str] = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
SOUNDS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/webm": "webm",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
# As much of the beginning as any signature needs.
_HEAD = 64


class KeptFile(Protocol):
    """The row of a file that is kept until a day; `removed_at`: since when only the row and the hash are left."""

    sha256: str
    size: int
    keep_until: date
    removed_at: datetime | None

    @property
    def file(self) -> FieldFile: ...
    def save(self, *, update_fields: list[str]) -> None: ...


@dataclass(frozen=True)
class Checked:
    """An upload that may be kept: what it is, how long, its hash, and the name it gets."""

    media_type: str
    size: int
    sha256: str
    name: str


def check(file: UploadedFile, allowed: Mapping[str, str], field: str = "file") -> Checked:
    """Look at an upload from its first byte to its last; it is rewound afterwards.

    Raises:
        Invalid: empty, too large, or by its content none of the `allowed` kinds.
    """
    size = file.size or 0
    if not size:
        raise Invalid(_("The file is empty. Choose another."), field)
    if size > settings.UPLOAD_MOST_BYTES:
        raise Invalid(
            _("The file has %(size)s MB; at most %(most)s MB are taken.")
            % {"size": -(-size // 1024**2), "most": settings.UPLOAD_MOST_BYTES // 1024**2},
            field,
        )
    file.seek(0)
    media_type = told_by(file.read(_HEAD))
    if media_type not in allowed:
        raise Invalid(
            _("By its content this is no file of a kind that is taken here. Choose one of: %(kinds)s.")
            % {"kinds": listed(sorted(allowed.values()))},
            field,
        )
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return Checked(media_type, size, digest.hexdigest(), f"{secrets.token_hex(16)}.{allowed[media_type]}")


def told_by(head: bytes) -> str:
    """The media type that the first bytes tell; blank for what is not known."""
    starts = (
        (b"%PDF-", "application/pdf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"ID3", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
    )
    for start, media_type in starts:
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[4:8] == b"ftyp" and head[8:11] in (b"M4A", b"M4B", b"mp4", b"iso", b"das", b"3gp"):
        return "audio/mp4"
    # Matroska's own mark; webm names itself a little later.
    if head[:4] == b"\x1aE\xdf\xa3" and b"webm" in head:
        return "audio/webm"
    # A frame of MPEG audio without a tag before it: eleven bits set, layer III, no reserved version or rates.
    if (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[1] & 0x18 != 0x08
        and head[2] & 0xF0 != 0xF0
    ):
        return "audio/mpeg"
    return ""


@contextmanager
def kept(field: FieldFile, file: UploadedFile, checked: Checked) -> Iterator[None]:
    """Write a checked upload to where its field keeps files; whatever fails inside the block takes it away again."""
    field.save(checked.name, file, save=False)
    name = field.name
    try:
        yield
    except BaseException:
        if name:
            field.storage.delete(name)
        raise


class _Piece:
    """So many of the next bytes of an open file."""

    def __init__(self, file: File[bytes], length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int) -> bytes:
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()


def give(file: FieldFile, name: str, media_type: str, wanted: str = "") -> FileResponse:
    """A kept file as a download under a name of ours; `wanted` is the request's Range, by which players seek: of one part that
    is asked for, that part (RFC 9110, 14), of anything else the whole.

    Raises:
        Conflict: it is not where it was kept.
    """
    try:
        opened = file.open("rb")
    except FileNotFoundError as error:
        raise Conflict(_("The file is not where it was kept. Tell the administrator.")) from error
    size = file.size
    part = part_of(wanted, size)
    if part is None:
        response = FileResponse(opened, as_attachment=True, filename=name, content_type=media_type)
    else:
        first, length = part
        opened.seek(first)
        response = FileResponse(
            _Piece(opened, length),
            as_attachment=True,
            filename=name,
            content_type=media_type,
            status=206 if length else 416,
        )
        response["Content-Length"] = str(length)
        response["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}" if length else f"bytes */{size}"
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    # Should a browser show it after all, then as an empty page of no origin.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def part_of(wanted: str, size: int) -> tuple[int, int] | None:
    """From which byte on, and how many, a Range asks for of so many; of none that there is (0, 0). None: not for one part."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return size - length, length
    if last and int(last) < int(first):
        return None
    end = min(int(last) + 1, size) if last else size
    return (int(first), end - int(first)) if int(first) < end else (0, 0)


def remove(row: KeptFile, *, actor: Actor, verb: str, subject: Model, customer_id: int) -> None:
    """Delete the file of a locked row, say so on the row, and record it of `subject`; the row and its hash stay.

    The file goes before the row says so: killed in between, the row is found again and there is nothing more to delete.
    A row without a file (a link) is only marked. In the caller's transaction.
    """
    if row.file:
        row.file.storage.delete(str(row.file.name))
    row.removed_at = clock.now()
    row.save(update_fields=["removed_at"])
    record(
        actor=actor,
        verb=verb,
        subject=subject,
        customer_id=customer_id,
        before={"keep_until": row.keep_until, "sha256": row.sha256, "size": row.size},
        after={"removed_at": row.removed_at},
    )
