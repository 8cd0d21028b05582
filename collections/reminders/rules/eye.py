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
# Letters one by one with blanks or points between them: d e b t, D-E-B-T.
_SPELT = re.compile(r"(?<![a-z0-9])[a-z0-9](?:[\W_]{1,3}[a-z0-9](?![a-z0-9])){2,}")
_BETWEEN = re.compile(r"[\W_]+")
# Digits and signs in the place of letters: D3BT, 0verdue. A one is an l or an i.
_MIXED = re.compile(r"[a-z0-9@$€|](?:[a-z0-9@$€!|]*[a-z0-9])?")
_AS_LETTERS = str.maketrans("034578@$€1!|", "oeastbaselll")
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


def guessed(shown: str) -> str:
    """What `seen` gave, with digits taken for the letters that they look like within words. A one is an l or an i, so i is
    written as l too, here and in whatever is looked for."""
    return _MIXED.sub(lambda word: _lettered(word[0]), shown).replace("i", "l")


def spelt(shown: str) -> list[str]:
    """The words of what `seen` gave that are spelt letter by letter, each put together."""
    return [together(found[0]) for found in _SPELT.finditer(shown)]


def together(text: str) -> str:
    """A text without what stands between its letters."""
    return _BETWEEN.sub("", text)


def _lettered(word: str) -> str:
    return word.translate(_AS_LETTERS) if any(map(str.isalpha, word)) else word


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
