"""One account replayed and judged, and the parts that can be told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _

from accounts.models import Bill, HoldKind, Payment, Relief
from accounts.rules import Known, Replay, Terms, day, judge, money, replay, split, to_date
from accounts.rules.facts import BOOK_ZONE
from accounts.rules.facts import Hold as HoldFact
from accounts.rules.fees import covered_days
from accounts.rules.judge import accelerated, believed
from accounts.rules.terms import in_force
from accounts.selectors.explain.parts import BillPart, HoldPart, InForce, Met, PaymentPart, ReliefPart
from accounts.selectors.facts import AccountFacts


class Found:
    """One account's replay and judgement, and what can be said of them."""

    def __init__(self, ref: str, facts: AccountFacts, as_of: date, known_at: datetime | None) -> None:
        self.ref = ref
        self.facts = facts
        self.as_of = as_of
        self.on = day(as_of)
        self.known_at = known_at
        self.known = None if known_at is None else Known.at(known_at)
        micros = None if self.known is None else self.known.micros
        self.terms: Terms = accelerated(facts.terms, facts.accelerations, micros)
        self.believed = believed(facts.holds, micros)
        self.watches = believed(facts.watches, micros)
        self.replayed: Replay = replay(
            self.terms, facts.bills, facts.credits, self.believed, as_of=self.on, known=self.known
        )
        self.how_late = judge(self.terms, self.replayed.bills, self.believed, self.on, self.watches)
        # The customer's account whose worse class this one carries, where the policy says so.
        self.class_from = ""
        passes_on = self.terms.final_passes_on()
        self.final_passed = passes_on is not None and self.on >= passes_on

    def take_class(self, risk_class: str, ref: str) -> None:
        """Carry the worse class of the customer's account `ref`."""
        self.how_late = replace(self.how_late, risk_class=risk_class)
        self.class_from = ref

    # --- The parts

    @cached_property
    def _bill_refs(self) -> dict[int, str]:
        return dict(Bill.objects.filter(account_id=self.facts.account_id).values_list("pk", "ref"))

    @cached_property
    def bills(self) -> tuple[BillPart, ...]:
        unmet = set(self.how_late.unmet)
        parts = []
        for state in self.replayed.bills:
            assert state.bill is not None
            is_unmet = state.key in unmet
            late_from = state.due_on
            if self.final_passed and self.terms.final_due_on is not None:
                late_from = min(state.due_on, self.terms.final_due_on) if state.short else self.terms.final_due_on
            parts.append(
                BillPart(
                    ref=self._bill_refs[state.key],
                    statement_on=date.fromordinal(state.bill.statement_on),
                    due_on=date.fromordinal(state.due_on),
                    holds=money(state.capacity),
                    minimum=money(state.minimum),
                    allocated=money(state.allocated),
                    rolled_in=money(state.rolled_in),
                    rolled_out=money(state.rolled_out),
                    lacks=money((state.left if self.final_passed else state.short) if is_unmet else 0),
                    unmet=is_unmet,
                    missed_on=date.fromordinal(state.missed_on),
                    late_from=date.fromordinal(late_from) if is_unmet else None,
                )
            )
        return tuple(parts)

    @cached_property
    def _met(self) -> dict[int, tuple[Met, ...]]:
        """By credit, what it met, bill and component."""
        touched: dict[int, list[Met]] = {}
        for part in split(self.terms, self.replayed):
            if part.credit is not None:
                bill = None if part.bill is None else self._bill_refs[part.bill]
                touched.setdefault(part.credit, []).append(Met(bill, part.component, money(part.amount), part.version))
        return {credit: tuple(met) for credit, met in touched.items()}

    @cached_property
    def payments(self) -> tuple[PaymentPart, ...]:
        parts = []
        rows = Payment.objects.filter(account_id=self.facts.account_id).select_related("reversal")
        for payment in rows.order_by("effective_on", "ref"):
            why_not = self._why_not(payment)
            met = self._met.get(payment.pk, ())
            waiting = Decimal(0) if why_not else payment.amount - sum((item.amount for item in met), Decimal(0))
            parts.append(
                PaymentPart(
                    payment.ref,
                    payment.amount,
                    payment.effective_on,
                    payment.recorded_at,
                    not why_not,
                    why_not,
                    met,
                    waiting,
                )
            )
        return tuple(parts)

    @cached_property
    def reliefs(self) -> tuple[ReliefPart, ...]:
        if not self.facts.reliefs:
            return ()
        rows = Relief.objects.filter(account_id=self.facts.account_id).select_related("reversal")
        return tuple(
            ReliefPart(
                ref=relief.ref,
                kind=relief.kind,
                amount=relief.amount,
                bill_ref=None if relief.bill_id is None else self._bill_refs[relief.bill_id],
                effective_on=relief.effective_on,
                counts=not (why_not := self._why_not(relief)),
                why_not=why_not,
                met=self._met.get(-relief.pk, ()),
            )
            for relief in rows.order_by("effective_on", "ref")
        )

    def _why_not(self, entry: Payment | Relief) -> str:
        if self.known_at is not None and entry.recorded_at > self.known_at:
            return _("it was recorded only at %(moment)s") % {"moment": moment(entry.recorded_at)}
        if entry.effective_on > self.as_of:
            return _("it counts only from %(date)s") % {"date": entry.effective_on}
        reversal = getattr(entry, "reversal", None)
        if reversal is None or reversal.effective_on > self.as_of:
            return ""
        if self.known_at is not None and reversal.recorded_at > self.known_at:
            return ""
        return _("it was reversed with effect from %(date)s (recorded at %(moment)s)") % {
            "date": reversal.effective_on,
            "moment": moment(reversal.recorded_at),
        }

    @cached_property
    def deferrals(self) -> list[HoldFact]:
        return [hold for hold in self.believed if hold.kind == HoldKind.DEFERRAL]

    def _days_off(self, holds: Sequence[HoldFact]) -> int:
        since = self.how_late.overdue_since
        return 0 if since is None else covered_days(holds, since + 1, self.on)

    @cached_property
    def days_off(self) -> int:
        return self._days_off(self.deferrals)

    @cached_property
    def holds(self) -> tuple[HoldPart, ...]:
        return tuple(
            HoldPart(
                hold.kind,
                date.fromordinal(hold.starts_on),
                to_date(hold.ends_on),
                self._days_off([hold]) if hold.kind == HoldKind.DEFERRAL else 0,
                tuple(sorted(self._bill_refs[key] for key in hold.covers or ())),
            )
            for hold in sorted(self.believed, key=lambda hold: (hold.starts_on, hold.kind))
        )

    @cached_property
    def in_force(self) -> InForce:
        versions = {met.rule_version for of_credit in self._met.values() for met in of_credit}
        return InForce(
            terms_from=date.fromordinal(self.terms.on(self.on).effective_from),
            buckets_from=date.fromordinal(in_force(self.terms.buckets, self.on).effective_from),
            classes_from=date.fromordinal(in_force(self.terms.risks, self.on).effective_from),
            allocation_versions=tuple(sorted(versions or {in_force(self.terms.rules, self.on).version})),
        )

    # --- The sentences


def moment(value: datetime) -> str:
    return value.astimezone(BOOK_ZONE).isoformat(sep=" ", timespec="seconds")
