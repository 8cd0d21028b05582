"""How many parts an SMS takes: 3GPP TS 23.038 (the GSM 7-bit alphabet and its extension) and TS 23.040 (concatenation)."""

from __future__ import annotations

from dataclasses import dataclass

# 3GPP TS 23.038, section 6.2.1 and 6.2.1.1; a character of the extension takes two places.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")
# Of one message alone, and of each part of a longer one, whose header takes six bytes (TS 23.040, section 9.2.3.24.1).
_GSM = (160, 153)
_UCS2 = (70, 67)


@dataclass(frozen=True, slots=True)
class Length:
    """`encoding` GSM-7 or UCS-2, `units` in its places (septets, or 16-bit units), and the `parts` that the networks count."""

    encoding: str
    units: int
    parts: int


def length_of(text: str) -> Length:
    """The length of an SMS. Nothing is cut at the edge of a part: a two-place character moves whole to the next."""
    if all(character in _BASIC or character in _EXTENSION for character in text):
        sizes = [2 if character in _EXTENSION else 1 for character in text]
        return Length("GSM-7", sum(sizes), _parts(sizes, *_GSM))
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Length("UCS-2", sum(sizes), _parts(sizes, *_UCS2))


def _parts(sizes: list[int], alone: int, each: int) -> int:
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    parts, used = 1, 0
    for size in sizes:
        if used + size > each:
            parts, used = parts + 1, 0
        used += size
    return parts
