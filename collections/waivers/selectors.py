"""Reads of waivers: what could be waived of an account's late fees, and what a waiver asked for would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from django.db import connection
from django.db.models import F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import Account, Payment
from accounts.rules import money, replay
from accounts.rules.judge import believed
from accounts.selectors.facts import AccountFacts, read_facts
from accounts.selectors.owed import Owed, owed_now
from accounts.selectors.terms import read_terms
from compliance.models import FlagKind
from compliance.selectors import flags_in_force
from runs import clock
from runs.selectors import open_day
from waivers import rules
from waivers.models import Basis, Waiver, WaiverPolicy, WaiverStatus

COUNTED = (WaiverStatus.GRANTED, WaiverStatus.WAITING)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants waived of an account's late fees: how much, why, and on what condition."""

    account_id: int
    reason_code: str
    basis: str = Basis.FULL.value
    amount: Decimal | None = None
    percent: Decimal | None = None
    bill_id: int | None = None
    condition_amount: Decimal | None = None
    condition_on: date | None = None
    needs_id: int | None = None

    @classmethod
    def of(cls, waiver: Waiver) -> Wanted:
        """What a waiver that is asked for wants."""
        return cls(
            waiver.account_id,
            waiver.reason_code,
            waiver.basis,
            waiver.amount if waiver.basis == Basis.AMOUNT else None,
            waiver.percent,
            waiver.bill_id,
            waiver.condition_amount,
            waiver.condition_on,
            waiver.needs_id,
        )


class LateFee:
    """The late fee of one account as it stands, for who waives some of it. Read when asked for; no locks.

    `without`: a waiver that is not counted among those that wait.
    """

    def __init__(self, account_id: int, *, without: int | None = None) -> None:
        self.account_id = account_id
        self.without = without
        self.day = open_day() or clock.today()

    @cached_property
    def owed(self) -> Owed:
        return owed_now([self.account_id])[self.account_id]

    @cached_property
    def facts(self) -> AccountFacts:
        with connection.cursor() as cursor:
            (facts,) = read_facts(cursor, read_terms(), "a.id = %s", (self.account_id,))
        return facts

    @cached_property
    def promised(self) -> Decimal:
        """What waivers that wait for their payments would take off."""
        waiting = Waiver.objects.filter(account=self.account_id, status=WaiverStatus.WAITING).exclude(
            pk=self.without or 0
        )
        return waiting.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)

    def found_on(self, day: date) -> Decimal:
        """What a relief of that day meets, ahead of the payments of the day; on a day to come, if nothing is paid until then."""
        facts = self.facts
        state = facts.told_on(self.day - timedelta(days=1))
        on, as_of = day.toordinal(), max(day, state).toordinal()
        holds = believed(facts.holds, None)
        return money(rules.fee_found(facts.terms_now, facts.bills, facts.credits, holds, on=on, as_of=as_of))

    def left(self, condition_on: date | None) -> Decimal:
        """The fee that a waiver can take off: what is unpaid now, or, with a condition, will have accrued by its day."""
        if condition_on is None or condition_on <= self.day:
            return self.owed.late_fee_now
        return max(self.found_on(condition_on), self.owed.late_fee_now)

    def shares(self, fee: Decimal) -> dict[int, Decimal]:
        """By bill, the share of a fee that it caused."""
        facts = self.facts
        holds = believed(facts.holds, None)
        found = replay(facts.terms_now, facts.bills, facts.credits, holds, as_of=self.owed.day.toordinal())
        causes = rules.caused(facts.terms_now, found, holds)
        return {bill: money(cents) for bill, cents in rules.shares(int(fee * 100), causes).items()}


def fee_by_bill(account_ids: Sequence[int]) -> dict[int, Decimal]:
    """Which bills caused the late fees that are owed now, and how much of them: those alone that caused some. A replay for each
    account that owes any."""
    return {
        bill: share
        for key, owed in owed_now(account_ids).items()
        if owed.late_fee_now
        for bill, share in LateFee(key).shares(owed.late_fee_now).items()
        if share
    }


@dataclass(frozen=True)
class Refused:
    """A policy that does not let it pass, and why."""

    policy: WaiverPolicy
    faults: Sequence[rules.Fault]


