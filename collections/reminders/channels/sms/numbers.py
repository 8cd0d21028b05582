"""Telephone numbers as providers want them."""

from __future__ import annotations

import phonenumbers

from accounts.identity import is_chinese_mobile, telephone
from reminders.channels import TransportError


def e164(number: str) -> str:
    """A number as +country and subscriber; one without a country is read as of the lender's own.

    Raises:
        TransportError: permanent, unknown recipient: it can be nobody's number.
    """
    if is_chinese_mobile(number):
        return f"+86{number}"
    parsed = telephone(number)
    if parsed is None:
        raise TransportError("not a telephone number", permanent=True, unknown_recipient=True)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
