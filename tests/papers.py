"""Papers as they come from a scanner: whole ones, for tests that are about something else, and broken ones."""

from __future__ import annotations

import io

from PIL import Image
from pypdf import PdfWriter


def picture(kind: str, size: tuple[int, int] = (60, 80), *, blank: bool = False) -> bytes:
    """A JPEG or PNG of a written page."""
    made = Image.new("L", size, 255)
    if not blank:
        made.paste(0, (10, 10, size[0] - 10, 20))
    out = io.BytesIO()
    made.save(out, kind)
    return out.getvalue()


def pdf_of(picture: bytes) -> bytes:
    """A PDF whose one page shows a picture, as scanners make them."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(out, "PDF")
    return out.getvalue()


def blank_pdf() -> bytes:
    """A PDF of one page with nothing on it."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def encrypted(pdf: bytes) -> bytes:
    """The PDF behind a password."""
    writer, out = PdfWriter(clone_from=io.BytesIO(pdf)), io.BytesIO()
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()
