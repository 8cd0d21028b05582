"""Telephone numbers as providers want them."""

from __future__ import annotations

import phonenumbers
from django.conf import settings

from reminders.channels import TransportError


def e164(number: str) -> str:
    """A number as +country and subscriber; one without a country is read as of the lender's own.

    Raises:
        TransportError: permanent, unknown recipient: it can be nobody's number.
    """
    try:
        parsed = phonenumbers.parse(number, settings.LENDER_COUNTRY)
    except phonenumbers.NumberParseException:
        parsed = None
    # Possible, not valid: which ranges are in use changes more often than a library does.
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise TransportError("not a telephone number", permanent=True, unknown_recipient=True)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
