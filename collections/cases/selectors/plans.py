"""Promises and disputes over all cases in somebody's scope, as their lists show them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from cases.models import CaseStatus, Dispute, DisputeStatus, Promise, PromiseInstalment, PromiseStatus
from cases.permissions import visible_to
from staff.permissions import Anyone

PROMISES_SHOWN = [
    ("due", _("Due by today")),
    ("today", _("Due today")),
    ("overdue", _("Overdue")),
    ("week", _("Within seven days")),
    ("open", _("All open")),
    ("kept", _("Kept")),
    ("partly", _("Partly kept")),
    ("broken", _("Broken")),
    ("cancelled", _("Cancelled")),
]
DISPUTES_SHOWN = [
    ("open", _("All open")),
    ("late", _("Answer overdue")),
    ("week", _("Answer due within seven days")),
    ("closed", _("Closed")),
]
WEEK = timedelta(days=7)


def promises_seen(user: Anyone) -> QuerySet[Promise]:
    """The promises of the cases that `user` may see, each with `due_on` and `due_amount`, its next open instalment's."""
    open_ones = PromiseInstalment.objects.filter(promise=OuterRef("pk"), status=PromiseStatus.OPEN).order_by("due_on")
    return (
        Promise.objects.filter(case__in=visible_to(user).order_by())
        .annotate(due_on=Subquery(open_ones.values("due_on")[:1]), due_amount=Subquery(open_ones.values("amount")[:1]))
        .select_related("case__customer", "case__assignee")
    )


def promise_counts(promises: QuerySet[Promise], today: date) -> dict[str, int]:
    """How many of `promises` (from `promises_seen`) each choice of the list takes in. One pass over them, one query."""
    rows = (
        promises.order_by()
        .values("status", "due_on")  # type: ignore[misc]  # annotated by `promises_seen`
        .annotate(number=Count("pk"))
        .values_list("status", "due_on", "number")
    )
    counted = dict.fromkeys(dict(PROMISES_SHOWN), 0)
    for status, due_on, number in rows:
        if status != PromiseStatus.OPEN:
            counted[status] += number
            continue
        counted["open"] += number
        if due_on is not None:
            counted["due"] += number * (due_on <= today)
            counted["today"] += number * (due_on == today)
            counted["overdue"] += number * (due_on < today)
            counted["week"] += number * (today <= due_on <= today + WEEK)
    return counted


def promises_of_kind(promises: QuerySet[Promise], kind: str, today: date) -> QuerySet[Promise]:
    """Those of `promises` (from `promises_seen`) that one choice of the list takes in, the most urgent or latest first."""
    if kind in (PromiseStatus.KEPT, PromiseStatus.PARTLY, PromiseStatus.BROKEN, PromiseStatus.CANCELLED):
        return promises.filter(status=kind).order_by("-closed_at", "-pk")
    condition = {
        "due": {"due_on__lte": today},
        "today": {"due_on": today},
        "overdue": {"due_on__lt": today},
        "week": {"due_on__gte": today, "due_on__lte": today + WEEK},
    }.get(kind, {})
    if condition:
        # The next instalment is one of these: an index gives them, and `due_on` is worked out for no other promise.
        instalments = PromiseInstalment.objects.filter(status=PromiseStatus.OPEN, **condition)
        promises = promises.filter(pk__in=instalments.values("promise"))
    return promises.filter(status=PromiseStatus.OPEN, **condition).order_by("due_on", "pk")  # type: ignore[misc]  # annotated


def to_answer(user: Anyone, today: date) -> dict[str, QuerySet[Any]]:
    """The promises due by today and the disputes open within `user`'s reach, as their lists show them first: whoever works the
    case, cured or not, because each is still to be judged or answered."""
    return {
        "promises": promises_of_kind(promises_seen(user), "due", today),
        "disputes": disputes_of_kind(disputes_seen(user), "open", today),
    }


def disputes_seen(user: Anyone) -> QuerySet[Dispute]:
    """The disputes of the cases that `user` may see."""
    return Dispute.objects.filter(case__in=visible_to(user).order_by()).select_related(
        "case__customer", "case__assignee"
    )


def disputes_and_cases(user: Anyone, today: date) -> tuple[int, int]:
    """How many disputes are open within `user`'s reach, and how many open cases have any: the rail's number and the queue's.

    They differ by cases with several and by those that closed before they were answered. One query.
    """
    on_open_case = Q(case__status=CaseStatus.OPEN)
    found = disputes_of_kind(disputes_seen(user), "open", today).order_by()
    counted = found.aggregate(disputes=Count("pk"), cases=Count("case", distinct=True, filter=on_open_case))
    return counted["disputes"], counted["cases"]


def disputes_of_kind(disputes: QuerySet[Dispute], kind: str, today: date) -> QuerySet[Dispute]:
    """Those of `disputes` that one choice of the list takes in, the nearest deadline or the latest closed first."""
    if kind == "closed":
        return disputes.exclude(status=DisputeStatus.OPEN).order_by("-closed_at", "-pk")
    condition = {"late": {"due_on__lt": today}, "week": {"due_on__gte": today, "due_on__lte": today + WEEK}}
    return disputes.filter(status=DisputeStatus.OPEN, **condition.get(kind, {})).order_by("due_on", "pk")
