"""The core system, as far as it is told anything: JSON over HTTP, signed as what goes to the gateway, safe to repeat by its key.

POST <CORE_URL>/freeze or /unfreeze
Idempotency-Key: the command's own, the same at every attempt
X-Delinquency-Timestamp: seconds since 1970
X-Delinquency-Signature: v1=hex(HMAC-SHA256(secret, "<timestamp>.<key>.<body>"))

{"account": "A000001", "asked_at": "2026-11-22T04:00:00+00:00"}
  →  2xx {"status": "done"}      it is so
     2xx {"status": "accepted"}  it will be; the same again asks how far it is
     2xx or 4xx {"status": "refused", "code": "…"}
Everything else is no answer: it is told again.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.translation import gettext_noop

from freezing.models import CoreCommand
from reminders.channels import TransportError
from reminders.channels.http import Client, checked_url
from reminders.channels.webhook import signature

DONE, ACCEPTED, REFUSED, UNCLEAR = "done", "accepted", "refused", "unclear"
NOT_SET = gettext_noop("CORE_URL and CORE_SECRET are not set: nothing is sent.")
LONGEST = 200


@dataclass(frozen=True)
class Answer:
    """What came of one attempt; `text` is a code of the core system, or why there was no answer."""

    status: str
    text: str = ""


def tell(command: CoreCommand) -> Answer:
    """Tell the core system once, and say what it answered; never raises for what goes wrong on the way."""
    if not (settings.CORE_URL and settings.CORE_SECRET):
        return Answer(UNCLEAR, NOT_SET)
    body = json.dumps({"account": command.account.ref, "asked_at": command.asked_at.isoformat()}).encode()
    timestamp, key = str(int(time.time())), str(command.key)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-Delinquency-Timestamp": timestamp,
        "X-Delinquency-Signature": signature(settings.CORE_SECRET, timestamp, key, body),
    }
    try:
        answer = _client().post(f"{checked_url('CORE_URL', settings.CORE_URL)}/{command.verb}", body, headers)
    except TransportError as error:
        return Answer(UNCLEAR, str(error)[:LONGEST])
    status, code = answer.data.get("status"), answer.data.get("code")
    if answer.ok and status in (DONE, ACCEPTED):
        return Answer(status)
    if answer.status < 500 and status == REFUSED:
        return Answer(REFUSED, code[:LONGEST] if isinstance(code, str) else "")
    return Answer(UNCLEAR, f"core: {answer.status}")


@cache
def _client() -> Client:
    return Client("core")
