"""Giving out the next case: to one person, once."""

from __future__ import annotations

import time

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from cases.filters import DEFAULT_ORDER, ORDERS
from cases.models import Case, CaseStatus, Queue
from cases.models.case import FREE_FROM
from cases.permissions import visible_to
from cases.selectors.hours import hours_at
from cases.selectors.queues import cases_of
from cases.services.assigning import hand
from cases.services.waiting import Moment, write_waits
from compliance.models import CustomerFlag, FlagKind
from compliance.rules import Rulebook
from compliance.selectors import callable_from, flags_in_force, rulebook
from runs import clock
from runs.selectors import book_day
from staff.models import User
from staff.permissions import may, scope_of

# So many candidates that the gate refuses are set aside in one go; each is then known to wait, and the next call goes on behind.
MOST_REFUSED = 50
# A case that somebody holds locked for a moment may still be to give: look again a few times before saying that there is none.
LOOKS = 5
PAUSE_SECONDS = 0.02
PRIORITY = ("-priority", "pk")


def take_next(*, actor: User, queue: Queue | None = None, leaving: int | None = None) -> Case | None:
    """The next case for `actor` to work, or None when there is nothing to give her now.

    Her own come first: those worked by her whose follow-up is due today or earlier, or whose promise was broken, and on which
    nobody was in contact since. What she promised a debtor to do on a day is not left behind new work; `leaving` (the case
    that she has before her) is not offered again. They are hers already, and nothing is recorded.

    Then a free one: open, within her scope, worked by nobody, waiting for nothing, in the queue's filter and order (by
    priority without a queue). It becomes hers, recorded as `case.taken`. Whatever the number of collectors, none gets a case
    that another got, and every case that may be given is given in the end.

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
    hours = hours_at(moment.now, rules)
    if queue is not None:
        cases = cases_of(queue, actor, book_day() or moment.today)
    else:
        cases = visible_to(actor).filter(status=CaseStatus.OPEN)
    cases = hours.callable_among(cases.annotate(free_from=FREE_FROM).filter(free_from__lte=moment.now))
    own = _due(cases.filter(assignee=actor), moment).order_by(*PRIORITY)
    if leaving is not None:
        own = own.exclude(pk=leaving)
    return _first_own(actor, own, moment, rules) or _first_free(
        actor, _free(cases, actor, moment, queue), moment, rules
    )


def _due(cases: QuerySet[Case], moment: Moment) -> QuerySet[Case]:
    """Those with something to do today that nobody has done yet."""
    begins = clock.begins(moment.today)
    return cases.filter(
        Q(follow_up_on__lte=moment.today) & (Q(contacted_at=None) | Q(contacted_at__lt=begins))
        | Q(promise_broken_on__isnull=False)
        & (Q(contacted_at=None) | Q(contacted_at__date__lte=F("promise_broken_on")))
    )


def _free(cases: QuerySet[Case], actor: User, moment: Moment, queue: Queue | None) -> QuerySet[Case]:
    free = cases.filter(assignee=None)
    scope = scope_of(actor)
    if not scope.everything:
        # Her scope says "or assigned to her" too, which is never so here, and which the index on the team cannot follow.
        free = free.filter(team__in=scope.teams)
    if not may(actor, "compliance.contact_vulnerable"):
        free = free.filter(
            ~Exists(flags_in_force(moment.today).filter(customer=OuterRef("customer"), kind=FlagKind.VULNERABLE))
        )
    return free.order_by(*(_order(queue) if queue else PRIORITY))


def _order(queue: Queue) -> tuple[str, str]:
    """A queue's order; one that nobody knows any more orders as the worklist does."""
    sort = queue.sort if queue.sort.removeprefix("-") in ORDERS else DEFAULT_ORDER
    column = ORDERS[sort.removeprefix("-")][0]
    return (f"-{column}" if sort.startswith("-") else column), "pk"


def _first_own(actor: User, cases: QuerySet[Case], moment: Moment, rules: Rulebook) -> Case | None:
    """The first of `cases` that is still the actor's own once it is locked, and whose customer may be called."""
    passed: list[int] = []
    while len(passed) < MOST_REFUSED:
        # Most often there is none: looked for without a transaction.
        found = (cases.exclude(pk__in=passed) if passed else cases).first()
        if found is None:
            return None
        with transaction.atomic():
            case = cases.filter(pk=found.pk).select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
            if case is not None and _may_be_called(actor, case, moment, rules):
                return case
        passed.append(found.pk)
    return None


def _first_free(actor: User, cases: QuerySet[Case], moment: Moment, rules: Rulebook) -> Case | None:
    """The first of `cases` that is still free and whose customer may be called, made the actor's."""
    passed: list[int] = []
    looks = 0
    while len(passed) < MOST_REFUSED:
        wanted = cases.exclude(pk__in=passed) if passed else cases
        with transaction.atomic():
            case = wanted.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
            if case is not None and _may_be_called(actor, case, moment, rules):
                return hand(case, to=actor, actor=actor, verb="case.taken")
        if case is not None:
            passed.append(case.pk)
        elif looks < LOOKS and wanted.exists():
            looks += 1
            time.sleep(PAUSE_SECONDS)
        else:
            return None
    return None


def _may_be_called(actor: User, case: Case, moment: Moment, rules: Rulebook) -> bool:
    """Whether the gate lets the customer be called now, or cannot say when: she is then to be traced. One who may be later is set
    aside until then."""
    answer = callable_from(customer_ids=[case.customer_id], at=moment.now, actor=actor, rules=rules)
    until = answer[case.customer_id]
    if until is not None and until <= moment.now:
        return True
    if until is None:
        return not CustomerFlag.objects.filter(customer=case.customer_id, ended_at=None).exists()
    write_waits([case.customer_id], moment, answer)
    return False
