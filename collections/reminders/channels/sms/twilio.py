"""Twilio's Messages resource (2010-04-01), with the account's API key over HTTPS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from django.conf import settings
from urllib3.util import make_headers

from reminders.channels import Going, Outgoing, Sent, TransportError, faults, one_by_one
from reminders.channels.config import needed
from reminders.channels.faults import HOUR, MINUTE, PERMANENT, UNKNOWN_RECIPIENT
from reminders.channels.http import Client, checked_url
from reminders.channels.sms.numbers import e164

# The codes of its error dictionary that do not mean what their HTTP status does.
CODES: Mapping[int, faults.Fault] = {
    21211: UNKNOWN_RECIPIENT,  # invalid 'To' number
    21217: UNKNOWN_RECIPIENT,  # does not look like a telephone number
    21614: UNKNOWN_RECIPIENT,  # not a mobile number
    21610: PERMANENT,  # she opted out (STOP): the number is hers all the same
    21408: PERMANENT,  # not enabled for that region
    21612: PERMANENT,  # no way from that sender to that number
    21602: PERMANENT,  # no text
    21617: PERMANENT,  # text too long
    21611: HOUR,  # the sender's queue is full
    20429: MINUTE,  # too many requests
    20003: faults.TEMPORARY,  # our key
    21212: faults.TEMPORARY,  # our sender
    21603: faults.TEMPORARY,  # our sender
    21606: faults.TEMPORARY,  # our sender
}


class Adapter:
    """SMS by Twilio."""

    def __init__(self) -> None:
        url, account, key, secret, self._sender = needed(
            *("twilio", "SMS_TWILIO_URL", "SMS_TWILIO_ACCOUNT_SID", "SMS_TWILIO_KEY_SID", "SMS_TWILIO_KEY_SECRET"),
            "SMS_TWILIO_FROM",
        )
        base = checked_url("SMS_TWILIO_URL", url)
        self._url = f"{base}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        self._headers = {
            **make_headers(basic_auth=f"{key}:{secret}"),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._client = Client("twilio")

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once whether Twilio took it or why not."""
        return one_by_one(self._post, batch)

    def _post(self, outgoing: Outgoing) -> Sent:
        service = self._sender.startswith("MG")
        form = {
            "To": e164(outgoing.address),
            "MessagingServiceSid" if service else "From": self._sender,
            "Body": outgoing.body.strip(),
        }
        if settings.SMS_TWILIO_STATUS_URL:
            form["StatusCallback"] = settings.SMS_TWILIO_STATUS_URL
        answer = self._client.post(self._url, urlencode(form).encode(), self._headers)
        data = answer.data
        if answer.ok and isinstance(data.get("sid"), str):
            segments = str(data.get("num_segments", ""))
            return Sent(data["sid"], int(segments) or None if segments.isdigit() else None)
        code = data.get("code")
        if answer.ok or not isinstance(code, int):
            raise self._client.unclear(answer)
        fault = CODES.get(code, faults.by_status(answer.status))
        raise faults.error("twilio", code, fault, retry_after=answer.retry_after)
