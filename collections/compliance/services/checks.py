"""What flags and agreed hours ask alike."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from accounts.errors import Invalid


def check_days(from_on: date, until_on: date | None) -> None:
    """Refuse a last day before the first.

    Raises:
        Invalid: at `until_on`.
    """
    if until_on is not None and until_on < from_on:
        raise Invalid(
            _("The last day (%(until)s) is before the first (%(from)s).") % {"until": until_on, "from": from_on},
            "until_on",
        )
