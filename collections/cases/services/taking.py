"""Giving out the next case: to one person, once."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from cases.filters import DEFAULT_ORDER, ORDERS
from cases.models import Case, CaseStatus, Queue
from cases.models.case import FREE_FROM
from cases.permissions import visible_to
from cases.selectors.due import due
from cases.selectors.hours import Hours, hours_at
from cases.selectors.queues import cases_of
from cases.services.assigning import hand
from cases.services.waiting import Moment, write_waits
from compliance.models import CustomerFlag, FlagKind
from compliance.rules import Rulebook
from compliance.selectors import CONTACT_VULNERABLE, callable_from, flags_in_force, rulebook
from runs.prepared import THE_MOMENT, Statement, first_of, statement_of
from runs.selectors import book_day
from staff.models import User
from staff.permissions import Scope, may, scope_of

# So many candidates that the gate refuses are set aside in one go; each is then known to wait, and the next call goes on behind.
MOST_REFUSED = 50
# A case that somebody holds locked for a moment may still be to give: look again a few times before saying that there is none.
LOOKS = 5
PAUSE_SECONDS = 0.02
PRIORITY = ("-priority", "pk")
# The advisory locks by which one person takes one case after another, whatever the number of her windows.
_TAKING_OF = 7_031


def take_next(
    *,
    actor: User,
    queue: Queue | None = None,
    leaving: int | None = None,
    passed: Sequence[int] = (),
    pressed_since: datetime | None = None,
) -> Case | None:
    """The next case for `actor` to work, or None when there is nothing to give her now.

    Her own come first: those worked by her whose follow-up is due today or earlier, or whose promise was broken, and on which
    nobody was in contact since. What she promised a debtor to do on a day is not left behind new work; `leaving` (the case
    that she has before her) and those that she `passed` before are not offered again. They are hers already, and nothing is
    recorded.

    Then a free one: open, within her scope, worked by nobody, waiting for nothing, in the queue's filter and order (by
    priority without a queue). It becomes hers, recorded as `case.taken`. Whatever the number of collectors, none gets a case
    that another got, and every case that may be given is given in the end. With `pressed_since`, the latest that she took since
    then is the answer, unless she is leaving it: a button pressed twice, or in two windows, gives one case.

    Before a case is given the gate is asked whether its customer may be called now. One who may not is set aside until
    then and the next is tried. Where contact hours are closed nobody is set aside: only customers with agreed hours are
    looked at. One with no usable number at all is given: she has to be traced. Those flagged as vulnerable go to who may
    contact them.

    Each try is a transaction of its own and locks one case, not its customer: nothing is held while another is looked for.
    Of her own, one that is being changed at this moment (reassigned, or given in another of her windows) is passed over.
    Where the first free one may be given, seven statements.
    """
    moment = Moment.present()
    rules = rulebook()
    scope, may_all = scope_of(actor), may(actor, CONTACT_VULNERABLE)
    offer = _Offer(actor, scope, may_all, hours_at(moment.now, rules), moment.today, queue, moment)
    own = _first_own(offer, rules, [*passed] if leaving is None else [*passed, leaving])
    return own or _first_free(offer, rules, leaving, pressed_since)


@dataclass(frozen=True)
class _Offer:
    """What there is for somebody to take, each in the order in which it is offered.

    Two are equal that ask the same, at whatever moment of the day.
    """

    actor: User
    scope: Scope
    may_contact_vulnerable: bool
    hours: Hours
    today: date
    queue: Queue | None
    moment: Moment = field(compare=False)

    def own(self, now: datetime) -> QuerySet[Case]:
        """Those of the actor's with something to do today that nobody has done yet."""
        return self._open(now).filter(due(self.today), assignee=self.actor).order_by(*PRIORITY)

    def free(self, now: datetime) -> QuerySet[Case]:
        """Those that nobody works."""
        free = self._open(now).filter(assignee=None)
        if not self.scope.everything:
            # Her scope says "or assigned to her" too, which is never so here, and which the index on the team cannot follow.
            free = free.filter(team__in=self.scope.teams)
        if not self.may_contact_vulnerable:
            vulnerable = flags_in_force(self.today).filter(customer=OuterRef("customer"), kind=FlagKind.VULNERABLE)
            free = free.filter(~Exists(vulnerable))
        return free.order_by(*(_order(self.queue) if self.queue else PRIORITY))

    def first_own(self, passed: Sequence[int]) -> Case | None:
        """The first of `own`, not locked."""
        if passed or self.queue:
            return self.own(self.moment.now).exclude(pk__in=passed).first()
        return first_of(Case, _own_statement(self), self.moment.now)

    def first_free(self, passed: Sequence[int]) -> Case | None:
        """The first of `free` that nobody has locked, locked."""
        if passed or self.queue:
            return _locked(self.free(self.moment.now)).exclude(pk__in=passed).first()
        return first_of(Case, _free_statement(self), self.moment.now)

    def _open(self, now: datetime) -> QuerySet[Case]:
        if self.queue:
            cases = cases_of(self.queue, self.actor, book_day() or self.today)
        else:
            cases = visible_to(self.actor).filter(status=CaseStatus.OPEN)
        return self.hours.callable_among(cases.annotate(free_from=FREE_FROM).filter(free_from__lte=now))


