"""A customer's accounts with their bills, as the case page shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    Account,
    Allocation,
    Bill,
    Component,
    EntryKind,
    LedgerEntry,
    OverdueKind,
    Payment,
    ProductTerms,
    Standing,
)

ZERO = Decimal("0.00")
_Row = TypeVar("_Row", Bill, Payment)
_MONEY: DecimalField[Decimal, Decimal] = DecimalField(max_digits=14, decimal_places=2)


@dataclass(frozen=True)
class BillView:
    """One bill as a row: what it asks, what it got, and the word for where that leaves it."""

    bill: Bill
    day: date
    grace_ends_on: date
    whole_is_due: bool

    @property
    def is_late(self) -> bool:
        """Unmet on the day: past its grace and short of its minimum, or of anything once the final due date has passed."""
        return self.left > 0 if self.whole_is_due else self.short > 0 and self.day > self.grace_ends_on

    @property
    def lacking(self) -> Decimal:
        """What makes this bill current."""
        return self.left if self.whole_is_due else self.short

    @property
    def amount(self) -> Decimal:
        """What the bill asks in all, with what rolled in and without what rolled out."""
        bill = self.bill
        return bill.principal + bill.interest + bill.service_fee + bill.rolled_in - bill.rolled_out

    @property
    def left(self) -> Decimal:
        return max(self.amount - self.bill.allocated, ZERO)

    @property
    def short(self) -> Decimal:
        """What is missing to the minimum."""
        return max(self.bill.minimum_due - self.bill.allocated, ZERO)

    @property
    def percent_of_minimum(self) -> int:
        """How far the minimum is met, 0 to 100; rounded down, so that 100 means met."""
        if self.bill.minimum_due <= 0:
            return 100
        return int(min(self.bill.allocated / self.bill.minimum_due, Decimal(1)) * 100)

    @property
    def state(self) -> tuple[str, str | Promise]:
        """(tone, word). The tone colours it, the word says it."""
        if self.left == 0:
            return "may", _("Paid")
        if self.is_late:
            return "mustnot", _("Unmet")
        if self.short == 0:
            return "may", _("Minimum met")
        if self.bill.due_on >= self.day:
            return "plain", _("Not yet due")
        return "watch", _("In grace")


@dataclass(frozen=True)
class AccountView:
    """One account of the customer with everything that the page says of it."""

    account: Account
    standing: Standing | None
    owed: Decimal
    late_fee: Decimal
    bills: Sequence[BillView]
    payments: Sequence[Payment]
    day: date
    days_past_due: int

    @property
    def unmet(self) -> list[BillView]:
        """The bills that make it late, oldest first."""
        return [bill for bill in reversed(self.bills) if bill.is_late]

    @property
    def held_days(self) -> int:
        """Days since it fell overdue that a deferral took off the clock."""
        if self.standing is None:
            return 0
        return (self.day - self.standing.overdue_since).days - self.days_past_due


def debts(customer_id: int, day: date) -> list[AccountView]:
    """The customer's accounts as of `day`, late ones first, longest overdue first. Three queries, however many there are."""
    accounts = list(_accounts(customer_id))
    bills = _by_account(_bills(customer_id))
    payments = _by_account(
        Payment.objects.filter(account__customer_id=customer_id)
        .select_related("reversal", "account")
        .order_by("-effective_on", "-id")
    )
    views = [_view(account, bills[account.pk], payments[account.pk], day) for account in accounts]
    return sorted(views, key=lambda view: (view.standing is None, -view.days_past_due, view.account.pk))


def _accounts(customer_id: int) -> QuerySet[Account]:
    entries = LedgerEntry.objects.filter(account=OuterRef("pk")).order_by().values("account")
    fees = entries.filter(kind__in=(EntryKind.LATE_FEE, EntryKind.WAIVER))
    paid_fees = (
        Allocation.objects.filter(account=OuterRef("pk"), component=Component.LATE_FEE, bill=None)
        .filter(~Q(entry__kind=EntryKind.WAIVER))
        .order_by()
        .values("account")
    )
    zero = Value(ZERO, _MONEY)
    owed = Subquery(entries.exclude(kind=EntryKind.ROLL_OVER).values(sum=Sum("amount")), output_field=_MONEY)
    charged = Subquery(fees.values(sum=Sum("amount")), output_field=_MONEY)
    paid = Subquery(paid_fees.values(sum=Sum("amount")), output_field=_MONEY)
    return (
        Account.objects.filter(customer_id=customer_id)
        .select_related("product", "standing")
        .annotate(owed=Coalesce(owed, zero), late_fee=Coalesce(charged, zero) - Coalesce(paid, zero))
        .order_by(F("standing__clock_from_on").asc(nulls_last=True), "pk")
    )


def _bills(customer_id: int) -> QuerySet[Bill]:
    """The bills with the grace of their statement's day: the terms in force then, else the earliest."""
    terms = ProductTerms.objects.filter(product=OuterRef("account__product"))
    in_force = terms.filter(effective_from__lte=OuterRef("statement_on")).order_by("-effective_from")
    grace = Coalesce(
        Subquery(in_force.values("grace_days")[:1]),
        Subquery(terms.order_by("effective_from").values("grace_days")[:1]),
        0,
    )
    return Bill.objects.filter(account__customer_id=customer_id).annotate(grace_days=grace).order_by("-due_on", "-ref")


def _view(account: Account, bills: Sequence[Bill], payments: Sequence[Payment], day: date) -> AccountView:
    standing = getattr(account, "standing", None)
    final = standing is not None and standing.kind == OverdueKind.FULL
    return AccountView(
        account=account,
        standing=standing,
        owed=account.owed,  # type: ignore[attr-defined]  # annotated in _accounts
        late_fee=account.late_fee,  # type: ignore[attr-defined]  # annotated in _accounts
        bills=[
            BillView(bill, day, bill.due_on + timedelta(days=bill.grace_days), final)  # type: ignore[attr-defined]  # annotated in _bills
            for bill in bills
        ],
        payments=payments,
        day=day,
        days_past_due=0 if standing is None else _days(standing, day),
    )


def _days(standing: Standing, day: date) -> int:
    return ((standing.clock_stopped_on or day) - standing.clock_from_on).days


def _by_account(rows: Iterable[_Row]) -> dict[int, list[_Row]]:
    grouped: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        grouped[row.account_id].append(row)
    return grouped
