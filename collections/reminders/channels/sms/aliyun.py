"""Aliyun SMS (Dysmsapi 2017-05-25, SendSms), signed with ACS3-HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from reminders.channels import Going, Outgoing, Sent, TransportError, faults, one_by_one
from reminders.channels.config import needed
from reminders.channels.connection import place_of
from reminders.channels.faults import DAY, HOUR, MINUTE, PERMANENT, TEMPORARY, UNCERTAIN, UNKNOWN_RECIPIENT
from reminders.channels.http import Client, checked_url
from reminders.channels.sms.approved import approved, check
from reminders.channels.sms.numbers import e164

VERSION = "2017-05-25"

# The codes of its documentation (API error codes) that are more than "temporary".
CODES: Mapping[str, faults.Fault] = {
    "isv.MOBILE_NUMBER_ILLEGAL": UNKNOWN_RECIPIENT,
    "isv.MOBILE_COUNT_OVER_LIMIT": PERMANENT,
    "isv.BLACK_KEY_CONTROL_LIMIT": PERMANENT,
    "isv.SMS_CONTENT_ILLEGAL": PERMANENT,
    "isv.TEMPLATE_MISSING_PARAMETERS": PERMANENT,
    "isv.TEMPLATE_PARAMS_ILLEGAL": PERMANENT,
    "isv.INVALID_PARAMETERS": PERMANENT,
    "isv.INVALID_JSON_PARAM": PERMANENT,
    "isv.PARAM_LENGTH_LIMIT": PERMANENT,
    "isv.PARAM_NOT_SUPPORT_URL": PERMANENT,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": PERMANENT,
    "isv.BUSINESS_LIMIT_CONTROL": HOUR,
    "isv.DAY_LIMIT_CONTROL": DAY,
    "isv.MONTH_LIMIT_CONTROL": DAY,
    "Throttling": MINUTE,
    "Throttling.User": MINUTE,
    "Throttling.Api": MINUTE,
    "isp.SYSTEM_ERROR": UNCERTAIN,
    "InternalError": UNCERTAIN,
    "ServiceUnavailable": TEMPORARY,
}


class Adapter:
    """SMS by Aliyun."""

    def __init__(self) -> None:
        url, self._key_id, self._secret, self._sign_name = needed(
            "aliyun", "SMS_ALIYUN_URL", "SMS_ALIYUN_KEY_ID", "SMS_ALIYUN_KEY_SECRET", "SMS_ALIYUN_SIGN_NAME"
        )
        check()
        self._url = checked_url("SMS_ALIYUN_URL", url)
        self._client = Client("aliyun")

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once whether Aliyun took it or why not."""
        return one_by_one(self._post, batch)

    def _post(self, outgoing: Outgoing) -> Sent:
        text = approved(outgoing)
        query = {
            "PhoneNumbers": e164(outgoing.address).removeprefix("+86").removeprefix("+"),
            "SignName": self._sign_name,
            "TemplateCode": text.code,
            "TemplateParam": json.dumps(text.values, ensure_ascii=False),
            "OutId": outgoing.key,
        }
        headers = signed(
            host=place_of(self._url)[0].name,
            action="SendSms",
            version=VERSION,
            query=query,
            key_id=self._key_id,
            secret=self._secret,
            at=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        )
        answer = self._client.post(f"{self._url}/?{canonical_query(query)}", b"", headers)
        code = answer.data.get("Code")
        if answer.ok and code == "OK":
            return Sent(str(answer.data.get("BizId", "")))
        if not isinstance(code, str):
            raise self._client.unclear(answer)
        fault = CODES.get(code, UNCERTAIN if answer.status >= 500 else TEMPORARY)
        raise faults.error("aliyun", code, fault, retry_after=answer.retry_after)


def canonical_query(query: Mapping[str, str]) -> str:
    """Names in order, everything but RFC 3986's unreserved characters escaped."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def signed(
    *,
    host: str,
    action: str,
    version: str,
    query: Mapping[str, str],
    key_id: str,
    secret: str,
    at: datetime,
    nonce: str,
) -> dict[str, str]:
    """The headers of a POST to / without a body, signed (request structure and signature, version 3)."""
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": empty,
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n{canonical_query(query)}\n{lines}\n{names}\n{empty}"
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
    return {**headers, "Authorization": credential}
