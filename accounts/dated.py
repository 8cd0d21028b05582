"""Rows that say from a day on how something is decided."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from runs import clock


def check_ahead(effective_from: date) -> None:
    """What was decided stays as it was: such a row begins tomorrow at the earliest.

    Raises:
        Invalid: it would begin today or before.
    """
    first = clock.today() + timedelta(days=1)
    if effective_from < first:
        raise Invalid(
            _("%(day)s is too early: expected %(first)s or later. What was decided until today stays as it is.")
            % {"day": effective_from.isoformat(), "first": first.isoformat()},
            "effective_from",
        )