# Without a queue, and with nothing passed over, which is most often, the statements are written once a day for each person:
# Django takes longer to write them than PostgreSQL to answer.
@functools.lru_cache(maxsize=1_000)
def _own_statement(offer: _Offer) -> Statement:
    return statement_of(offer.own(THE_MOMENT)[:1])


@functools.lru_cache(maxsize=1_000)
def _free_statement(offer: _Offer) -> Statement:
    return statement_of(_locked(offer.free(THE_MOMENT))[:1])


def _locked(cases: QuerySet[Case]) -> QuerySet[Case]:
    """`cases`, locked as they are read, without those that somebody else has locked."""
    return cases.select_for_update(skip_locked=True, no_key=True, of=("self",))


def _order(queue: Queue) -> tuple[str, str]:
    """A queue's order; one that nobody knows any more orders as the worklist does."""
    sort = queue.sort if queue.sort.removeprefix("-") in ORDERS else DEFAULT_ORDER
    column = ORDERS[sort.removeprefix("-")][0]
    return (f"-{column}" if sort.startswith("-") else column), "pk"


def _first_own(offer: _Offer, rules: Rulebook, passed: list[int]) -> Case | None:
    """The first of her own that is still hers once it is locked, and whose customer may be called."""
    for _look in range(MOST_REFUSED):
        # Most often there is none: looked for without a transaction.
        found = offer.first_own(passed)
        if found is None:
            return None
        with transaction.atomic():
            case = _locked(offer.own(offer.moment.now)).filter(pk=found.pk).first()
            if case is not None and _may_be_called(offer, case, rules):
                return case
        passed.append(found.pk)
    return None


def _first_free(offer: _Offer, rules: Rulebook, leaving: int | None, pressed_since: datetime | None) -> Case | None:
    """The first free one whose customer may be called, made the actor's; not the one that she has just given back."""
    passed: list[int] = []
    looks = 0
    while len(passed) < MOST_REFUSED:
        with transaction.atomic():
            if pressed_since is not None and (again := _just_taken(offer.actor, pressed_since, leaving)) is not None:
                return again
            case = offer.first_free(passed)
            if case is not None and case.pk != leaving and _may_be_called(offer, case, rules):
                return hand(case, to=offer.actor, actor=offer.actor, verb="case.taken")
        if case is not None:
            passed.append(case.pk)
        elif looks < LOOKS and offer.free(offer.moment.now).exclude(pk__in=passed).exists():
            looks += 1
            time.sleep(PAUSE_SECONDS)
        else:
            return None
    return None


def _just_taken(actor: User, since: datetime, leaving: int | None) -> Case | None:
    """The latest case that became the actor's since then, unless she is leaving it. Keeps her other presses waiting until the
    end of the transaction, and nobody else's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_TAKING_OF, actor.pk])
    taken = Case.objects.filter(assignee=actor, status=CaseStatus.OPEN, assigned_at__gte=since)
    latest = taken.order_by("-assigned_at", "-pk").first()
    return latest if latest is not None and latest.pk != leaving else None


def _may_be_called(offer: _Offer, case: Case, rules: Rulebook) -> bool:
    """Whether the gate lets the customer be called now, or cannot say when: she is then to be traced. One who may be later is set
    aside until then."""
    moment = offer.moment
    answer = callable_from(customer_ids=[case.customer_id], at=moment.now, actor=offer.actor, rules=rules)
    until = answer[case.customer_id]
    if until is not None and until <= moment.now:
        return True
    if until is None and not CustomerFlag.objects.filter(customer=case.customer_id, ended_at=None).exists():
        return True
    # A flag may be why, and then the case waits; one that bars nobody (hardship) leaves her to be traced.
    return write_waits([case.customer_id], moment, answer) == 0 and until is None
