"""Why an account is so many days late, in sentences from what the page already holds. The proof: `explain_standing`."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.rules import to_date
from cases.selectors.debts import AccountView, BillView


def why(view: AccountView) -> list[str]:
    """The sentences for a late account: what is unmet, since when the days count, what stopped them."""
    if not view.how_late.late:
        return []
    return [_bill(view.unmet[0]), *_further(view), *_clock(view)]


def _bill(bill: BillView) -> str:
    facts = {
        "bill": bill.bill.ref,
        "due": str(bill.due_on),
        "wanted": f"{bill.amount if bill.whole_is_due else bill.minimum:,.2f}",
        "got": f"{bill.allocated:,.2f}",
        "lacking": f"{bill.lacking:,.2f}",
    }
    if bill.whole_is_due:
        return (
            _(
                "The final due date has passed: bill %(bill)s (due %(due)s) of %(wanted)s got %(got)s and lacks %(lacking)s."
            )
            % facts
        )
    return _("Bill %(bill)s (due %(due)s) asks at least %(wanted)s, got %(got)s and lacks %(lacking)s.") % facts


def _further(view: AccountView) -> list[str]:
    further = len(view.unmet) - 1
    if not further:
        return []
    return [ngettext("%(count)d more bill is unmet.", "%(count)d more bills are unmet.", further) % {"count": further}]


def _clock(view: AccountView) -> list[str]:
    since = to_date(view.how_late.overdue_since)
    assert since is not None
    if view.how_late.clock_stopped_on is not None:
        told = _("A deferral stops the days at present.")
    elif view.held_days > 0:
        told = ngettext("A deferral took %(count)d day off.", "Deferrals took %(count)d days off.", view.held_days) % {
            "count": view.held_days
        }
    else:
        told = _("Nothing stopped the days.")
    return [
        _("Overdue since %(since)s; the day after counts as the first.") % {"since": date_format(since, "Y-m-d")},
        told,
    ]
