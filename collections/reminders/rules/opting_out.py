"""Whether an answer opts a person out. Pure."""

from __future__ import annotations

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
