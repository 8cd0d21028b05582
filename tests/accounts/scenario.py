"""An account in the oracle's language (dates, `Decimal`), and the way to the core: ordinals and cents for `accounts.rules`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from accounts.rules import (
    Acceleration,
    AllocationRule,
    Bill,
    BucketTable,
    Credit,
    DatedTerms,
    Hold,
    HowLate,
    Known,
    Replay,
    RiskTable,
    Terms,
    Watch,
    cents,
    moment,
    money,
    ordinal,
    replay,
    standing,
    to_date,
)
from accounts.rules.judge import accelerated, believed
from tests.accounts.oracle import OracleStanding
from tests.accounts.oracle_facts import OracleAccount, OracleCredit

BUCKETS = BucketTable(
    1, (*((f"M{number}", 30 * number - 29, 30 * number) for number in range(1, 7)), ("M7+", 181, None))
)
RISKS = RiskTable(1, (("special-mention", 0), ("substandard", 90), ("doubtful", 270), ("loss", 360)))


# The key of a bill that is not (yet) known.
UNKNOWN = 99


@dataclass(frozen=True)
class Scenario:
    """An account, the day it is asked about, and what was known."""

    account: OracleAccount
    as_of: date
    known_at: datetime | None = None

    def on(self, as_of: date) -> Scenario:
        return replace(self, as_of=as_of)

    def having(self, **changes: object) -> Scenario:
        return replace(self, account=replace(self.account, **changes))  # type: ignore[arg-type]  # fields by name

    @property
    def known(self) -> Known | None:
        return None if self.known_at is None else Known.at(self.known_at)

    def terms(self) -> Terms:
        """With the final due date that was in force as known then."""
        return accelerated(self.own_terms(), self.accelerations(), self._micros)

    def own_terms(self) -> Terms:
        return Terms(
            rows=tuple(
                DatedTerms(
                    effective_from=row.effective_from.toordinal(),
                    grace_days=row.grace_days,
                    minimum_rate=None if row.minimum_rate is None else int(row.minimum_rate * 10_000),
                    rolls_over=row.rolls_over,
                    missed_limit=row.missed_limit,
                    late_fee_rate=int(row.late_fee_rate * 100_000_000),
                )
                for row in self.account.products
            ),
            buckets=(BUCKETS,),
            risks=(RISKS,),
            rules=tuple(
                AllocationRule(version, rule.effective_from.toordinal(), rule.steps, rule.components)
                for version, rule in enumerate(self.account.rules, 1)
            ),
            final_due_on=ordinal(self.account.final_due_on),
        )

    def bills(self) -> list[Bill]:
        return [
            Bill(
                key=key,
                ref=bill.ref,
                statement_on=bill.statement_on.toordinal(),
                due_on=bill.due_on.toordinal(),
                service_fee=cents(bill.service_fee),
                interest=cents(bill.interest),
                principal=cents(bill.principal),
                minimum=None if bill.minimum is None else cents(bill.minimum),
                kind="plan" if bill.apart else None,
            )
            for key, bill in enumerate(self.account.bills, 1)
        ]

    def credits(self) -> list[Credit]:
        keys = {bill.ref: key for key, bill in enumerate(self.account.bills, 1)}
        return [
            Credit(
                key=-key if credit.is_relief else key,
                # Before the payments of its day.
                ref=f"!{credit.ref}" if credit.is_relief else credit.ref,
                amount=cents(credit.amount),
                effective_on=credit.effective_on.toordinal(),
                known=moment(credit.recorded_at),
                reversed_on=ordinal(credit.reversed_on),
                reversal_known=None if credit.reversal_recorded_at is None else moment(credit.reversal_recorded_at),
                bill=(0 if credit.is_relief else None)
                if credit.designated is None
                else keys.get(credit.designated, UNKNOWN),
                lapses=credit.lapses,
            )
            for key, credit in enumerate(self.account.credits, 1)
        ]

    def holds(self) -> list[Hold]:
        keys = {bill.ref: key for key, bill in enumerate(self.account.bills, 1)}
        return [
            Hold(
                kind=hold.kind,
                starts_on=hold.starts_on.toordinal(),
                ends_on=ordinal(hold.ends_on),
                known=moment(hold.known_from),
                withdrawn=None if hold.withdrawn_at is None else moment(hold.withdrawn_at),
                covers=None if hold.covers is None else frozenset(keys[ref] for ref in hold.covers if ref in keys),
            )
            for hold in self.account.holds
        ]

    def watches(self) -> list[Watch]:
        return [
            Watch(
                floor=watch.floor,
                starts_on=watch.starts_on.toordinal(),
                ends_on=ordinal(watch.ends_on),
                known=moment(watch.known_from),
                withdrawn=None if watch.withdrawn_at is None else moment(watch.withdrawn_at),
            )
            for watch in self.account.watches
        ]

    def accelerations(self) -> list[Acceleration]:
        return [
            Acceleration(
                due_on=one.due_on.toordinal(),
                known=moment(one.known_from),
                withdrawn=None if one.withdrawn_at is None else moment(one.withdrawn_at),
            )
            for one in self.account.accelerations
        ]

    @property
    def _micros(self) -> int | None:
        return self.known.micros if self.known else None

    def believed(self) -> list[Hold]:
        return believed(self.holds(), self._micros)

    def believed_watches(self) -> list[Watch]:
        return believed(self.watches(), self._micros)

    def replay(self) -> Replay:
        """The product's replay of what was known, up to the day asked for."""
        return replay(
            self.terms(), self.bills(), self.credits(), self.believed(), as_of=self.as_of.toordinal(), known=self.known
        )

    def standing(self) -> HowLate:
        """What the product says."""
        return standing(
            *(self.own_terms(), self.bills(), self.credits(), self.holds(), self.watches(), self.accelerations()),
            as_of=self.as_of.toordinal(),
            known=self.known,
        )


def in_words(said: HowLate) -> OracleStanding:
    """The core's answer in the oracle's words."""
    return OracleStanding(
        late=said.late,
        overdue_since=to_date(said.overdue_since),
        days_past_due=said.days_past_due,
        bucket=said.bucket,
        kind=said.kind,
        risk_class=said.risk_class,
        overdue_amount=money(said.overdue_amount),
        late_on=to_date(said.late_on),
        beside=beside_in_words(said),
    )


def beside_in_words(said: HowLate) -> tuple[Decimal, date | None, int] | None:
    """What is overdue beside what is held, in the oracle's words."""
    if said.beside_amount is None:
        return None
    if said.beside_from_on is None:
        return money(said.beside_amount), to_date(said.beside_since), 0
    stands_on = said.as_of if said.clock_stopped_on is None else said.clock_stopped_on
    return money(said.beside_amount), to_date(said.beside_since), stands_on - said.beside_from_on


def not_reversed(credit: OracleCredit) -> OracleCredit:
    return replace(credit, reversed_on=None, reversal_recorded_at=None)
