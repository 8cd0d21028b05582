"""What keeps personal data: encryption at rest, blind indexes for exact search, and masks for screens.

A cipher text is `key id (1 byte) + nonce (12) + AES-256-GCM`. Keys rotate: the first of `settings.FIELD_KEYS` writes, all
of them read. A blind index is HMAC-SHA-256 of the normalised value under its own key and purpose, so that equal numbers
are found without being readable, and an e-mail address never equals a phone number.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


@functools.cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def encrypt(value: str) -> bytes:
    """Encrypt `value` under the current key."""
    key_id, key = next(iter(settings.FIELD_KEYS.items()))
    nonce = os.urandom(12)
    return bytes([key_id]) + nonce + _cipher(key).encrypt(nonce, value.encode(), None)


def decrypt(cipher_text: bytes) -> str:
    """The clear value.

    Raises:
        KeyError: the key that wrote it is no longer configured.
        cryptography.exceptions.InvalidTag: the bytes were changed.
    """
    key = settings.FIELD_KEYS[cipher_text[0]]
    return _cipher(key).decrypt(cipher_text[1:13], cipher_text[13:], None).decode()


def blind_index(purpose: str, value: str) -> bytes:
    """32 bytes that are equal for equal normalised values of one purpose."""
    return hmac.digest(settings.INDEX_KEY, f"{purpose}\0{normalise(purpose, value)}".encode(), hashlib.sha256)


def normalise(purpose: str, value: str) -> str:
    """The form in which a value is compared: case, blanks and punctuation that do not matter are gone."""
    value = value.strip()
    if purpose in ("mobile", "phone"):
        digits = "".join(c for c in value if c.isdigit() or c == "+")
        return digits.removeprefix("+86").removeprefix("0086") if purpose == "mobile" else digits
    if purpose == "email":
        return value.casefold()
    if purpose == "id-number":
        return value.replace(" ", "").upper()
    return " ".join(value.split())


def mask_id_number(value: str) -> str:
    """First three and last four characters; shorter numbers show only their last two."""
    if len(value) >= 10:
        return value[:3] + "*" * (len(value) - 7) + value[-4:]
    return "*" * max(len(value) - 2, 0) + value[-2:] if value else ""


def mask_name(value: str) -> str:
    """王小明 → 王*明, 李明 → 李*; names of several words, and Latin ones, keep the first letter of each word. No long
    name tells how long it is."""
    words = value.split()
    if value.isascii() or len(words) > 1:
        return " ".join(word[0] + "*" * min(len(word) - 1, 4) for word in words)
    return value[0] + ("*" if len(value) <= 2 else "*" * min(len(value) - 2, 4) + value[-1])


def mask_contact(kind: str, value: str) -> str:
    """A number or address as staff may see it without revealing it."""
    if kind == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}***@{domain}"
    if kind in ("mobile", "phone"):
        return f"{value[:3]}****{value[-4:]}" if len(value) >= 9 else "*" * max(len(value) - 2, 0) + value[-2:]
    return value[:6] + "…" if kind == "address" else "…" + value[-4:]
