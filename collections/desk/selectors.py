"""Whose unmatched money may be, and what became of what each file brought."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import Account, PaymentFile, UnmatchedPayment, UnmatchedStatus
from accounts.permissions import customers_visible_to
from staff.permissions import Anyone

SUGGESTED = 8


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


def waiting() -> QuerySet[UnmatchedPayment]:
    """The money that waits."""
    return UnmatchedPayment.objects.filter(status=UnmatchedStatus.WAITING)


@dataclass(frozen=True)
class Control:
    """The control total of one file: what it brought against what became of it. `difference` is 0 where nothing is lost."""

    file: PaymentFile
    matched: Decimal
    returned: Decimal
    still_waiting: Decimal

    @property
    def difference(self) -> Decimal:
        """What was received and is neither posted, matched, returned, waiting, known before nor refused."""
        file = self.file
        told = file.posted_amount + file.known_amount + file.refused_amount
        return file.received_amount - told - self.matched - self.returned - self.still_waiting


def controls(files: list[PaymentFile]) -> list[Control]:
    """The control totals of these files. One query."""
    found = (
        UnmatchedPayment.objects.filter(file__in=files)
        .order_by()
        .values_list("file", "status")
        .annotate(total=Sum("amount"))
    )
    sums = {(file, status): total for file, status, total in found}

    def amount(file: PaymentFile, status: UnmatchedStatus) -> Decimal:
        return Decimal(sums.get((file.pk, status.value), 0))

    return [
        Control(
            file,
            amount(file, UnmatchedStatus.MATCHED),
            amount(file, UnmatchedStatus.RETURNED),
            amount(file, UnmatchedStatus.WAITING),
        )
        for file in files
    ]
