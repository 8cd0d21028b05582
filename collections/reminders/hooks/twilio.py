"""Twilio: status callbacks and messages that come in, signed with X-Twilio-Signature (Security, “Validating signatures”).

Base64(HMAC-SHA1(auth token, address ‖ each parameter's name and value, sorted by name)). It signs no moment: what is told again
is known by its number.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from reminders.hooks import Refused, malformed, said_in, text_of
from reminders.models import ReceiptKind
from reminders.services.receipts import Told

ANSWER = ("text/xml", "<Response/>")
MOST_PARAMETERS = 100
_STATES = {"delivered": ReceiptKind.DELIVERED, "read": ReceiptKind.DELIVERED, "undelivered": ReceiptKind.UNDELIVERED,
           "failed": ReceiptKind.UNDELIVERED}  # fmt: skip
# On the way: nothing has become of it yet.
_NOT_YET = frozenset(("accepted", "scheduled", "queued", "sending", "sent"))
# Codes that say more than that it did not arrive.
_CODES = {
    "30005": ReceiptKind.BOUNCED,  # unknown destination handset
    "21610": ReceiptKind.OPTED_OUT,  # she answered STOP
}


def read(request: HttpRequest) -> list[Told]:
    """The one event of a request."""
    token = settings.SMS_TWILIO_AUTH_TOKEN
    if not token:
        raise Refused(404, "not set up")
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(403, "wrong signature")
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise malformed() from None
    wanted = signature(token, settings.SMS_TWILIO_STATUS_URL or request.build_absolute_uri(), pairs)
    if not constant_time_compare(request.headers.get("X-Twilio-Signature", ""), wanted):
        raise Refused(403, "wrong signature")
    given = dict(pairs)
    return _came_in(given) if "Body" in given else _state(given)


def signature(token: str, address: str, pairs: list[tuple[str, str]]) -> str:
    """What Twilio puts into the header for a form."""
    signed = address + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def _state(given: Mapping[str, str]) -> list[Told]:
    sid, state = text_of(given, "MessageSid", needed=True), text_of(given, "MessageStatus", 40, needed=True)
    code = text_of(given, "ErrorCode", 20)
    if state in _NOT_YET:
        return []
    if state not in _STATES:
        raise malformed()
    kind = _CODES.get(code, _STATES[state])
    return [Told(f"{sid}:{state}", kind, "sms", message_ref=sid, detail=code)]


def _came_in(given: Mapping[str, str]) -> list[Told]:
    sid, sender = text_of(given, "MessageSid", needed=True), text_of(given, "From", 40, needed=True)
    kind = ReceiptKind.OPTED_OUT if given.get("OptOutType") == "STOP" else ReceiptKind.REPLIED
    return [Told(f"{sid}:in", kind, "sms", address=sender, text=said_in(given, "Body"))]
