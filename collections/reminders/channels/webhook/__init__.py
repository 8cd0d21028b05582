"""The lender's own gateway: JSON over HTTP, signed with HMAC-SHA256, safe to repeat by its idempotency key.

POST <WEBHOOK_URL>/<channel>
Idempotency-Key: the message's own, the same at every attempt
X-Delinquency-Timestamp: seconds since 1970
X-Delinquency-Signature: v1=hex(HMAC-SHA256(secret, "<timestamp>.<key>.<body>"))

{"channel", "to", "subject", "body", "language"}  →  2xx {"id": "…", "parts": 1}, or 4xx {"error": "<code>"}
Where it names no parts, those of the text are counted as everywhere (`reminders.rules.length_of`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping

from reminders.channels import Going, Outgoing, Sent, TransportError, faults, one_by_one
from reminders.channels.config import needed
from reminders.channels.http import Client, checked_url

# What the gateway may say in `error`; anything else is read by its status.
CODES: Mapping[str, faults.Fault] = {
    "unknown_recipient": faults.UNKNOWN_RECIPIENT,
    "rejected": faults.PERMANENT,
    "throttled": faults.MINUTE,
    "unavailable": faults.TEMPORARY,
}


class Gateway:
    """One channel over the lender's own gateway."""

    def __init__(self, channel: str) -> None:
        url, self._secret = needed("webhook", "WEBHOOK_URL", "WEBHOOK_SECRET")
        self._channel = channel
        self._url = f"{checked_url('WEBHOOK_URL', url)}/{channel}"
        self._client = Client("webhook")

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once whether the gateway took it or why not."""
        return one_by_one(self._post, batch)

    def address(self, outgoing: Outgoing) -> str:
        """Where it goes, as the gateway wants it."""
        return outgoing.address

    def request(self, outgoing: Outgoing) -> tuple[bytes, dict[str, str]]:
        """The body and the headers that carry a message, signed now."""
        body = json.dumps(
            {
                "channel": self._channel,
                "to": self.address(outgoing),
                "subject": outgoing.subject,
                "body": outgoing.body.strip(),
                "language": outgoing.language,
            },
            ensure_ascii=False,
        ).encode()
        timestamp = str(int(time.time()))
        return body, {
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.key,
            "X-Delinquency-Timestamp": timestamp,
            "X-Delinquency-Signature": signature(self._secret, timestamp, outgoing.key, body),
        }

    def _post(self, outgoing: Outgoing) -> Sent:
        answer = self._client.post(self._url, *self.request(outgoing))
        data = answer.data
        if answer.ok and isinstance(data.get("id"), str):
            parts = data.get("parts")
            return Sent(data["id"], parts if isinstance(parts, int) and parts > 0 else None)
        code = data.get("error")
        if answer.ok or not isinstance(code, str):
            raise self._client.unclear(answer)
        fault = CODES.get(code, faults.by_status(answer.status))
        raise faults.error("webhook", code, fault, retry_after=answer.retry_after)


def signature(secret: str, timestamp: str, key: str, body: bytes) -> str:
    """What proves that a request is ours, was made then, and is this one."""
    signed = b".".join((timestamp.encode(), key.encode(), body))
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
