"""A customer's accounts with their bills, as the case page shows them: the replay's own findings, nothing judged again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, BillKind, LedgerEntry, ReliefKind
from accounts.rules import Bill, BillState, HowLate, day, judge, money, replay, to_date
from accounts.rules.judge import FULL, believed
from accounts.selectors.facts import AccountFacts, read_facts
from accounts.selectors.owed import fee_to_post
from accounts.selectors.terms import read_terms

ZERO = Decimal("0.00")
# What a bill of which nothing is left is instead of paid, by what took the rest off; the last one decides.
_ENDED = {
    ReliefKind.CLOSURE.value: _("Taken over by a plan"),
    ReliefKind.WRITE_OFF.value: _("Written off"),
    ReliefKind.VOID.value: _("Void"),
}


@dataclass(frozen=True)
class BillView:
    """One bill as a row: what it asks, what it got, and the word for where that leaves it.

    `found` is None before its statement date: then it takes no part.
    """

    bill: Bill
    billed_minimum: int
    found: BillState | None
    is_late: bool
    whole_is_due: bool
    day: date
    # The kind of relief after which nothing is left of it, where it was not paid alone.
    ended_by: str = ""

    @property
    def statement_on(self) -> date | None:
        return to_date(self.bill.statement_on)

    @property
    def due_on(self) -> date | None:
        return to_date(self.bill.due_on)

    @property
    def amount(self) -> Decimal:
        """What the bill asks in all, with what rolled in and without what rolled out."""
        if self.found is None:
            return money(self.bill.principal + self.bill.interest + self.bill.service_fee)
        return money(self.found.capacity)

    @property
    def minimum(self) -> Decimal:
        return money(self.billed_minimum if self.found is None else self.found.minimum)

    @property
    def allocated(self) -> Decimal:
        return ZERO if self.found is None else money(self.found.allocated)

    @property
    def lacking(self) -> Decimal:
        """What makes this bill current."""
        if self.found is None:
            return ZERO
        return money(self.found.left if self.whole_is_due else self.found.short)

    @property
    def is_open(self) -> bool:
        """Whether anything of it is to be paid, billed yet or not."""
        return self.found is None or self.found.left > 0

    @property
    def percent_of_minimum(self) -> int:
        """How far the minimum is met, 0 to 100; rounded down, so that 100 means met."""
        if self.minimum <= 0:
            return 100
        return int(min(self.allocated / self.minimum, Decimal(1)) * 100)

    @property
    def state(self) -> tuple[str, str | Promise]:
        """(tone, word). The tone colours it, the word says it."""
        if self.found is None:
            return "plain", _("Not yet billed")
        if self.found.left == 0:
            return ("plain", _ENDED[self.ended_by]) if self.ended_by else ("may", _("Paid"))
        if self.is_late:
            return "mustnot", _("Unmet")
        if self.found.short == 0:
            return "may", _("Minimum met")
        if self.bill.due_on >= day(self.day):
            return "plain", _("Not yet due")
        return "watch", _("In grace")


@dataclass(frozen=True)
class AccountView:
    """One account of the customer with everything that the page says of it, as of `day`."""

    account: Account
    how_late: HowLate
    owed: Decimal
    late_fee: Decimal
    bills: Sequence[BillView]
    day: date

    @property
    def days_past_due(self) -> int:
        return self.how_late.days_past_due

    @property
    def unmet(self) -> list[BillView]:
        """The bills that make it late, oldest first."""
        return sorted(
            (bill for bill in self.bills if bill.is_late), key=lambda row: (row.bill.due_on, str(row.bill.ref))
        )

    @property
    def held_days(self) -> int:
        """Days since it fell overdue that a deferral took off the clock."""
        if self.how_late.overdue_since is None:
            return 0
        return day(self.day) - self.how_late.overdue_since - self.days_past_due


def debts(customer_id: int, on: date) -> list[AccountView]:
    """The customer's accounts as of `on` (or the later day to which a posting took one), the longest overdue first.

    Three queries, however many there are, and one where anything was ever taken off.
    """
    accounts = {
        account.pk: account for account in Account.objects.filter(customer_id=customer_id).select_related("product")
    }
    with connection.cursor() as cursor:
        found = [
            facts
            for facts in read_facts(cursor, read_terms(), "a.customer_id = %s", (customer_id,), refs=True)
            if facts.account_id in accounts
        ]
    ended = _ended([facts.account_id for facts in found if facts.reliefs])
    views = [_view(facts, accounts[facts.account_id], on, ended) for facts in found]
    return sorted(views, key=lambda view: (not view.how_late.late, -view.days_past_due, view.account.pk))


def _ended(account_ids: Sequence[int]) -> dict[int, str]:
    """The bills of these accounts off which a relief that ends a bill took something, by the ledger, and the latest's kind."""
    if not account_ids:
        return {}
    entries = LedgerEntry.objects.filter(account__in=account_ids, relief__kind__in=_ENDED, bill__isnull=False)
    sums = entries.order_by().values_list("relief", "bill", "relief__kind").annotate(sum=Sum("amount"))
    return {bill: kind for _relief, bill, kind, amount in sums.order_by("relief") if amount}


def _view(facts: AccountFacts, account: Account, on: date, ended: Mapping[int, str]) -> AccountView:
    closed, on, judged_on = on, facts.told_on(on), facts.judged_as_of(on)
    holds, terms = believed(facts.holds, None), facts.terms_now
    found = replay(terms, facts.bills, facts.credits, holds, as_of=day(on))
    how_late = judge(terms, found.bills, holds, day(judged_on), believed(facts.watches, None))
    states = {state.key: state for state in found.bills}
    late_fee = money(found.fee_left + fee_to_post(facts, found, day(on), closed))
    return AccountView(
        account=account,
        how_late=how_late,
        owed=money(sum(state.left for state in found.bills) - found.credit) + late_fee,
        late_fee=late_fee,
        bills=_ordered(
            BillView(
                bill=bill,
                billed_minimum=facts.cached[bill.key].minimum,
                found=states.get(bill.key),
                is_late=bill.key in how_late.unmet,
                whole_is_due=how_late.kind == FULL,
                day=judged_on,
                ended_by=ended.get(bill.key, ""),
            )
            for bill in reversed(facts.bills)
        ),
        day=judged_on,
    )


def _ordered(bills: Iterable[BillView]) -> list[BillView]:
    """The bills as they come, the latest first; under a plan what is to be paid before that, the next due first."""
    rows = list(bills)
    if not any(row.bill.kind == BillKind.PLAN and row.is_open for row in rows):
        return rows
    to_pay = [row for row in reversed(rows) if row.is_open]
    return [*to_pay, *(row for row in rows if not row.is_open)]
