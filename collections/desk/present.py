"""How an account stands, as a request keeps and shows it, and what of that moved since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, AccountStatus
from accounts.selectors.what_if import Again, Picture, picture
from approvals.models import Request
from approvals.present import moved

# What the decider relies on, by what it is called inside a sentence.
NAMES = {
    "bills": gettext_lazy("owed without late fees"),
    "late_fee": gettext_lazy("late fees"),
    "overdue": gettext_lazy("overdue"),
    "waiting_credit": gettext_lazy("waiting credit"),
    "days": gettext_lazy("days past due"),
}
# These grow with every night; a request outlives it.
GROWING = ("late_fee", "days")
# Blocking the card changes nothing of what is owed.
LIVE = (AccountStatus.ACTIVE, AccountStatus.FROZEN)


def told(picture: Picture, status: str) -> dict[str, Any]:
    """A picture of an account as a request keeps it."""
    owed = picture.owed
    return {
        "owed": owed.total,
        "bills": owed.total - owed.late_fee_now,
        "late_fee": owed.late_fee_now,
        "overdue": owed.overdue,
        "waiting_credit": owed.waiting_credit,
        "bucket": picture.bucket,
        "days": picture.days_past_due,
        "status": status,
        "due_on": picture.final_due_on,
    }


def told_again(again: Again) -> dict[str, Any]:
    """What is owed again where a plan falls back, by bill and in sum, as a request keeps it."""
    parts = ("principal", "interest", "service_fee", "overdue", "total")
    return {
        "bills": [
            {"ref": bill.ref, "due_on": bill.due_on, **{name: getattr(bill, name) for name in parts}}
            for bill in again.bills
        ],
        "late_fee": again.late_fee,
        **{name: getattr(again, name) for name in parts},
    }


def now_on(account_id: int) -> dict[str, Any]:
    """How the account stands now. Four queries; no locks."""
    status = Account.objects.values_list("status", flat=True).get(pk=account_id)
    return told(picture(account_id), status)


def changes(request: Request, now: Mapping[str, Any]) -> list[str]:
    """What of the account is not as the decider is shown it, in words; nothing where no account was shown."""
    then = request.preview.get("before")
    if not then:
        return []
    found = moved(then, now, NAMES, grows=GROWING)
    due_then, due_now = then["due_on"] or "–", str(now["due_on"] or "–")
    if due_then != due_now:
        found.append(_("all due on %(then)s then, %(now)s now") % {"then": due_then, "now": due_now})
    if then["status"] != now["status"] and not {then["status"], now["status"]} <= set(LIVE):
        names = dict(AccountStatus.choices)
        found.append(
            _("status “%(then)s” then, “%(now)s” now") % {"then": names[then["status"]], "now": names[now["status"]]}
        )
    return found