@dataclass(frozen=True)
class Preview:
    """What a waiver would do. `fee` is the late fee that it finds (`LateFee.left`), of which others that wait for their payments
    take `promised`; `amount` would be the lender's cost. `owed` and `fee_now` are of today.

    `policy` None: no policy lets it pass; `refused` says why, policy by policy.
    """

    wanted: Wanted
    account: Account
    day: date
    fee: Decimal
    promised: Decimal
    amount: Decimal
    fee_now: Decimal
    owed: Decimal
    policy: WaiverPolicy | None
    refused: Sequence[Refused] = ()

    @property
    def available(self) -> Decimal:
        """What can be waived."""
        return max(self.fee - self.promised, Decimal("0.00"))

    @property
    def fee_after(self) -> Decimal:
        return self.fee - self.amount

    @property
    def owed_then(self) -> Decimal:
        """All that is owed, with what accrues until the day of the condition, and without its payment."""
        return self.owed + self.fee - self.fee_now

    @property
    def owed_after(self) -> Decimal:
        return self.owed_then - self.amount

    @property
    def is_automatic(self) -> bool:
        """Whether the policy grants it by itself."""
        return self.policy is not None and rules.is_automatic(self.policy, self.amount)


def preview(wanted: Wanted, *, account: Account | None = None, without: Waiver | None = None) -> Preview:
    """What a waiver would do as the book stands. A dozen queries; nothing is locked or written.

    `without` is the waiver itself, where it is asked for already.
    """
    account = account or Account.objects.select_related("product", "customer").get(pk=wanted.account_id)
    own = without.pk if without else None
    late = LateFee(account.pk, without=own)
    fee, promised = late.left(wanted.condition_on), late.promised
    available = max(fee - promised, Decimal("0.00"))
    amount = _how_much(wanted, late, fee, available)
    situation = situation_of(wanted, account, fee, own)
    present = policies(situation.today, account.currency)
    chosen = rules.choose(present, situation, amount)
    return Preview(
        wanted=wanted,
        account=account,
        day=late.day,
        fee=fee,
        promised=promised,
        amount=amount,
        fee_now=late.owed.late_fee_now,
        owed=late.owed.total,
        policy=chosen,
        refused=[] if chosen else [Refused(one, rules.faults(one, situation, amount)) for one in present],
    )


def _how_much(wanted: Wanted, late: LateFee, fee: Decimal, available: Decimal) -> Decimal:
    """A bill's share is of the whole fee, but no more than others leave."""
    if wanted.basis != Basis.BILL:
        return rules.how_much(wanted.basis, available, amount=wanted.amount, percent=wanted.percent)
    share = late.shares(fee).get(wanted.bill_id or 0, Decimal("0.00"))
    return min(rules.how_much(wanted.basis, fee, share=share), available)


def policies(on: date, currency: str) -> list[WaiverPolicy]:
    """The policies in force on a day, by code. One query."""
    rows = WaiverPolicy.objects.filter(currency=currency, effective_from__lte=on)
    newest = rows.order_by("code", "-effective_from").distinct("code")
    return [row for row in newest if row.in_use]


def situation_of(wanted: Wanted, account: Account, fee: Decimal, without: int | None) -> rules.Situation:
    """What the policies look at. Waivers on which this one depends are of one agreement with it, and do not count as earlier."""
    today = clock.today()
    payments = Payment.objects.filter(account=account, reversal__isnull=True, effective_on__lte=today)
    flags = flags_in_force(today).filter(customer=account.customer_id, kind=FlagKind.HARDSHIP)
    counted = Waiver.objects.filter(
        customer=account.customer_id, currency=account.currency, status__in=COUNTED
    ).exclude(pk=without or 0)
    latest = counted.exclude(pk__in=chain(wanted.needs_id)).aggregate(day=Max("decided_on"))["day"]
    within = counted.filter(decided_on__gt=rules.months_before(today, 12))
    return rules.Situation(
        today=today,
        reason=wanted.reason_code,
        product=account.product.code,
        fee=fee,
        paid_on=payments.aggregate(day=Max("effective_on"))["day"],
        agreed_on=wanted.condition_on,
        is_in_hardship=flags.exists(),
        waived_on=latest,
        waived=within.aggregate(sum=Sum(Coalesce("granted", F("amount"))))["sum"] or Decimal(0),
    )


def chain(key: int | None) -> list[int]:
    """A waiver, the one that it needs, the one that that one needs …"""
    found: list[int] = []
    while key is not None:
        found.append(key)
        key = Waiver.objects.values_list("needs_id", flat=True).get(pk=key)
    return found


def may_be_needed(account: Account) -> QuerySet[Waiver]:
    """The waivers of the customer on which another may depend: those that are granted, wait, or are still asked for."""
    still = Q(status__in=COUNTED) | Q(status=WaiverStatus.ASKED, request__status__in=["pending", "changes"])
    return Waiver.objects.filter(still, customer=account.customer_id, currency=account.currency).order_by("-pk")
