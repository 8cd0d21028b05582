"""Lists in a sentence, with the separators of the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import pgettext


def listed(parts: Iterable[object], *, apart: bool = False) -> str:
    """a, b, c; with `apart`, for parts that are sentences or have commas themselves: a; b; c."""
    separator = pgettext("between sentences", "; ") if apart else pgettext("between items of a list", ", ")
    return separator.join(map(str, parts))
