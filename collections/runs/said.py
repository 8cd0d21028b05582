"""Sentences that remember how they were put together, so that what was refused to one person can be told to others in theirs.

`from runs.said import said as _` in place of gettext, where what is said may be kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, override

from runs.texts import listed

_MARK = '{"said": '


class Said(str):
    """A sentence in the language of who speaks. `made` is how it came about: message ids and values, for JSON."""

    __slots__ = ("made",)
    made: Any

    def __new__(cls, text: str, made: Any) -> Said:
        found = super().__new__(cls, text)
        found.made = made
        return found

    def __mod__(self, values: Any) -> Said:
        parts = {name: _made(value) for name, value in values.items()}
        return Said(super().__mod__(values), {"of": self.made, "with": parts})

    def __add__(self, other: str) -> Said:
        return Said(super().__add__(other), [self.made, _made(other)])

    def __radd__(self, other: str) -> Said:
        return Said(other.__add__(self), [_made(other), self.made])


def said(message: str) -> Said:
    """As gettext."""
    return Said(gettext(message), {"say": message})


def said_label(label: str | Promise) -> Said:
    """A lazy translation, as it is said now."""
    return said(_made(label)["say"] if isinstance(label, Promise) else label)


def said_of(singular: str, plural: str, number: int) -> Said:
    """As ngettext."""
    return Said(ngettext(singular, plural, number), {"say": singular, "many": plural, "number": number})


def said_list(parts: Iterable[str | Promise], *, apart: bool = False) -> Said:
    """As `runs.texts.listed`."""
    parts = list(parts)
    return Said(listed(parts, apart=apart), {"list": [_made(part) for part in parts], "apart": apart})


def kept(text: object) -> str:
    """What is said, as it is kept: how it was put together; as it stands where nobody knows that."""
    return _MARK + json.dumps(text.made, ensure_ascii=False) + "}" if isinstance(text, Said) else str(text)


def told(text: str) -> str:
    """What was `kept`, in the language of who reads it; any other text as it stands."""
    return _told(json.loads(text)["said"]) if text.startswith(_MARK) else text


def _made(value: Any) -> Any:
    if isinstance(value, Said):
        return value.made
    if isinstance(value, Promise):
        # Without a language a lazy translation is its message id.
        with override(None):
            return {"say": str(value)}
    return value if isinstance(value, int | float) else str(value)


def _told(made: Any) -> Any:
    if isinstance(made, list):
        return "".join(map(_told, made))
    if not isinstance(made, Mapping):
        return made
    if "of" in made:
        return _told(made["of"]) % {name: _told(value) for name, value in made["with"].items()}
    if "list" in made:
        return listed(map(_told, made["list"]), apart=made["apart"])
    if "many" in made:
        one, many, number = made["say"], made["many"], made["number"]
        return ngettext(one, many, number)
    message = made["say"]
    return gettext(message)
