"""Web Push (RFC 8030, 8291, 8292); the address is the browser's subscription as JSON, kept encrypted like every address."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from reminders.channels import Going, Outgoing, Sent, TransportError, faults, one_by_one
from reminders.channels.config import needed
from reminders.channels.connection import Place, place_of
from reminders.channels.http import LOOPBACK, Client
from reminders.channels.push import notice

# A push service keeps it so long for a device that is off.
KEPT_SECONDS = 24 * 3600
# Shorter than the day that RFC 8292 allows.
TOKEN_SECONDS = 12 * 3600


class Adapter:
    """Web Push straight to the browsers' own services."""

    def __init__(self) -> None:
        try:
            from py_vapid import Vapid02
            from pywebpush import WebPusher
        except ImportError:
            raise ImproperlyConfigured(
                "The adapter webpush needs the extra: pip install --require-hashes -r requirements/webpush.txt."
            ) from None
        key, self._contact = needed("webpush", "PUSH_WEBPUSH_PRIVATE_KEY", "PUSH_WEBPUSH_CONTACT")
        try:
            self._vapid = Vapid02.from_string(key)
        except Exception:
            raise ImproperlyConfigured(
                "PUSH_WEBPUSH_PRIVATE_KEY must be a P-256 private key in base64url, as `vapid --gen` makes."
            ) from None
        self._encrypted = WebPusher
        self._client = Client("webpush")

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once whether its push service took it or why not."""
        return one_by_one(self._post, batch)

    def _post(self, outgoing: Outgoing) -> Sent:
        subscription, origin = _subscription(outgoing.address)
        try:
            shown = json.dumps(notice(outgoing), ensure_ascii=False).encode()
            body = self._encrypted(subscription).encode(shown, "aes128gcm")["body"]
        except Exception as error:
            # The subscription's keys are at fault; what the library says may quote them.
            raise TransportError(
                f"webpush: not a subscription: {type(error).__name__}", permanent=True, unknown_recipient=True
            ) from None
        claims = {"aud": origin, "sub": self._contact, "exp": int(time.time()) + TOKEN_SECONDS}
        headers = {
            **self._vapid.sign(claims),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_SECONDS),
            # The same message again replaces itself while it waits for the device.
            "Topic": _topic(outgoing.key),
        }
        answer = self._client.post(subscription["endpoint"], body, headers)
        if answer.ok:
            return Sent(_topic(outgoing.key))
        gone = answer.status in (404, 410)
        fault = faults.UNKNOWN_RECIPIENT if gone else faults.by_status(answer.status)
        raise faults.error("webpush", answer.status, fault, retry_after=answer.retry_after)


def _topic(key: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()[:24]).decode()


def _subscription(address: str) -> tuple[dict[str, Any], str]:
    """The subscription and its service's origin; a service that the settings do not name is never asked."""
    try:
        found = json.loads(address)
        place: Place | None = place_of(found["endpoint"])[0]
        complete = bool(found["keys"]["p256dh"] and found["keys"]["auth"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        place, complete = None, False
    if place is None or not complete:
        raise TransportError("webpush: not a subscription", permanent=True, unknown_recipient=True)
    host, secure = place.host, place.scheme == "https" or place.host in LOOPBACK
    known = any(host == name or (name.startswith(".") and host.endswith(name)) for name in settings.PUSH_WEBPUSH_HOSTS)
    if not secure or not known or "@" in urlsplit(found["endpoint"]).netloc:
        raise TransportError("webpush: its service is not among PUSH_WEBPUSH_HOSTS", permanent=True)
    return found, f"{place.scheme}://{place.name}"
