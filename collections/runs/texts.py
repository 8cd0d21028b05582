"""Lists in a sentence, with the separators of the reader's language; and sentences that are kept for readers of any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import pgettext


def listed(parts: Iterable[object], *, apart: bool = False) -> str:
    """a, b, c; with `apart`, for parts that are sentences or have commas themselves: a; b; c."""
    separator = pgettext("between sentences", "; ") if apart else pgettext("between items of a list", ", ")
    return separator.join(map(str, parts))


def coded(code: str, *arguments: object) -> str:
    """What a service keeps as its reason: a code and its arguments, which `delinquency.words.reasons` says in the language of
    whoever reads it. Arguments have no line breaks."""
    return "\n".join(map(str, (code, *arguments)))


def coded_in(text: str) -> tuple[str, list[str]]:
    """The code and the arguments of what `coded` kept; any other text is its own first line and the others."""
    code, *arguments = text.split("\n")
    return code, arguments


_in_words: Callable[[str], str] = str


def say_reasons_with(in_words: Callable[[str], str]) -> None:
    """Use `in_words` for what a reason says to the reader; the top floor, which has the words, registers it at the start."""
    global _in_words
    _in_words = in_words


def reason_in_words(text: str) -> str:
    """What a reason says to the reader, whether somebody wrote it or it is `coded`."""
    return _in_words(text)


def day_in_letter(day: date) -> str:
    """A day as letters write it, in the language that is active."""
    return date_format(day, pgettext("a date in a letter", "j F Y"))
