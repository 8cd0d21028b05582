"""Queues: which cases each kind of work takes in, and how many a queue holds now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Aggregate, BooleanField, Count, ExpressionWrapper, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.sql import Query
from django.db.models.sql.where import WhereNode
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cases.models import CallTask, Case, CaseStatus, Dispute, DisputeStatus, PromiseInstalment, PromiseStatus, Queue
from cases.models.case import FREE_FROM
from cases.permissions import visible_to
from cases.selectors.worklist import days_past_due, open_cases
from compliance.models import FlagKind
from compliance.selectors import flags_in_force
from runs import clock
from runs.selectors import book_day
from staff.permissions import Anyone

Key = TypeVar("Key")
WORK_KINDS = [
    ("new", _("New cases")),
    ("follow-up", _("Follow-up due")),
    ("call", _("Call asked for")),
    ("promise-due", _("Promise due")),
    ("promise-broken", _("Promise broken")),
    ("care", _("Hardship and vulnerable")),
    ("dispute", _("In dispute")),
    ("mine", _("My cases")),
    ("unassigned", _("Worked by nobody")),
]
# Since when nobody was in contact: since it was opened, where nobody ever was.
UNTOUCHED_SINCE = Coalesce("contacted_at", "opened_at")
CARE = (FlagKind.HARDSHIP, FlagKind.VULNERABLE)


def working(cases: QuerySet[Case], kind: str, day: date, user: Anyone) -> QuerySet[Case]:
    """Those of `cases` that a kind of work takes in on `day`, as `user` sees it ("mine" is hers).

    new: nobody was in contact yet. follow-up: its day has come. call: one is asked for, from that day or an
    earlier one on, and the hour that the customer named has come.
    promise-due: an instalment is due today or overdue.
    care: the person is flagged as in hardship or vulnerable.
    """
    if kind == "promise-due":
        due = PromiseInstalment.objects.filter(
            status=PromiseStatus.OPEN, due_on__lte=day, promise__status=PromiseStatus.OPEN
        )
        return cases.filter(pk__in=due.values("promise__case_id"))
    if kind == "call":
        later = Q(call_back_at__gt=clock.now())
        wanted = CallTask.objects.filter(done_at=None, wanted_on__lte=day)
        return cases.filter(~later | Q(call_back_at=None), pk__in=wanted.values("case_id"))
    if kind == "care":
        flagged = flags_in_force(day).filter(kind__in=CARE)
        return cases.filter(customer_id__in=flagged.values("customer_id"))
    if kind == "dispute":
        return cases.filter(pk__in=Dispute.objects.filter(status=DisputeStatus.OPEN).values("case_id"))
    condition = {
        "new": Q(contacted_at=None),
        "follow-up": Q(follow_up_on__lte=day),
        "promise-broken": Q(promise_broken_on__isnull=False),
        "mine": Q(assignee=user.pk),
        "unassigned": Q(assignee=None),
    }[kind]
    return cases.filter(condition)


def shows_calls() -> QuerySet[Queue]:
    """The shared queues in which a call that is asked for is found."""
    return Queue.objects.filter(owner=None, query__regex=r"(^|&)work=call(&|$)")


def cases_of(queue: Queue, user: Anyone, day: date) -> QuerySet[Case]:
    """The open cases of `queue` that `user` may see, unordered; days past due are those on `day`.

    What of its filters nobody knows any more filters nothing.
    """
    return _Asker(user).narrow(open_cases(visible_to(user), day), queue).order_by()


class _Asker:
    """Asks cases what queues ask of them, as `user` reads it: one filter for however many queues."""

    def __init__(self, user: Anyone) -> None:
        from cases.filters import WorklistFilter  # it names the kinds of work above

        self._filter = WorklistFilter(None, queryset=Case.objects.none(), user=user)

    def narrow(self, cases: QuerySet[Case], queue: Queue) -> QuerySet[Case]:
        return self._filter.narrow(cases, QueryDict(queue.query))


@dataclass
class Holds:
    """How many open cases a queue holds, how many of them somebody could take, and since when its oldest is untouched."""

    cases: int = 0
    free: int = 0
    untouched_since: datetime | None = None


Narrow = Callable[[QuerySet[Case]], QuerySet[Case]]
# Aggregates by name; given the rows that count.
Figures = Mapping[str, Callable[[Q], Aggregate]]


def held(user: Anyone, queues: Iterable[Queue]) -> dict[int | str, Holds]:
    """What each of `queues` (by its key) holds for `user` now. Two queries."""
    free = Q(assignee=None, free_from__lte=clock.now())
    figures: Figures = {
        "cases": lambda among: Count("pk", filter=among),
        "free": lambda among: Count("pk", filter=among & free),
        "untouched_since": lambda among: Min(UNTOUCHED_SINCE, filter=among),
    }
    return {key: Holds(**found) for key, found in _of_each(user, queues, (), figures).items()}


def numbers_of(user: Anyone, queues: Iterable[Queue], kinds: Iterable[str] = ()) -> dict[int | str, int]:
    """How many cases each of `queues` (by its key) and each kind of work holds for `user` now. Two queries."""
    found = _of_each(user, queues, kinds, {"cases": lambda among: Count("pk", filter=among)})
    return {key: figures.get("cases", 0) for key, figures in found.items()}


def _of_each(
    user: Anyone, queues: Iterable[Queue], kinds: Iterable[str], figures: Figures
) -> dict[int | str, dict[str, Any]]:
    """`figures` of what each queue and each kind of work holds; none of one that can hold nothing.

    What a queue asks of the cases themselves is counted for all queues in one pass over those that she may see. What is asked of
    other rows (an open dispute, a promise that is due) is true of few cases and found from there: asked of each case in that
    pass, it would cost more than everything else together.
    """
    today = clock.today()
    worked_out: dict[str, Any] = {"days_past_due": days_past_due(book_day() or today), "free_from": FREE_FROM}
    every = Case.objects.annotate(**worked_out)
    seen = visible_to(user).filter(status=CaseStatus.OPEN).order_by().annotate(**worked_out)
    asker = _Asker(user)
    asked: dict[int | str, Narrow] = {queue.pk: partial(asker.narrow, queue=queue) for queue in queues}
    asked |= {kind: partial(working, kind=kind, day=today, user=user) for kind in kinds}
    found: dict[int | str, dict[str, Any]] = {key: {} for key in asked}
    together: dict[str, Any] = {}
    alone: list[QuerySet[Case, Any]] = []
    for place, narrow in enumerate(asked.values()):
        query = narrow(every).query
        if query.is_empty():
            continue
        if _asks_others(query.where):
            of_it = {name: figure(Q()) for name, figure in figures.items()}
            alone.append(narrow(seen).values(place=Value(place)).annotate(**of_it))
        else:
            among = Q(ExpressionWrapper(query.where, BooleanField()))
            together |= {f"{name}_{place}": figure(among) for name, figure in figures.items()}
    counted = seen.aggregate(**together) if together else {}
    rows = {row["place"]: row for row in (alone[0].union(*alone[1:], all=True) if alone else ())}
    for place, key in enumerate(asked):
        for name in figures:
            if f"{name}_{place}" in counted:
                found[key][name] = counted[f"{name}_{place}"]
            elif place in rows:
                found[key][name] = rows[place][name]
    return found


def _asks_others(where: WhereNode) -> bool:
    """Whether a condition looks beyond the row itself."""
    return any(
        _asks_others(part) if isinstance(part, WhereNode) else isinstance(getattr(part, "rhs", None), Query)
        for part in where.children
    )


def count_of_each(querysets: Mapping[Key, QuerySet[Any]]) -> dict[Key, int]:
    """How many rows each queryset has. One query for all of them."""
    if not querysets:
        return {}
    parts: list[str] = []
    parameters: list[Any] = []
    for queryset in querysets.values():
        try:
            sql, values = queryset.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) counted)")
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        row = cursor.fetchone() or ()
    return dict(zip(querysets, row, strict=True))
