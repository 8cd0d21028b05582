"""Tencent Cloud SMS (2021-01-11, SendSms), signed with TC3-HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from django.conf import settings

from reminders.channels import Going, Outgoing, Sent, TransportError, faults, one_by_one
from reminders.channels.config import needed
from reminders.channels.connection import place_of
from reminders.channels.faults import DAY, HOUR, MINUTE, PERMANENT, TEMPORARY, UNCERTAIN, UNKNOWN_RECIPIENT
from reminders.channels.http import Client, checked_url
from reminders.channels.sms.approved import approved, check
from reminders.channels.sms.numbers import e164

VERSION = "2021-01-11"
CONTENT_TYPE = "application/json; charset=utf-8"

# The codes of its documentation (error codes of API 3.0) that are more than "temporary".
CODES: Mapping[str, faults.Fault] = {
    "InvalidParameterValue.IncorrectPhoneNumber": UNKNOWN_RECIPIENT,
    # She opted out, or the carrier keeps her from it: the number is hers all the same.
    "FailedOperation.PhoneNumberInBlacklist": PERMANENT,
    "FailedOperation.ContainSensitiveWord": PERMANENT,
    "FailedOperation.FailResolvePacket": PERMANENT,
    "InvalidParameterValue.ContentLengthLimit": PERMANENT,
    "InvalidParameterValue.TemplateParameterFormatError": PERMANENT,
    "InvalidParameterValue.TemplateParameterLengthLimit": PERMANENT,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": PERMANENT,
    "UnsupportedOperation.UnsuportedRegion": PERMANENT,
    "LimitExceeded.PhoneNumberThirtySecondLimit": MINUTE,
    "LimitExceeded.PhoneNumberOneHourLimit": HOUR,
    "LimitExceeded.PhoneNumberDailyLimit": DAY,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": DAY,
    "LimitExceeded.DailyLimit": DAY,
    "LimitExceeded.AppDailyLimit": DAY,
    "LimitExceeded.DeliveryFrequencyLimit": HOUR,
    "LimitExceeded": MINUTE,
    "RequestLimitExceeded": MINUTE,
    "InternalError": UNCERTAIN,
    "InternalError.Timeout": UNCERTAIN,
    "InternalError.OtherError": UNCERTAIN,
    "InternalError.SendAndRecvFail": UNCERTAIN,
    "InternalError.RequestTimeException": TEMPORARY,
}


class Adapter:
    """SMS by Tencent Cloud."""

    def __init__(self) -> None:
        url, self._secret_id, self._secret_key, self._app_id, self._sign_name = needed(
            *("tencent", "SMS_TENCENT_URL", "SMS_TENCENT_SECRET_ID", "SMS_TENCENT_SECRET_KEY"),
            *("SMS_TENCENT_APP_ID", "SMS_TENCENT_SIGN_NAME"),
        )
        check()
        self._url = checked_url("SMS_TENCENT_URL", url)
        self._client = Client("tencent")

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once whether Tencent Cloud took it or why not."""
        return one_by_one(self._post, batch)

    def _post(self, outgoing: Outgoing) -> Sent:
        text = approved(outgoing)
        body = json.dumps(
            {
                "PhoneNumberSet": [e164(outgoing.address)],
                "SmsSdkAppId": self._app_id,
                "SignName": self._sign_name,
                "TemplateId": text.code,
                "TemplateParamSet": list(text.values.values()),
                "SessionContext": outgoing.key,
            }
        ).encode()
        at = datetime.now(UTC)
        headers = {
            "Authorization": authorization(
                service="sms",
                host=place_of(self._url)[0].name,
                content_type=CONTENT_TYPE,
                body=body,
                secret_id=self._secret_id,
                secret_key=self._secret_key,
                at=at,
            ),
            "Content-Type": CONTENT_TYPE,
            "Host": place_of(self._url)[0].name,
            "X-TC-Action": "SendSms",
            "X-TC-Region": settings.SMS_TENCENT_REGION,
            "X-TC-Timestamp": str(int(at.timestamp())),
            "X-TC-Version": VERSION,
        }
        answer = self._client.post(f"{self._url}/", body, headers)
        response = answer.data.get("Response")
        if not answer.ok or not isinstance(response, dict):
            raise self._client.unclear(answer)
        failed, statuses = response.get("Error"), response.get("SendStatusSet")
        status = statuses[0] if isinstance(statuses, list) and statuses and isinstance(statuses[0], dict) else None
        code = (failed if isinstance(failed, dict) else status or {}).get("Code")
        if not isinstance(code, str):
            raise self._client.unclear(answer)
        if status is not None and code == "Ok":
            return Sent(str(status.get("SerialNo", "")), _parts(status.get("Fee")))
        raise faults.error("tencent", code, CODES.get(code, TEMPORARY), retry_after=answer.retry_after)


def _parts(fee: object) -> int | None:
    """The messages that it charges for."""
    return fee if isinstance(fee, int) and fee > 0 else None


def authorization(
    *, service: str, host: str, content_type: str, body: bytes, secret_id: str, secret_key: str, at: datetime
) -> str:
    """The Authorization header of a POST to / (signature method v3), which signs the content type and the host."""
    names = "content-type;host"
    hashed = hashlib.sha256(body).hexdigest()
    request = f"POST\n/\n\ncontent-type:{content_type}\nhost:{host}\n\n{names}\n{hashed}"
    day = at.strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{int(at.timestamp())}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"
