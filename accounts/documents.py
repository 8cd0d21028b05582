"""Opening a document that was handed in, from its first page to its last: what cannot be read now proves nothing later."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping
from typing import IO

from django.utils.translation import gettext as _
from PIL import Image, ImageFile
from pypdf import PdfReader

from accounts.errors import Invalid

# A sheet of A4 at 600 dots an inch has 35 million; what is larger is no scan, and would fill the memory.
MOST_PIXELS = 60_000_000
# What pypdf would log of a broken file is said by what it raises.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)
# How far before its end a PDF says that it ends.
_TAIL = 2048


def open_whole(file: IO[bytes], media_type: str, field: str) -> None:
    """Open a PDF, JPEG or PNG wholly; it is rewound afterwards. For those of which `uploads.check` told the type.

    Raises:
        Invalid: it is encrypted, has no page with anything on it, is cut off, broken, or too large a picture.
    """
    file.seek(0)
    try:
        _OPEN[media_type](file, field)
    except Invalid:
        raise
    except Exception as error:  # what the libraries raise over broken files has no common kind
        raise _broken(field) from error
    finally:
        file.seek(0)


def _pdf(file: IO[bytes], field: str) -> None:
    content = file.read()
    if b"%%EOF" not in content[-_TAIL:]:
        raise _broken(field)
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        raise Invalid(_("The PDF is encrypted. Hand it in without a password."), field)
    drawn = [page.get_contents() for page in reader.pages]
    if not any(contents is not None and contents.get_data().strip() for contents in drawn):
        raise Invalid(_("The PDF has nothing on its pages. Scan the paper again."), field)


def _picture(file: IO[bytes], field: str) -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        picture = Image.open(file, formats=("JPEG", "PNG"))
    except Image.DecompressionBombError as error:
        raise _too_large(field) from error
    with picture:
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise _too_large(field)
        # A JPEG is read to its end at an eighth of its size.
        picture.draft("L", (1, 1))
        picture.load()
        least, most = picture.convert("L").getextrema()
    if least == most:
        raise Invalid(_("The picture is of one colour: there is nothing on it. Scan the paper again."), field)


def _too_large(field: str) -> Invalid:
    return Invalid(
        _("The picture has more than %(most)s million pixels. Scan at a lower resolution.")
        % {"most": MOST_PIXELS // 1_000_000},
        field,
    )


def _broken(field: str) -> Invalid:
    return Invalid(_("The file cannot be opened to its end: it is cut off or broken. Scan or send it again."), field)


_OPEN: Mapping[str, Callable[[IO[bytes], str], None]] = {
    "application/pdf": _pdf,
    "image/jpeg": _picture,
    "image/png": _picture,
}
