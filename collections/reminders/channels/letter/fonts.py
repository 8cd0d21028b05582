"""The font of letters: one that writes Chinese, set or found on the machine."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import fontTools
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont, TTLibError

# Where systems keep the fonts that have Chinese, best first.
KNOWN = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
)
# Of a collection the face for simplified Chinese: the same characters are drawn otherwise in Japan.
SIMPLIFIED = ("SC", "CN", "GB")
# What nearly all letters are written with: the Latin alphabet with its accents, and GB 2312.
COMMON = frozenset(range(0x20, 0x180)) | frozenset(
    ord(bytes((row, cell)).decode("gb2312", "ignore") or " ") for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF)
)


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, which of its faces, and the characters that it draws."""

    path: Path
    face: int
    characters: frozenset[int]


def find_font() -> Font:
    """The font that the settings name, or the first known one on this machine.

    Raises:
        ImproperlyConfigured: there is none, it cannot be read, or it has no Chinese.
    """
    wanted = [settings.LETTER_FONT] if settings.LETTER_FONT else KNOWN
    path = next((Path(name) for name in wanted if Path(name).is_file()), None)
    if path is None:
        looked = settings.LETTER_FONT or "the usual places"
        raise ImproperlyConfigured(
            f"Letters need a font with Chinese, and there is none at {looked}: set LETTER_FONT to a .ttf, .otf or .ttc file, "
            "or install one (Debian, Ubuntu: apt-get install fonts-noto-cjk)."
        )
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, changed: int) -> Font:
    """The font in this file as it was `changed` last: to read which of thirty thousand characters it has takes a tenth of a
    second, which is a third of printing a page."""
    try:
        faces = TTCollection(path, lazy=True).fonts if path.suffix.lower() == ".ttc" else [TTFont(path, lazy=True)]
        names = [str(face["name"].getDebugName(4) or "").split() for face in faces]
        index = next((at for at, name in enumerate(names) if set(name) & set(SIMPLIFIED)), 0)
        characters = frozenset(faces[index].getBestCmap())
    except (TTLibError, OSError, KeyError, AssertionError) as error:
        raise ImproperlyConfigured(f"LETTER_FONT: {path} is no font ({type(error).__name__}).") from None
    if ord("欠") not in characters:
        raise ImproperlyConfigured(f"LETTER_FONT: {path} has no Chinese.")
    return Font(path, index, characters)


def common_part(font: Font) -> Font:
    """The same font with its common characters alone: a letter is printed several times as fast with it. It is cut out once a
    machine, which takes some seconds, and kept beside the other things that running makes."""
    state = font.path.stat()
    named = f"{font.path}|{font.face}|{state.st_size}|{state.st_mtime_ns}|{fontTools.version}"
    path: Path = settings.VAR_DIR / "fonts" / f"{hashlib.sha256(named.encode()).hexdigest()[:16]}.otf"
    characters = font.characters & COMMON
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        options = subset.Options(font_number=font.face, layout_features=[], desubroutinize=True, notdef_outline=True)
        with subset.load_font(str(font.path), options) as cut:
            subsetter = subset.Subsetter(options)
            subsetter.populate(unicodes=characters)
            subsetter.subset(cut)
            # Others may make it at the same time; who reads finds it whole or not at all.
            part = path.with_suffix(f".{secrets.token_hex(4)}.part")
            cut.save(part)
        part.replace(path)
    return Font(path, 0, characters)
