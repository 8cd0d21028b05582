"""What the page of one case shows to one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from accounts.models import AccountStatus, ContactPoint, Relationship, Relief, ReliefKind
from accounts.rules import money
from audit.models import Event
from cases.models import Case, CaseStatus
from cases.selectors.contacts import ContactPointView, whom
from cases.selectors.debts import AccountView, debts
from cases.selectors.due import due
from cases.selectors.matters import RESERVATION, Matters, held_by, matters, points_of
from cases.selectors.who_may import WhoMay
from cases.selectors.why import why
from compliance.models import ContactDecision
from compliance.outcomes import REPORTS
from compliance.rules import KINDS
from compliance.selectors import Look, look
from compliance.sentences import say, say_about_to_call, say_flags, say_kept, say_source
from runs import clock
from runs.models import BusinessDay
from runs.pages import number_in
from runs.texts import coded_in
from staff.limits import limit_of
from staff.models import LimitKind, User

# How each kind of contact point is spoken of: the gate is asked of one channel for each.
_CHANNELS = ("voice", "email", "push", "letter")
# What takes a case from who worked it.
HANDED = ("case.released", "case.assigned", "case.taken")


@dataclass(frozen=True)
class Reach:
    """A contact point and what the gate says of it now; `flags`: which of the person's flags bar it, in words.

    `kept_until`: the reader's own place there; `other`: who else is about to call the customer, and until when.
    """

    contact: ContactPointView
    look: Look
    revealed: str = ""
    opt_outs: Sequence[dict[str, Any]] = ()
    flags: str = ""
    kept_until: datetime | None = None
    other: tuple[str, datetime] | None = None

    @property
    def point(self) -> ContactPoint:
        return self.contact.point

    @property
    def shown(self) -> str:
        return self.revealed or self.contact.masked

    @property
    def whom(self) -> str:
        """Whom to ask for there, by the whole name, once it is revealed."""
        return whom(self.point) if self.revealed else ""

    @property
    def is_number(self) -> bool:
        return self.look.channel == "voice"

    @property
    def may_call(self) -> bool:
        return self.is_number and self.look.verdict.allowed

    @property
    def state(self) -> tuple[str, str]:
        """(tone, sentence)."""
        verdict = self.look.verdict
        if self.kept_until is not None:
            return "may", say_kept(self.kept_until)
        if self.other is not None and self.look.but_for_others:
            return "mustnot", say_about_to_call(*self.other, refused=True)
        said = say(verdict, point=self.point, channel=self.look.channel, flags=self.flags, shared=self.look.shared)
        if self.other is not None and self.may_call:
            said = _("%(other)s %(said)s") % {"other": say_about_to_call(*self.other, refused=False), "said": said}
            return "watch", said
        return ("may" if verdict.allowed else "mustnot"), said

    @property
    def source(self) -> str:
        """Under which rule the gate says so."""
        return say_source(self.look.verdict, self.look.rule)


def with_day(cases: QuerySet[Case]) -> QuerySet[Case]:
    """`cases` with all that `CaseDesk` wants of them, in their own query: the last closed day too, and what is due today."""
    days = BusinessDay.objects.order_by("-date").values("date")[:1]
    return cases.select_related("customer", "assignee", "team").annotate(
        closed_day=Subquery(days), is_due=ExpressionWrapper(due(clock.now(), clock.today()), BooleanField())
    )


@dataclass
class Sums:
    """What is owed in one currency, and of that what is overdue and what are late fees."""

    overdue: Decimal = Decimal(0)
    owed: Decimal = Decimal(0)
    late_fee: Decimal = Decimal(0)


class CaseDesk:
    """One case (read by `with_day`) as `user` has it before her. Each thing is read when it is first asked for, and once."""

    def __init__(self, case: Case, user: User) -> None:
        self.case = case
        self.user = user
        if case.team_id is not None and case.team_id == user.team_id:
            user.team = case.team  # the frame names it: one query less
        # Contact point → its value in clear, for one answer alone.
        self.revealed: dict[int, str] = {}

    @property
    def closed_day(self) -> date | None:
        return self.case.closed_day  # type: ignore[attr-defined]  # an annotation of `with_day`

    @cached_property
    def day(self) -> date:
        return self.closed_day or clock.today()

    @property
    def today(self) -> str:
        """Today, as the days of `matters` are written."""
        return clock.today().isoformat()

    @property
    def is_open(self) -> bool:
        return self.case.status == CaseStatus.OPEN

    @cached_property
    def is_written_off(self) -> bool:
        """Whether a write-off that stands closed the case: nothing was cured. A query for a closed case of who has a charged-off
        account, none otherwise."""
        gone = [one.account.pk for one in self.accounts if one.account.status == AccountStatus.CHARGED_OFF]
        if self.is_open or not gone:
            return False
        reliefs = Relief.objects.filter(account__in=gone, kind=ReliefKind.WRITE_OFF, reversal=None)
        days = reliefs.order_by().values_list("effective_on", "recorded_at").distinct()
        return any(min(day, clock.day_of(at)) == self.case.closed_on for day, at in days)

    @cached_property
    def closed_why(self) -> str:
        """Why the case closed, as its record has it (a coded reason); blank for an open one, or where nobody can say. A query for
        a closed case."""
        if self.is_open:
            return ""
        closed = Event.objects.filter(subject_type="case", subject_id=self.case.pk, verb="case.cured")
        return closed.order_by("-pk").values_list("reason", flat=True).first() or ""

    @property
    def is_in_a_plan(self) -> bool:
        """Whether a plan closed the case by taking its debt over: nothing was cured."""
        return coded_in(self.closed_why)[0] == "plan-took-over"

    @property
    def is_mine(self) -> bool:
        return self.case.assignee_id == self.user.pk

    @property
    def is_due(self) -> bool:
        """Whether the case asked for something today that nobody had done yet when it was read."""
        return bool(self.case.is_due)  # type: ignore[attr-defined]  # an annotation of `with_day`

    @property
    def days_past_due(self) -> int:
        # An account on which something was posted since is told as of that day.
        told_on = max((one.day for one in self.late), default=self.day)
        stopped_at = self.case.clock_stopped_on or self.case.closed_on or told_on
        return (stopped_at - self.case.clock_from_on).days

    @cached_property
    def accounts(self) -> list[AccountView]:
        return debts(self.case.customer_id, self.day)

    @property
    def late(self) -> list[AccountView]:
        return [account for account in self.accounts if account.how_late.late]

    @property
    def owed(self) -> Decimal:
        return self._sums[self.case.currency].owed

    @property
    def late_fee(self) -> Decimal:
        return self._sums[self.case.currency].late_fee

    @property
    def in_other_currencies(self) -> dict[str, Sums]:
        """What is owed in others than the case's own, whose sums it leads with."""
        return {
            currency: sums for currency, sums in self._sums.items() if sums.owed > 0 and currency != self.case.currency
        }

    @cached_property
    def _sums(self) -> dict[str, Sums]:
        found: dict[str, Sums] = defaultdict(Sums)
        for one in self.accounts:
            sums = found[one.account.currency]
            sums.overdue += money(one.how_late.overdue_amount)
            sums.owed += one.owed
            sums.late_fee += one.late_fee
        return found

    @property
    def reasons(self) -> list[tuple[AccountView, list[str]]]:
        return [(account, why(account)) for account in self.late]

    @cached_property
    def contacts(self) -> list[ContactPointView]:
        found = [ContactPointView(point, point.masked_value) for point in points_of(self.matters)]
        for contact in found:
            contact.point.customer = self.case.customer
        return found

    @cached_property
    def open_flags(self) -> list[dict[str, Any]]:
        """The person's flags that are not over, each with whether it has `begun`."""
        today = clock.today().isoformat()
        return [
            one | {"begun": one["from_on"] <= today}
            for one in self.matters["flag"]
            if one["until_on"] is None or one["until_on"] >= today
        ]

    @property
    def flags(self) -> list[dict[str, Any]]:
        """The person's flags in force today."""
        return [one for one in self.open_flags if one["begun"]]

    @property
    def flagged(self) -> set[str]:
        return {one["kind"] for one in self.flags}

    @property
    def reported(self) -> list[str]:
        """The kinds of flags that a contact told of and nobody placed yet: the gate holds to them already."""
        today = clock.today()
        told = {flag.kind for one in self.looks.values() for flag in one.flags if flag.covers(today)}
        return [kind for kind in REPORTS if kind in told - self.flagged]

    @cached_property
    def looks(self) -> dict[int, Look]:
        """What the gate says of each contact point."""
        kinds = {contact.point.kind for contact in self.contacts}
        channels = [channel for channel in _CHANNELS if kinds.intersection(KINDS[channel])]
        if not channels:
            return {}
        asked = look(
            customer_id=self.case.customer_id,
            channels=channels,
            actor=self.user,
            own={point: one["id"] for point, one in self._own.items()},
            others=[one["id"] for one in self.matters["place"]],
        )
        return {one.contact_point_id: one for one in asked}

    @cached_property
    def _own(self) -> dict[int, dict[str, Any]]:
        """Number → the place that is kept for the user's call there, unless somebody else got the case since."""
        return {
            one["point"]: one
            for one in self.matters["reservation"]
            if one["channel"] == "voice" and (self.is_mine or not self._changed_hands_since(one["at"]))
        }

    @cached_property
    def reaches(self) -> list[Reach]:
        """The contact points: where the user is about to call, then those that may be called now, then the other numbers."""
        looks, flags = self.looks, self._flags_said()
        places = [(one["by"], datetime.fromisoformat(one["until"])) for one in self.matters["place"]]
        other = max(places, key=lambda place: place[1], default=None)
        found = [
            Reach(
                contact,
                looks[contact.point.pk],
                self.revealed.get(contact.point.pk, ""),
                [one for one in self.matters["opt-out"] if one["point"] == contact.point.pk],
                flags,
                self._kept_until(looks[contact.point.pk]),
                other,
            )
            for contact in self.contacts
            if contact.point.pk in looks
        ]
        return sorted(
            found, key=lambda reach: (reach.kept_until is None, not reach.may_call, not reach.is_number, reach.point.pk)
        )

    def reaches_by(self, channel: str) -> list[Reach]:
        """Those that a channel reaches, with what the gate says of each by it. Two queries more for a channel of which the page
        itself does not speak."""
        reached = [reach for reach in self.reaches if reach.point.kind in KINDS.get(channel, ())]
        if not reached or channel in _CHANNELS:
            return reached
        asked = look(customer_id=self.case.customer_id, channels=(channel,), actor=self.user)
        looks = {one.contact_point_id: one for one in asked}
        return [replace(reach, look=looks[reach.point.pk], kept_until=None, other=None) for reach in reached]

    def _kept_until(self, said: Look) -> datetime | None:
        own = self._own.get(said.contact_point_id)
        return datetime.fromisoformat(own["until"]) if own and said.verdict.allowed else None

    def _flags_said(self) -> str:
        """Which flags of the person bar contacts, and what to do, by the rule that the gate went by."""
        rule = next((one.rule for one in self.looks.values() if one.verdict.rule == "person"), None)
        flags = [*((one["kind"], one["from_on"]) for one in self.flags), *((kind, "") for kind in self.reported)]
        represented = any(contact.point.relationship == Relationship.REPRESENTATIVE for contact in self.contacts)
        return say_flags(flags, rule, represented=represented)

    @cached_property
    def who_may(self) -> WhoMay:
        """The roles whose people may do what the reader may not."""
        return WhoMay(self.user)

    @property
    def gate(self) -> Reach | None:
        """What the page says first about contacting: a number that may be called, else the one that may again the soonest."""
        numbers = [reach for reach in self.reaches if reach.is_number]
        if not numbers or numbers[0].may_call:
            return numbers[0] if numbers else None
        later = [reach for reach in numbers if reach.look.verdict.next_allowed_at]
        return min(later, key=lambda reach: reach.look.verdict.next_allowed_at, default=numbers[0])  # type: ignore[return-value, arg-type]  # filtered above

    @cached_property
    def matters(self) -> Matters:
        return matters(self.case, actor=self.user, day=clock.today(), now=clock.now())

    @property
    def reservation(self) -> dict[str, Any] | None:
        """The call that the user asked for, was allowed, and has not logged yet."""
        found = self.matters["reservation"]
        return found[-1] if found else None

    def reserved_under(self, decision: str) -> dict[str, Any] | None:
        """The user's allowed contact under the decision that a form names, or under what replaced that one since, not entered
        yet. Also one whose place lapsed meanwhile: what was begun in time is still entered. None for any other.
        """
        found = next((one for one in self.matters["reservation"] if str(one["id"]) == decision), None)
        key = number_in(decision)
        if found is not None or key is None:
            return found
        while (later := ContactDecision.objects.filter(replaces=key, actor=self.user).first()) is not None:
            key = later.pk
        facts = held_by(self.user, self.case.customer_id).filter(pk=key).values_list(JSONObject(id="pk", **RESERVATION))
        return next((one for (one,) in facts), None)

    @cached_property
    def promises_until(self) -> date:
        """The last day that the user may promise alone; without a limit, or without any authority, as far as days go."""
        limit = limit_of(self.user, LimitKind.PROMISE_DAYS, clock.today())
        return clock.today() + timedelta(days=int(limit)) if isinstance(limit, Decimal) else date.max

    def still_stands(self, reserved: dict[str, Any]) -> bool:
        """Whether an allowed call may still be started: the case is open and nobody else got it since, and the gate, but for
        the place that the call itself holds, would allow it now. Up to four queries."""
        if not self.is_open or (not self.is_mine and self._changed_hands_since(reserved["at"])):
            return False
        looks = look(
            customer_id=self.case.customer_id,
            channels=[reserved["channel"]],
            purpose=reserved["purpose"],
            account_id=reserved["account"],
            actor=self.user,
            without=reserved["id"],
        )
        return any(one.contact_point_id == reserved["point"] and one.verdict.allowed for one in looks)

    def _changed_hands_since(self, moment: str) -> bool:
        handed = Event.objects.filter(subject_type="case", subject_id=self.case.pk, verb__in=HANDED, at__gte=moment)
        return handed.exists()
