"""Aliyun SMS, HTTP batch push: SmsReport (status reports) and SmsUp (answers). It signs nothing: the address that is entered in
its console carries a login, which arrives as basic authentication.

Its codes of failure mix numbers that do not exist with telephones that are off, so that none marks a number wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from reminders.hooks import SHANGHAI, check_login, json_of, malformed, moment_of, rows_of, said_in, text_of, why_of
from reminders.models import ReceiptKind
from reminders.services.receipts import Told

ANSWER = ("application/json", '{"code": 0, "msg": "接收成功"}')


def read(request: HttpRequest) -> list[Told]:
    """The events of a request, reports or answers."""
    check_login(request, settings.HOOK_ALIYUN_LOGIN)
    return [_report(row) if "biz_id" in row else _answer(row) for row in rows_of(json_of(request.body))]


def _report(row: Mapping[str, Any]) -> Told:
    number, code = text_of(row, "biz_id", needed=True), why_of(row, "err_code")
    at, success = text_of(row, "report_time", 40), row.get("success")
    if not isinstance(success, bool):
        raise malformed()
    return Told(
        f"{number}:{at}:{code}",
        ReceiptKind.DELIVERED if success else ReceiptKind.UNDELIVERED,
        "sms",
        moment_of(at, SHANGHAI),
        message_ref=number,
        message_key=text_of(row, "out_id"),
        detail="" if success else code,
    )


def _answer(row: Mapping[str, Any]) -> Told:
    return Told(
        f"in:{text_of(row, 'sequence_id', needed=True)}",
        ReceiptKind.REPLIED,
        "sms",
        moment_of(text_of(row, "send_time", 40), SHANGHAI),
        address=text_of(row, "phone_number", 40, needed=True),
        text=said_in(row, "content"),
    )
