"""Whether an answer opts a person out. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def plain(text: str) -> str:
    """The form in which answers are compared: width, case, blanks and punctuation do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")


def opts_out(text: str, words: Iterable[str]) -> bool:
    """Whether `text` as a whole is one of `words`: “TD”, “ td。” and “ＴＤ”, but never a sentence that holds one."""
    said = plain(text)
    return bool(said) and said in {plain(word) for word in words}


def mentions(text: str, words: Iterable[str]) -> bool:
    """Whether one of `words` stands in `text`, which a person has to read then: “STOP please”, “请退订”. Short Latin words count
    whole, and single letters never: they stand in too much."""
    said = plain(text)
    whole = set(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold(), re.ASCII))
    found = (plain(word) for word in words)
    return any(word in whole if word.isascii() and len(word) < 4 else word in said for word in found if len(word) > 1)
