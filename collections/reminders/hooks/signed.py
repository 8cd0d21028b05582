"""The lender's own senders: JSON signed with HMAC-SHA256, the moment signed with it. For the gateway, and for whatever reads the
mailbox to which mail bounces.

X-Delinquency-Timestamp: seconds since 1970
X-Delinquency-Signature: v1=hex(HMAC-SHA256(secret, "<timestamp>.<body>"))

{"events": [{"id", "kind", "channel"?, "at"?, "message"?, "key"?, "address"?, "text"?, "code"?}]}

`message`: the number that was answered when the message was taken; `key`: its idempotency key, of mail the Message-ID without
its brackets; `kind`: one of `ReceiptKind`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from reminders.hooks import Refused, check_moment, json_of, malformed, moment_of, rows_of, said_in, text_of, why_of
from reminders.models import ReceiptKind
from reminders.services.receipts import Told

ANSWER = ("application/json", '{"kept": true}')


def read(request: HttpRequest, *, secret: str, channels: tuple[str, ...]) -> list[Told]:
    """The events of a request by who knows `secret`, about `channels` alone, the first where none is named."""
    if not secret:
        raise Refused(404, "not set up")
    stamp = request.headers.get("X-Delinquency-Timestamp", "")
    if not constant_time_compare(
        request.headers.get("X-Delinquency-Signature", ""), signature(secret, stamp, request.body)
    ):
        raise Refused(403, "wrong signature")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
        raise malformed()
    check_moment(int(stamp))
    data = json_of(request.body)
    if not isinstance(data, Mapping) or not isinstance(data.get("events"), list):
        raise malformed()
    return [_told(row, channels) for row in rows_of(data["events"])]


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What proves that a request is the sender's, was made then, and is this one."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _told(row: Mapping[str, Any], channels: tuple[str, ...]) -> Told:
    kind, channel = text_of(row, "kind", 20, needed=True), text_of(row, "channel", 10) or channels[0]
    if kind not in ReceiptKind.values or channel not in channels:
        raise malformed()
    return Told(
        text_of(row, "id", 200, needed=True),
        kind,
        channel,
        moment_of(text_of(row, "at", 40)),
        message_ref=text_of(row, "message"),
        message_key=text_of(row, "key"),
        address=text_of(row, "address", 254),
        text=said_in(row, "text"),
        detail=why_of(row, "code"),
    )
