"""What providers tell us by HTTP: one module each, which proves who is asking before it reads anything.

    read(request: HttpRequest) -> list[Told]      raises Refused
    ANSWER: what the provider wants to hear when all was kept

A hook knows nothing of the outbox. Whatever is not proved, not understood or too large is refused whole: nothing of it is kept,
and nothing of what it says is logged.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from runs import clock

LARGEST_BODY = 256 * 1024
MOST_EVENTS = 500
LONGEST_TEXT = 4000
LONGEST_WHY = 60
# How old, or how far ahead, the moment may be that a signature holds.
WINDOW = timedelta(minutes=5)
SHANGHAI = ZoneInfo("Asia/Shanghai")
_PLAIN = re.compile("[^\\x00-\\x1f\\x7f\\ud800-\\udfff]*")


class Refused(Exception):
    """Not taken; `status` and `why` are all that is answered and logged, so neither quotes the request."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def malformed() -> Refused:
    """What is said of a request that was proved and makes no sense."""
    return Refused(400, "malformed")


def check_login(request: HttpRequest, login: str) -> None:
    """HTTP basic authentication by `login` (name:password): for providers that sign nothing. Constant time.

    Raises:
        Refused: 404 where no login is set up, else 401.
    """
    if ":" not in login:
        raise Refused(404, "not set up")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        shown = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        shown = b""
    if not constant_time_compare(shown, login.encode()) or scheme.lower() != "basic":
        raise Refused(401, "wrong login")


def check_moment(seconds: float) -> None:
    """The moment that a signature holds (seconds since 1970) is about now.

    Raises:
        Refused: 403, an old request told again, or a clock that is wrong.
    """
    if abs(seconds - clock.now().timestamp()) > WINDOW.total_seconds():
        raise Refused(403, "not of now")


def json_of(body: bytes) -> Any:
    """The JSON of a body.

    Raises:
        Refused: 400.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise malformed() from None


def rows_of(data: Any) -> Sequence[Mapping[str, Any]]:
    """Objects in a list, or one alone.

    Raises:
        Refused: 400, anything else, none, or too many.
    """
    rows = data if isinstance(data, list) else [data]
    if not 1 <= len(rows) <= MOST_EVENTS or not all(isinstance(row, Mapping) for row in rows):
        raise malformed()
    return rows


def text_of(row: Mapping[str, Any], name: str, most: int = 120, *, needed: bool = False) -> str:
    """A short text of an object, or a number as text; blank where there is none.

    Raises:
        Refused: 400, no text, too long, with characters that no number of a provider has, or missing though `needed`.
    """
    value = row.get(name)
    value = "" if value is None else str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(value, str) or len(value) > most or not _PLAIN.fullmatch(value) or (needed and not value):
        raise malformed()
    return value


def why_of(row: Mapping[str, Any], name: str) -> str:
    """Why it did not arrive, in a provider's own words. Nothing hangs on them, so nothing is refused for them; they are cut."""
    value = row.get(name)
    value = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return "".join(_PLAIN.findall(value))[:LONGEST_WHY] if isinstance(value, str) else ""


def said_in(row: Mapping[str, Any], name: str) -> str:
    """What a person wrote: any text, as long as messages are; what is longer is cut.

    Raises:
        Refused: 400, no text.
    """
    value = row.get(name, "")
    if not isinstance(value, str) or any("\ud800" <= c <= "\udfff" for c in value):
        raise malformed()
    return value.replace("\0", "")[:LONGEST_TEXT]


def moment_of(text: str, zone: ZoneInfo | None = None) -> datetime | None:
    """The moment that `text` names (ISO 8601); without an offset, on the clocks of `zone`. None: blank.

    Raises:
        Refused: 400, no moment, or one without an offset where no zone is given.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        if moment.tzinfo is None or not 2000 <= moment.year <= 9000:
            raise malformed()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed() from None
