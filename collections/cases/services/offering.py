"""What there is for somebody to take: found, handed over and recorded by one statement, with what the gate has to know of it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import BooleanField, Exists, F, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from cases.filters import DEFAULT_ORDER, ORDERS
from cases.models import Case, CaseStatus, Queue
from cases.models.case import FREE_FROM
from cases.permissions import visible_to
from cases.selectors.choices import Choices, choices_for
from cases.selectors.due import called_back, due
from cases.selectors.hours import ZONES, Hours, hours_at
from cases.selectors.queues import cases_of
from cases.services.assigning import HAND, RECORD, hand_values
from cases.services.waiting import Moment
from compliance.facts_sql import wanted_to_call
from compliance.models import FlagKind
from compliance.rules import Rulebook
from compliance.selectors import (
    CONTACT_VULNERABLE,
    RULES,
    RULES_MARK,
    callable_by,
    callable_values,
    flags_in_force,
    rulebook_of,
)
from runs.prepared import THE_KEYS, THE_MOMENT, instance_of, part_of, prepared_cursor, statement_of
from runs.selectors import BOOK_DAY
from staff.models import User
from staff.permissions import Scope, may, scope_of

PRIORITY = ("-priority", "pk")
# What has to be known of a case that is given: to hand it over and record that, and then to say which it is and why it is hers.
_GIVEN = ("id", "ref", "customer_id")
_TOLD = [
    field.attname
    for field in Case._meta.concrete_fields
    if field.attname in (*_GIVEN, "assigned_at", "call_back_at", "follow_up_on", "promise_broken_on")
]
_COLUMNS = ", ".join(_TOLD)
# In the place of a statement that cannot have rows.
_NONE = f"SELECT {_COLUMNS} FROM cases_case WHERE false"
_NO_KEY = f"SELECT {', '.join(_GIVEN)} FROM cases_case WHERE false"
# Which rules there are, up to which day the book is closed, and where customers live; the mark is another once a rule is.
_GROUND = f"SELECT ({RULES_MARK}), ({BOOK_DAY}), ({ZONES}), ({RULES})"


@dataclass(frozen=True)
class Ground:
    """What offers stand on and what changes rarely: the gate's rules, with a mark that changes as they do, the day of the book,
    and where customers live. Read once a process. The statement of each offer tells whether the rules, and for a queue the day,
    still hold; where customers live only says whose hours are closed, and is read again before anybody hears that there is
    nothing to give, or that the gate refuses."""

    mark: str | None
    day: date | None
    zones: str | None
    rules: Rulebook = field(compare=False)


@dataclass(frozen=True)
class Asked:
    """What a queue asks for on a day. Two are equal that filter and order alike, which hangs on what there is to choose from."""

    query: str
    sort: str
    choices: Choices
    day: date
    queue: Queue = field(compare=False)

    def order(self) -> tuple[str, str]:
        """By what; an order that nobody knows any more is the worklist's."""
        sort = self.sort if self.sort.removeprefix("-") in ORDERS else DEFAULT_ORDER
        column = ORDERS[sort.removeprefix("-")][0]
        return (f"-{column}" if sort.startswith("-") else column), "pk"


@dataclass(frozen=True)
class Offer:
    """What there is for somebody to take, in the order in which it is offered.

    Two are equal that ask the same, at whatever moment of the day.
    """

    actor: User
    scope: Scope
    may_contact_vulnerable: bool
    hours: Hours
    today: date
    asked: Asked | None
    moment: Moment = field(compare=False)
    ground: Ground = field(compare=False)

    def own(self, now: datetime) -> QuerySet[Case]:
        """Those of the actor's with something to do today that nobody has done yet; first whom she is to call back, in the order
        in which they were to be called."""
        mine = self._open(now).filter(due(now, self.today), assignee=self.actor)
        return mine.order_by(F("call_back_at").asc(nulls_last=True), *PRIORITY)

    def to_call_back(self, now: datetime) -> QuerySet[Case]:
        """Of those that nobody works, the ones whose customer waits to be called back, in the order in which they were to be."""
        # Who is not to be called back is said to be left out: PostgreSQL, which plans for any moment, takes her hour for come.
        waiting = self.free(now).filter(called_back(now, self.today), call_back_at__isnull=False)
        return waiting.order_by("call_back_at", "pk")

    def free(self, now: datetime) -> QuerySet[Case]:
        """Those that nobody works."""
        free = self._open(now).filter(assignee=None)
        if not self.scope.everything:
            # Her scope says "or assigned to her" too, which is never so here, and which the index on the team cannot follow.
            free = free.filter(team__in=self.scope.teams)
        if not self.may_contact_vulnerable:
            vulnerable = flags_in_force(self.today).filter(customer=OuterRef("customer"), kind=FlagKind.VULNERABLE)
            free = free.filter(~Exists(vulnerable))
        return free.order_by(*(self.asked.order() if self.asked else PRIORITY))

    def _open(self, now: datetime) -> QuerySet[Case]:
        if self.asked:
            cases = cases_of(self.asked.queue, self.actor, self.asked.day)
        else:
            cases = visible_to(self.actor).filter(status=CaseStatus.OPEN)
        return self.hours.callable_among(cases.annotate(free_from=FREE_FROM).filter(free_from__lte=now))


