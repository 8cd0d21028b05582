"""JPush's Push API v3; the address is a device's registration id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from urllib3.util import make_headers

from reminders.channels import Going, Outgoing, Sent, TransportError, faults, one_by_one
from reminders.channels.config import needed
from reminders.channels.faults import MINUTE, PERMANENT, TEMPORARY, UNCERTAIN, UNKNOWN_RECIPIENT
from reminders.channels.http import Client, checked_url
from reminders.channels.push import notice

# Its return codes; what is not here is read by its HTTP status.
CODES: Mapping[int, faults.Fault] = {
    1000: UNCERTAIN,  # its own failure
    1003: PERMANENT,  # a parameter is wrong
    1004: TEMPORARY,  # our key
    1005: PERMANENT,  # too large
    1008: TEMPORARY,  # our application's key
    1011: UNKNOWN_RECIPIENT,  # nobody fits the audience: the device is gone
    1020: TEMPORARY,  # only HTTPS: our address
    1030: UNCERTAIN,  # timed out inside
    2002: MINUTE,  # too many requests
}


class Adapter:
    """App push by JPush."""

    def __init__(self) -> None:
        url, key, secret = needed("jpush", "PUSH_JPUSH_URL", "PUSH_JPUSH_APP_KEY", "PUSH_JPUSH_MASTER_SECRET")
        self._url = f"{checked_url('PUSH_JPUSH_URL', url)}/v3/push"
        self._headers = {**make_headers(basic_auth=f"{key}:{secret}"), "Content-Type": "application/json"}
        self._client = Client("jpush")

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once whether JPush took it or why not."""
        return one_by_one(self._post, batch)

    def _post(self, outgoing: Outgoing) -> Sent:
        shown = notice(outgoing)
        # The app shows a message once by this key, however often it comes. JPush's own key against repeats (`cid`) is no use:
        # callers may not choose one, they fetch some beforehand, and each holds for a day only, so that after a worker's
        # death, when the next knows nothing of it, there would be another.
        extras = {"message": shown["message"]}
        body = {
            "platform": "all",
            "audience": {"registration_id": [outgoing.address]},
            "notification": {
                "android": {"title": shown["title"], "alert": shown["alert"], "extras": extras},
                "ios": {"alert": {"title": shown["title"], "body": shown["alert"]}, "extras": extras},
            },
        }
        answer = self._client.post(self._url, json.dumps(body).encode(), self._headers)
        data = answer.data
        if answer.ok and isinstance(data.get("msg_id"), str | int):
            return Sent(str(data["msg_id"]))
        failed = data.get("error")
        code = failed.get("code") if isinstance(failed, dict) else None
        if answer.ok or not isinstance(code, int):
            raise self._client.unclear(answer)
        fault = CODES.get(code, faults.by_status(answer.status))
        raise faults.error("jpush", code, fault, retry_after=answer.retry_after)
