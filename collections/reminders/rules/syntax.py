"""The syntax of texts: words and `{names}` of variables, nothing else. What fills them is text and never read again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reminders.rules.eye import FILLERS, mixed_words

_TOKEN = re.compile(r"\{([^{}\n]*)\}|[{}]")
_NAME = re.compile(r"[a-z][a-z_]*\Z")
# Left-to-right and right-to-left marks, embeddings, overrides and isolates: they make a text read other than it is written.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What is not shown and has a use all the same: it joins emoji and letters.
_JOINER = "\u200d"
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text: a `code` for its words, where (`place`: "subject" or "body"), and what it is about."""

    code: str
    place: str
    values: Mapping[str, Any] = field(default_factory=dict)


def variables_in(text: str) -> set[str]:
    """The names of the variables in a text."""
    return {found[1] for found in _TOKEN.finditer(text) if found[1] is not None}


def faults_in(text: str, place: str, known: frozenset[str]) -> list[Fault]:
    """Braces that stand alone, names of variables that there are not, characters that nobody sees and words of several scripts,
    each with its line and column from 1."""
    found = [
        Fault("unseen", place, {**_at(text, index), "code": f"U+{ord(character):04X}"})
        for index, character in enumerate(text)
        if _is_unseen(character)
    ]
    found += [Fault("scripts", place, {**_at(text, index), "word": word}) for index, word in mixed_words(text)]
    for token in _TOKEN.finditer(text):
        name = token[1]
        at = _at(text, token.start())
        if name is None:
            found.append(Fault("brace", place, {**at, "brace": token[0]}))
        elif name not in known:
            shown = name if _NAME.match(name) else name[:40]
            found.append(Fault("variable", place, {**at, "name": shown, "known": sorted(known)}))
    return found


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each variable's value in its place, in one pass: a value that looks like a variable stays as it is.

    Raises:
        KeyError: a variable has no value. ValueError: a brace stands alone.
    """

    def value(token: re.Match[str]) -> str:
        if token[1] is None:
            raise ValueError(f"A brace stands alone at character {token.start() + 1}.")
        return values[token[1]]

    return _TOKEN.sub(value, text)


def harmless(value: str) -> str:
    """A name or another single value as it may stand in a text: on one line, nothing that is not shown, nothing that turns
    the direction of what stands around it."""
    if value.isprintable():
        # None of what is looked for: it is a class of characters that are not printable, all of it.
        return " ".join(value.split())
    kept = (
        " " if character in _LINE_ENDS or character == "\t" else character
        for character in value
        if character in _LINE_ENDS
        or character == "\t"
        or (character not in _DIRECTIONS and unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn"))
    )
    return " ".join("".join(kept).split())


def _is_unseen(character: str) -> bool:
    """Whether a character of the words themselves is hidden from whoever approves them, or turns what stands around it."""
    if character in "\n\r\t" or character == _JOINER:
        return False
    return character in FILLERS or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")


def _at(text: str, index: int) -> dict[str, int]:
    return {"line": text.count("\n", 0, index) + 1, "column": index - text.rfind("\n", 0, index)}
