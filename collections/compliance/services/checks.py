"""What flags and agreed hours ask alike."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from runs import clock

# Whatever began longer ago, is to begin later or is to last longer is a slip of the pen. No law and no policy of the lender has
# these spans: they keep a mistyped year out, decide nothing about anybody, and so are no dated rows. Who means "for good"
# gives no last day.
LONGEST_AGO = timedelta(days=20 * 365)
LATEST = timedelta(days=365)
FURTHEST = timedelta(days=20 * 365)


def check_days(from_on: date, until_on: date | None) -> None:
    """Refuse a last day before the first, or farther ahead than `FURTHEST`.

    Raises:
        Invalid: at `until_on`.
    """
    if until_on is None:
        return
    if until_on < from_on:
        raise Invalid(
            _("The last day (%(until)s) is before the first (%(from)s).") % {"until": until_on, "from": from_on},
            "until_on",
        )
    last = clock.today() + FURTHEST
    if until_on > last:
        raise Invalid(
            _("%(day)s is too far ahead. Give a day until %(last)s, or none: then it holds until somebody ends it.")
            % {"day": until_on, "last": last},
            "until_on",
        )


def check_start(what: str, from_on: date, *, ahead: timedelta = LATEST) -> None:
    """Refuse a first day longer ago than `LONGEST_AGO`, or farther than `ahead`; `what` begins then.

    Raises:
        Invalid: at `from_on`.
    """
    today = clock.today()
    first, last = today - LONGEST_AGO, today + ahead
    if not first <= from_on <= last:
        raise Invalid(
            _("“%(what)s” from %(day)s cannot be: a first day from %(first)s to %(last)s is expected.")
            % {"what": what, "day": from_on, "first": first, "last": last},
            "from_on",
        )
