"""Which days make sense for calling a debt due: nothing is due in the past, nor out of sight."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from accounts.models import Account
from accounts.selectors.owed import owed_now
from runs import clock

# These spans keep a mistyped year out. No law and no policy has them and no amount follows from them: when an account may be
# called due at all, and what is owed then, say the contract, the notice and the product's dated terms. So they are no dated rows.
TEN_YEARS = timedelta(days=3653)
# So long ago a notice may be, and so far ahead what it calls due.
A_YEAR = timedelta(days=366)


def check_final_date(account: Account, day: date | None) -> None:
    """Refuse a final due date in the past, before the last unpaid bill is due, or more than ten years ahead: late fees would
    be owed of days on which nobody could know. None is always possible.

    Raises:
        Invalid: it says which days are expected.
    """
    if day is None:
        return
    today = clock.today()
    first = max([today, *(bill.due_on for bill in owed_now([account.pk])[account.pk].bills)])
    last = today + TEN_YEARS
    if not first <= day <= last:
        raise Invalid(
            _("%(day)s cannot be the final due date: expected a day from %(first)s to %(last)s.")
            % {"day": day, "first": first, "last": last},
            "final_due_on",
        )


def check_acceleration(account: Account, *, notified_on: date, due_on: date) -> None:
    """Refuse a notice before the account was opened, more than a year ago or in the future, and a due date before it or more
    than a year ahead.

    Raises:
        Invalid: it says which days are expected.
    """
    today = clock.today()
    first = max(today - A_YEAR, account.opened_on or today - A_YEAR)
    if not first <= notified_on <= today:
        raise Invalid(
            _("Notified on %(day)s: expected a day from %(first)s to %(last)s.")
            % {"day": notified_on, "first": first, "last": today},
            "notified_on",
        )
    if not notified_on <= due_on <= today + A_YEAR:
        raise Invalid(
            _("All due on %(day)s: expected a day from %(first)s, when the debtor was notified, to %(last)s.")
            % {"day": due_on, "first": notified_on, "last": today + A_YEAR},
            "due_on",
        )