@dataclass(frozen=True)
class Offered:
    """A case as it was given, and from when its customer may be called (None: not as things stand)."""

    case: Case
    callable_from: datetime | None


_ground: Ground | None = None


def offer_to(actor: User, queue: Queue | None) -> Offer:
    """What there is for the actor at the moment, of a queue or of all that she sees. A queue costs a short statement, the first
    offer of a process another."""
    ground = _ground or _read_ground()
    moment = Moment.present()
    hours = hours_at(moment.now, ground.rules, ground.zones)
    asked = None
    if queue is not None:
        asked = Asked(queue.query, queue.sort, choices_for(actor), ground.day or moment.today, queue)
    return Offer(actor, scope_of(actor), may(actor, CONTACT_VULNERABLE), hours, moment.today, asked, moment, ground)


def _read_ground() -> Ground:
    global _ground
    with prepared_cursor() as cursor:
        cursor.execute(_GROUND)
        mark, day, zones, rules = cursor.fetchone()
    _ground = Ground(mark, day, zones, rulebook_of(rules))
    return _ground


class Outdated(Exception):
    """The rules, the day of the book, or where customers live, are not what the offer was made for."""


def check_ground(offer: Offer) -> None:
    """Hold against the book what the offer stands on. One short query.

    Raises:
        Outdated: make the offer anew.
    """
    if _read_ground() != offer.ground:
        raise Outdated


def give(offer: Offer, passed: Sequence[int]) -> Offered | None:
    """The first case of the offer that is none of `passed` and that nobody has locked, locked: one of the actor's, or a free one
    that becomes hers, recorded as `case.taken`; None when there is none. One statement, in the caller's transaction, who rolls
    back what may not be given.

    Raises:
        Outdated: roll back, and make the offer anew.
    """
    text, kept = _statement(offer)
    given: dict[Any, Any] = {THE_MOMENT: offer.moment.now, THE_KEYS: list(passed)}
    hand = hand_values(from_=None, to=offer.actor, actor=offer.actor, verb="case.taken")
    values = {name: given.get(value, value) for name, value in kept.items()}
    values |= callable_values(offer.moment.now, offer.ground.rules) | hand
    with prepared_cursor() as cursor:
        cursor.execute(text, values)
        found = cursor.fetchone()
    if found is None:
        return None
    mark, day, facts, past, *row = found
    if mark != offer.ground.mark or (offer.asked and day != offer.ground.day):
        _read_ground()
        raise Outdated
    case = instance_of(Case, row, _TOLD)
    case.assignee = offer.actor
    until = callable_by(
        case.customer_id, (facts, past), at=offer.moment.now, actor=offer.actor, rules=offer.ground.rules
    )
    return Offered(case, until)


# Written once a day for each person and queue: Django takes longer to write it than PostgreSQL to answer.
@functools.lru_cache(maxsize=2_000)
def _statement(offer: Offer) -> tuple[str, dict[str, Any]]:
    """One that is hers already is given as it is; only where there is none is a free one looked for, and becomes hers: first one
    whose customer waits to be called back."""
    own, values = part_of(statement_of(_first(offer.own(THE_MOMENT).values(*_TOLD))), "own")
    back, of_back = part_of(statement_of(_first(offer.to_call_back(THE_MOMENT).values(*_GIVEN))), "back")
    free, of_free = part_of(statement_of(_first(offer.free(THE_MOMENT).values(*_GIVEN))), "free")
    # Each part is asked only if those before it have nothing. The narrower its rows the sooner PostgreSQL begins.
    text = f"""
        WITH own AS MATERIALIZED ({own or _NONE}), back AS MATERIALIZED ({back or _NO_KEY}),
             free AS MATERIALIZED ({free or _NO_KEY}), given AS MATERIALIZED (
            SELECT id, ref, customer_id FROM back WHERE NOT EXISTS (SELECT FROM own)
            UNION ALL SELECT id, ref, customer_id FROM free
             WHERE NOT EXISTS (SELECT FROM own) AND NOT EXISTS (SELECT FROM back)
        ),
        handed AS ({HAND} RETURNING {", ".join(f"c.{name}" for name in _TOLD)}), recorded AS ({RECORD})
        SELECT ({RULES_MARK}), {f"({BOOK_DAY})" if offer.asked else "NULL"}, {wanted_to_call("offered")}, {_COLUMNS}
          FROM (SELECT * FROM own UNION ALL SELECT * FROM handed) offered"""
    return text, values | of_back | of_free


def _first(cases: QuerySet[Case]) -> QuerySet[Case]:
    """The first that is none of `THE_KEYS` and that nobody else has locked, locked."""
    other = RawSQL("cases_case.id <> ALL(%s)", [THE_KEYS], output_field=BooleanField())
    return cases.filter(other).select_for_update(skip_locked=True, no_key=True, of=("self",))[:1]
