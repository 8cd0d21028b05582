"""What of an account a plan may take over now, and the rules under which it may be offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import Account
from accounts.rules import cents
from accounts.selectors.owed import BillOwed, Owed
from accounts.selectors.terms import terms_on
from accounts.selectors.what_if import picture_posted, present_days
from restructuring.models import PlanRule
from restructuring.rules.offers import Limits
from restructuring.rules.schedules import Balance
from restructuring.terms import LEAVE, WHOLE, Part
from runs import clock
from runs.selectors import book_day


@dataclass(frozen=True)
class Position:
    """What is owed on an account as a plan posted now would find it; `day`: the open business day, from which it would run."""

    account: Account
    day: date
    owed: Owed

    def parts(self, covers: str, late_fee: str) -> list[Part]:
        """What a plan takes over: of each bill what is overdue or the whole, and the late fees, where they are not left."""
        found = [part for bill in self.owed.bills if (part := _of_bill(bill, covers)) is not None]
        fees = cents(self.owed.late_fee_now)
        if fees and late_fee != LEAVE:
            found.append(Part(None, "", self.day, Balance(late_fee=fees)))
        return found


def position(account: Account) -> Position:
    """The present position of an account. Three queries; no locks."""
    days = present_days()
    return Position(account, days.open, picture_posted(account.pk, days).owed)


def open_day() -> date:
    """The business day that is closed next: what is posted now counts from it."""
    return opens_after(book_day())


def opens_after(closed: date | None) -> date:
    """The business day behind the last closed one; today where none was ever closed."""
    return clock.today() if closed is None else closed + timedelta(days=1)


def rule_on(day: date) -> PlanRule:
    """The rule of plans in force on a day.

    Raises:
        PlanRule.DoesNotExist: there is none at all.
    """
    rules = PlanRule.objects
    return rules.filter(effective_from__lte=day).order_by("-effective_from").first() or rules.earliest("effective_from")


def limits(rule: PlanRule, account: Account, day: date) -> Limits:
    """What the rule and the product's own terms allow: of two caps the lower. One query."""
    own = terms_on(account.product_id, day)
    caps = [cap for cap in (rule.annual_cap, own.all_in_annual_cap if own else None) if cap is not None]
    return Limits(
        most_months=rule.most_months,
        annual_cap=min(caps, default=None),
        most_discount=rule.most_discount,
        discount_rate=rule.discount_rate,
        surplus_share=rule.surplus_share,
        far_away_days=rule.far_away_days,
    )


def _of_bill(bill: BillOwed, covers: str) -> Part | None:
    """The part of a bill, its service fee and interest before its principal, as money would meet it."""
    left = cents(bill.total if covers == WHOLE else bill.overdue)
    if not left:
        return None
    taken = {}
    for name in ("service_fee", "interest", "principal"):
        taken[name] = min(left, cents(getattr(bill, name)))
        left -= taken[name]
    return Part(bill.bill_id, bill.ref, bill.due_on, Balance(**taken))
