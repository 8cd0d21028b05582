"""Dates and moments on command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date, datetime

from django.utils.translation import gettext as _

from accounts.importing import values


def iso_date(text: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(values.iso_date(text))
    except values.BadValue as error:
        raise ArgumentTypeError(
            _("“%(text)s” is no date; expected %(what)s.") % {"text": text, "what": error}
        ) from None


def iso_moment(text: str) -> datetime:
    """A moment in ISO 8601 with its offset."""
    try:
        return datetime.fromisoformat(values.moment(text))
    except values.BadValue as error:
        raise ArgumentTypeError(
            _("“%(text)s” is no moment; expected %(what)s.") % {"text": text, "what": error}
        ) from None
