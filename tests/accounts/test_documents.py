"""A document that was handed in is opened from its first page to its last."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from accounts.documents import MOST_PIXELS, open_whole
from accounts.errors import Invalid
from accounts.uploads import DOCUMENTS, told_by
from tests.papers import blank_pdf, encrypted, pdf_of, picture

PNG, JPEG = picture("PNG"), picture("JPEG")
PDF = pdf_of(JPEG)


def opened(content: bytes) -> None:
    file, media_type = io.BytesIO(content), told_by(content[:64])
    assert media_type in DOCUMENTS
    try:
        open_whole(file, media_type, "scan")
    finally:
        assert file.tell() == 0


def huge(width: int) -> bytes:
    """The head of a PNG that says it is larger than any scan; nothing of it must be unpacked."""
    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    return PNG[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 9)), (b"IEND", b""))
    )


@pytest.mark.parametrize("content", [PNG, JPEG, PDF], ids=["png", "jpeg", "pdf"])
def test_what_a_scanner_makes_is_taken(content: bytes) -> None:
    opened(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(PNG[:-30], "cut off or broken", id="png cut off"),
        pytest.param(JPEG[: len(JPEG) // 2], "cut off or broken", id="jpeg cut off"),
        pytest.param(PDF[: len(PDF) // 2], "cut off or broken", id="pdf cut off"),
        pytest.param(PNG[:8] + b"\0" * 40, "cut off or broken", id="no png behind its first bytes"),
        pytest.param(b"\xff\xd8\xff" + b"\0" * 40, "cut off or broken", id="no jpeg behind its first bytes"),
        pytest.param(b"%PDF-1.4 payslip %%EOF", "cut off or broken", id="no pdf between its marks"),
        pytest.param(encrypted(PDF), "encrypted. Hand it in without a password", id="pdf encrypted"),
        pytest.param(blank_pdf(), "nothing on its pages", id="pdf blank"),
        pytest.param(picture("PNG", blank=True), "nothing on it", id="png blank"),
        pytest.param(huge(MOST_PIXELS + 1), "more than 60 million pixels", id="png too large"),
        pytest.param(huge(10 * MOST_PIXELS), "more than 60 million pixels", id="png far too large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_wrong(content: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        opened(content)
    assert refused.value.field == "scan"
