"""Tencent Cloud SMS: callbacks of states and answers. It signs nothing: the address that is entered in its console carries a
login, which arrives as basic authentication.

Its codes of failure are the carriers' own, which mix numbers that do not exist with telephones that are off: none marks a
number wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from reminders.hooks import SHANGHAI, check_login, json_of, malformed, moment_of, rows_of, said_in, text_of, why_of
from reminders.models import ReceiptKind
from reminders.services.receipts import Told

ANSWER = ("application/json", '{"result": 0, "errmsg": "OK"}')
_STATES = {"SUCCESS": ReceiptKind.DELIVERED, "FAIL": ReceiptKind.UNDELIVERED}


def read(request: HttpRequest) -> list[Told]:
    """The events of a request, states or answers."""
    check_login(request, settings.HOOK_TENCENT_LOGIN)
    return [_state(row) if "sid" in row else _answer(row) for row in rows_of(json_of(request.body))]


def _state(row: Mapping[str, Any]) -> Told:
    number, state = text_of(row, "sid", needed=True), text_of(row, "report_status", 20)
    at = text_of(row, "user_receive_time", 40)
    if state not in _STATES:
        raise malformed()
    kind = _STATES[state]
    return Told(
        f"{number}:{at}:{state}",
        kind,
        "sms",
        moment_of(at, SHANGHAI),
        message_ref=number,
        detail="" if kind == ReceiptKind.DELIVERED else why_of(row, "errmsg"),
    )


def _answer(row: Mapping[str, Any]) -> Told:
    """It has no number of its own: who, when and what tell it from all others."""
    seconds, mobile = row.get("time"), text_of(row, "mobile", 40, needed=True)
    text = said_in(row, "text")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < 4_000_000_000:
        raise malformed()
    own = hashlib.sha256(f"{mobile}\0{seconds}\0{text}".encode()).hexdigest()[:32]
    country = text_of(row, "nationcode", 6)
    address = mobile if country in ("", "86") or mobile.startswith("+") else f"+{country}{mobile}"
    return Told(
        f"in:{own}", ReceiptKind.REPLIED, "sms", datetime.fromtimestamp(seconds, UTC), address=address, text=text
    )
