"""Texts as an eye reads them: what looks like a letter is that letter, whatever its number in Unicode is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Shown as nothing or as a blank, though no format characters: Hangul fillers and the empty Braille pattern.
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Letters that look like others' (Unicode's confusables, of which these are the Cyrillic, Greek, Armenian and IPA ones that pass
# for Latin letters). Capitals stand for themselves: their small letters may look otherwise.
_LOOKS_LIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌԚԜӀЬѴавгеһіјкмӏопрсԁтуүхѕԛԝѵьԍ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹαβγεηικνορςστυχωϲϳ" + "ՕՍօսհոցզԼ" + "ıɑɡɩ",
    "ABESIJKMHOPCTYXYGQWIbVabrehijkmlonpcdtyyxsqwvbg" + "ABEZHIKMNOPTYXCabyenikvopsstuxwcj" + "OUouhngqL" + "iagi",
)
_CAPITAL = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])\Z")
_WORD = re.compile(r"[^\W\d_]+")
# Written without blanks, and with Latin words between: no mixture.
_OF_EAST_ASIA = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})


def seen(text: str) -> str:
    """The text in small Latin letters where it looks like them: full width as plain, without accents and what is not shown, any
    blanks as one. To look for words in."""
    # Twice: some look like Latin letters only as they are, others only without what was put on them.
    plain = unicodedata.normalize("NFKD", _shown(text).translate(_LOOKS_LIKE)).translate(_LOOKS_LIKE)
    letters = (_of_capital(one) for one in plain if unicodedata.category(one) != "Mn")
    # Han of Korea and of old fonts decompose too, and are put together again.
    return " ".join(unicodedata.normalize("NFKC", "".join(letters)).casefold().split())


def mixed_words(text: str) -> Iterator[tuple[int, str]]:
    """The words whose letters are of several scripts, as “debt” with a Cyrillic е is; where each begins in `text`, from 0."""
    for found in _WORD.finditer(text):
        scripts = {
            unicodedata.name(letter, "").partition(" ")[0]
            for letter in unicodedata.normalize("NFKC", found[0])
            if unicodedata.category(letter) in ("Lu", "Ll", "Lt", "Lo")
        }
        if len(scripts - _OF_EAST_ASIA) > 1:
            yield found.start(), found[0]


def _shown(text: str) -> str:
    """Without what takes no place; line ends and tabs, which do, as blanks."""
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or (character not in FILLERS and unicodedata.category(character) not in ("Cc", "Cf"))
    )


def _of_capital(letter: str) -> str:
    found = _CAPITAL.match(unicodedata.name(letter, ""))
    return found[1] if found else letter
