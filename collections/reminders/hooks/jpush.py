"""JPush: callbacks signed as Jiguang documents it (“回调接口”, signature): SHA-1 of
`appKey=…&appMasterSecret=…&nonce=…&timestamp=…`, the moment in milliseconds, beside `type` and `data` (JSON).

The signature does not cover `data`: it proves who asks, and TLS that nobody changed it.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils.crypto import constant_time_compare

from reminders.hooks import Refused, check_moment, json_of, malformed, rows_of, text_of
from reminders.models import ReceiptKind
from reminders.services.receipts import Told

ANSWER = ("text/plain", "OK")
_STATES = {
    "delivered": ReceiptKind.DELIVERED,
    "undelivered": ReceiptKind.UNDELIVERED,
    "invalid": ReceiptKind.BOUNCED,  # the device is gone
}


def read(request: HttpRequest) -> list[Told]:
    """The events of a request."""
    key, secret = settings.PUSH_JPUSH_APP_KEY, settings.PUSH_JPUSH_MASTER_SECRET
    if not key or not secret:
        raise Refused(404, "not set up")
    given = request.POST if request.content_type == "application/x-www-form-urlencoded" else QueryDict()
    nonce, stamp = given.get("nonce", ""), given.get("timestamp", "")
    if not constant_time_compare(given.get("signature", "").lower(), signature(key, secret, nonce, stamp)):
        raise Refused(403, "wrong signature")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise malformed()
    check_moment(int(stamp) / 1000)
    told = []
    for row in rows_of(json_of(given.get("data", "").encode())):
        number, state = text_of(row, "msg_id", needed=True), text_of(row, "status", 20)
        if state not in _STATES:
            raise malformed()
        told.append(Told(f"{number}:{state}", _STATES[state], "push", message_ref=number))
    return told


def signature(key: str, secret: str, nonce: str, stamp: str) -> str:
    """What Jiguang sends beside a nonce and a moment."""
    signed = f"appKey={key}&appMasterSecret={secret}&nonce={nonce}&timestamp={stamp}"
    return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
