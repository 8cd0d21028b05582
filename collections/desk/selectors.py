"""Whose unmatched money may be, and what may be asked for on an account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Acceleration, Account, Payment, UnmatchedPayment
from accounts.permissions import customers_visible_to
from accounts.selectors.owed import Owed
from approvals.climbing import Climb, climb_of
from approvals.models import OPEN, Request
from approvals.permissions import visible_to
from staff.permissions import Anyone

SUGGESTED = 8
# So many payments are offered to choose from.
RECENT = 30


@dataclass(frozen=True)
class Suggestion:
    """An account whose money it may be, and what speaks for it."""

    account: Account
    why: str


def suggestions(row: UnmatchedPayment, user: Anyone) -> list[Suggestion]:
    """Accounts within `user`'s reach: those whose reference, or whose customer's, is the one given but for spaces, hyphens and
    case; then those of which exactly that amount is overdue. Two queries."""
    mine = Account.objects.filter(customer__in=customers_visible_to(user)).select_related("customer")
    given = row.account_ref.strip()
    bare = re.sub(r"[\s\-_./]", "", given)
    forms = {given, bare, given.upper(), bare.upper(), given.lower(), bare.lower()}
    by_ref = mine.filter(Q(ref__in=forms) | Q(customer__ref__in=forms)).order_by("pk")[:SUGGESTED]
    found = [Suggestion(account, _("by the reference")) for account in by_ref]
    by_amount = mine.filter(standing__overdue_amount=row.amount).order_by("pk")[:SUGGESTED]
    known = {one.account.pk for one in found}
    found += [Suggestion(account, _("exactly that is overdue")) for account in by_amount if account.pk not in known]
    return found[:SUGGESTED]


def reversible(account: Account) -> QuerySet[Payment]:
    """The latest payments of an account that are not reversed."""
    return account.payments.filter(reversal=None).order_by("-effective_on", "-pk")[:RECENT]


def called_due(account: Account) -> Acceleration | None:
    """The acceleration in force on an account."""
    return Acceleration.objects.filter(account=account, withdrawn_at=None).first()


def in_the_way(account: Account, owed: Owed, called: Acceleration | None) -> dict[str, str]:
    """By kind, why it makes no sense to ask for it on this account now; kinds without a word are possible. A query beside what is
    owed and `called_due`."""
    found = {}
    if not reversible(account):
        found["reversal"] = _("This account has no payment that is not reversed already.")
    if not owed.waiting_credit:
        found["refund"] = _("No credit waits on this account: there is nothing to refund.")
    if not owed.total:
        found["write-off"] = _("Nothing is owed on this account: there is nothing to write off.")
        found["acceleration"] = _("Nothing is owed on this account: there is nothing to call due.")
    if called:
        found["acceleration"] = _("The whole balance was called due already, for %(day)s. Withdraw that first.") % {
            "day": called.due_on.isoformat()
        }
    else:
        found["deceleration"] = _("No acceleration is in force on this account: there is nothing to withdraw.")
    return found


def open_requests(account: Account, user: Anyone) -> list[tuple[Request, Climb]]:
    """What is asked for on an account and not decided yet, of what `user` may know of, newest first, and who may decide it."""
    rows = visible_to(user).filter(subject_type="account", subject_id=account.pk, status__in=OPEN)
    return [(row, climb_of(row)) for row in rows.select_related("customer").order_by("-pk")]
