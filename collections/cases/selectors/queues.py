"""Queues: which cases each kind of work takes in, and how many a queue holds now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cases.models import Case, CaseStatus, Dispute, DisputeStatus, PromiseInstalment, PromiseStatus, Queue
from cases.permissions import visible_to
from cases.selectors.worklist import open_cases
from compliance.models import FlagKind
from compliance.selectors import flags_in_force
from runs import clock
from runs.selectors import book_day
from staff.permissions import Anyone

Key = TypeVar("Key")
WORK_KINDS = [
    ("new", _("New cases")),
    ("follow-up", _("Follow-up due")),
    ("promise-due", _("Promise due")),
    ("promise-broken", _("Promise broken")),
    ("care", _("Hardship and vulnerable")),
    ("dispute", _("In dispute")),
    ("mine", _("My cases")),
    ("unassigned", _("Worked by nobody")),
]
CARE = (FlagKind.HARDSHIP, FlagKind.VULNERABLE)


def working(cases: QuerySet[Case], kind: str, day: date, user: Anyone) -> QuerySet[Case]:
    """Those of `cases` that a kind of work takes in on `day`, as `user` sees it ("mine" is hers).

    new: nobody was in contact yet. follow-up: its day has come. promise-due: an instalment is due today or overdue.
    care: the person is flagged as in hardship or vulnerable.
    """
    if kind == "promise-due":
        due = PromiseInstalment.objects.filter(
            status=PromiseStatus.OPEN, due_on__lte=day, promise__status=PromiseStatus.OPEN
        )
        return cases.filter(pk__in=due.values("promise__case_id"))
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


def cases_of(queue: Queue, user: Anyone, day: date) -> QuerySet[Case]:
    """The open cases of `queue` that `user` may see, unordered; days past due are those on `day`.

    What of its filters nobody knows any more filters nothing.
    """
    from cases.filters import WorklistFilter  # it names the kinds of work above

    return WorklistFilter(QueryDict(queue.query), queryset=open_cases(visible_to(user), day), user=user).qs.order_by()


def counts(user: Anyone, queues: Iterable[Queue]) -> dict[int, int]:
    """How many open cases each of `queues` holds for `user` now, by the queue's key. One query for all of them."""
    day = book_day() or clock.today()
    return count_cases(user, {queue.pk: cases_of(queue, user, day) for queue in queues})


def count_cases(user: Anyone, narrower: Mapping[Key, QuerySet[Case]]) -> dict[Key, int]:
    """How many cases each queryset has; they narrow the open cases that `user` may see, with conditions on the case alone.

    One query and one pass over those cases: each queryset counted by itself would read them all again.
    """
    wanted = {
        f"count_{place}": Count("pk", filter=queryset.query.where)  # type: ignore[arg-type]  # a condition, resolved already
        for place, queryset in enumerate(narrower.values())
        if not queryset.query.is_empty()
    }
    counted = visible_to(user).filter(status=CaseStatus.OPEN).aggregate(**wanted)
    return {key: counted.get(f"count_{place}", 0) for place, key in enumerate(narrower)}


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
