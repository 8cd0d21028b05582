"""What the settings read from the environment; every variable `X` may also be given as `X_FILE`, the path of a file."""

import base64
import secrets
from collections.abc import Callable
from datetime import datetime

import environ
from django.core.exceptions import ImproperlyConfigured

from delinquency import engines

env = environ.FileAwareEnv()


def secret(name: str, make: Callable[[], str]) -> str:
    """The secret of this name: from the environment; with the embedded database, one made once in var/secrets.

    Raises:
        ImproperlyConfigured: a database of your own is used and the secret is not set: it must outlive this machine.
    """
    value: str = env.str(name, default="")
    if value:
        return value
    if engines.database_is_embedded():
        return engines.kept_secret(engines.var_folder() / "secrets" / name.lower(), make)
    raise ImproperlyConfigured(f"With DATABASE_URL set, {name} must be set too (or {name}_FILE, the path of its file).")


def random_text() -> str:
    """A random secret as text."""
    return secrets.token_urlsafe(50)


def random_key() -> str:
    """A random 256-bit key in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def random_key_ring() -> str:
    """A ring with one random key, as `key_ring` reads it."""
    return f"1:{random_key()}"


def key(name: str, text: str) -> bytes:
    """A 256-bit key from its base64.

    Raises:
        ImproperlyConfigured: it is not 32 bytes of base64.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise ImproperlyConfigured(
            f"{name} must hold keys of 32 bytes in base64, such as `openssl rand -base64 32` makes."
        )
    return value


def key_ring(name: str, text: str) -> dict[int, bytes]:
    """The keys of a list `id:base64,id:base64`; ids 0 to 255, the first key is the one that writes.

    Raises:
        ImproperlyConfigured: the list is not of that form, or an id comes twice.
    """
    ring: dict[int, bytes] = {}
    for item in text.split(","):
        number, separator, encoded = item.strip().partition(":")
        if not separator or not number.isdigit() or int(number) > 255 or int(number) in ring:
            raise ImproperlyConfigured(f"{name} must be a list id:key,id:key with different ids from 0 to 255.")
        ring[int(number)] = key(name, encoded)
    return ring


def moment(name: str) -> datetime | None:
    """An ISO 8601 moment with offset, or none when the variable is not set.

    Raises:
        ImproperlyConfigured: it is set to something else.
    """
    text: str = env.str(name, default="")
    if not text:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise ImproperlyConfigured(f"{name} must be an ISO 8601 moment with offset, such as 2026-11-23T09:00:00+08:00.")
    return value
