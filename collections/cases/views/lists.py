"""The lists of cases: somebody's own, all open ones, and a queue. One page; HTMX gets the list alone from the same address."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET

from approvals.selectors import came_back
from cases.filters import DEFAULT_ORDER, DUE_FIRST, ME, WorklistFilter, order_in_words
from cases.forms import QueueForm
from cases.models import Case, Queue
from cases.permissions import queues_of, visible_to
from cases.selectors import Tally, open_cases, page_of, tally, totals
from cases.selectors.contactable import show_callable
from cases.selectors.people import takers_named
from cases.selectors.queues import WORK_KINDS, cases_of, working
from cases.selectors.worklist import own_tally
from cases.services.queues import may_change
from cases.views.bulk import take_ticked
from runs import clock
from runs.pages import is_part, page_of_known, page_or_part
from runs.selectors import book_day, has_closed_any
from staff.models import User
from staff.permissions import may, may_enter_data, needs
from staff.requests import user_of

PAGE_SIZE = 25
# Of what came back to the reader, so much stands above her own list.
BACK_SHOWN = 3
# The kinds of work that somebody's own list is divided by.
OWN_KINDS = ("follow-up", "promise-due", "promise-broken", "new", "care", "dispute")


def base_of(user: User, day: date, queue: Queue | None, mine: bool) -> QuerySet[Case]:
    """The open cases that a list starts from, within `user`'s scope: a queue's, her own, or all."""
    if queue is not None:
        return cases_of(queue, user, day)
    cases = open_cases(visible_to(user), day)
    return cases.filter(assignee=user.pk) if mine else cases


def order_of(queue: Queue | None, mine: bool) -> str:
    """The order that a list has by itself."""
    if mine:
        return DUE_FIRST
    return queue.sort if queue is not None else DEFAULT_ORDER


@require_GET
def my_work(request: HttpRequest) -> HttpResponse:
    """Her own cases for who works some; else the worklist; the data-entry pages for who sees no case at all."""
    if may(request.user, "cases.work_case"):
        return list_page(request, mine=True)
    if may(request.user, "cases.view_case"):
        return redirect("worklist")
    if may_enter_data(request.user):
        return redirect("admin:index")
    raise PermissionDenied


@require_GET
@needs("cases.view_case")
def worklist(request: HttpRequest) -> HttpResponse:
    """All open cases, filtered and ordered as asked."""
    return list_page(request)


@require_GET
@needs("cases.view_case")
def queue(request: HttpRequest, pk: int) -> HttpResponse:
    """A queue's cases, narrowed further as asked. Somebody else's queue is 404."""
    return list_page(request, queue=get_object_or_404(queues_of(request.user), pk=pk))


def list_page(
    request: HttpRequest, *, queue: Queue | None = None, mine: bool = False, changing: Queue | None = None
) -> HttpResponse:
    """A list of open cases: a queue's, the reader's own, or all; with `changing`, all by what that queue shall ask."""
    own_order = order_of(changing or queue, mine)
    closed_day = book_day()
    day = closed_day or clock.today()
    user = user_of(request)
    filters = WorklistFilter(
        request.GET,
        queryset=base_of(user, day, queue, mine),
        user=user,
        default_order=own_order,
        request=request,
    )
    filters.is_valid()  # a wrong value is named beside its field, and filters nothing
    numbers = _own_numbers(filters, user) if mine else _numbers(filters)
    page = page_of_known(filters.qs, request.GET.get("page"), size=PAGE_SIZE, number=numbers["count"])
    first = page.start_index() - 1
    rows = list(page_of(filters.qs, day, first=first, size=PAGE_SIZE)) if numbers["count"] else []
    page.object_list = rows
    assigns = may(user, "cases.assign_case")
    sort = request.GET.get("sort") or own_order
    context: dict[str, Any] = {
        "closed_day": closed_day,
        "day": day,
        "today": clock.today(),
        "queue": queue,
        "mine": mine,
        "filter": filters,
        "active": filters.active(),
        "page": page,
        "rows": show_callable(rows, at=clock.now(), actor=user),
        "sort": sort,
        "closed_any": bool(numbers["everywhere"]) or has_closed_any(),
        "present": present_query(request, queue, mine),
        "members": filters.choices.members,
        "takers": takers_named(user, rows) if assigns else (),
        "ticked": take_ticked(request) if assigns else None,
        "save": QueueForm(user=user),
        "may_change": queue is not None and may_change(user, queue),
        "changing": changing,
        "changes": _changes(changing, filters, sort) if changing is not None else (),
        "back": _back(user) if mine and not is_part(request) else None,
        **numbers,
    }
    return page_or_part(request, "cases/worklist.html", "cases/_worklist.html", context)


def _changes(queue: Queue, filters: WorklistFilter, sort: str) -> list[tuple[str, Any, Any]]:
    """(what, the queue's own, the one asked for) of every filter that differs, and of the order. No query."""
    own = WorklistFilter(QueryDict(queue.query), queryset=Case.objects.none(), user=filters.user)
    own.is_valid()
    before, after = ({label: value for _name, label, value in one.active()} for one in (own, filters))
    found = [(label, before.get(label), after.get(label)) for label in dict.fromkeys((*before, *after))]
    found.append((filters.filters["sort"].label, order_in_words(queue.sort), order_in_words(sort)))
    return [one for one in found if one[1] != one[2]]


def _back(user: User) -> dict[str, Any] | None:
    """What came back of what the reader asked for, the first of it; None where nothing did."""
    found = came_back(user)
    rows = list(found[: BACK_SHOWN + 1])
    number = found.count() if len(rows) > BACK_SHOWN else len(rows)
    return {"rows": rows[:BACK_SHOWN], "number": number} if rows else None


def _numbers(filters: WorklistFilter) -> dict[str, Any]:
    """The counts of a list that is divided by bucket. One query."""
    tallies = tally(filters.beside("bucket"))
    chosen = filters.form.cleaned_data.get("bucket") or []
    shown = [row for row in tallies if not chosen or row.bucket in chosen]
    return {
        "count": sum(row.count for row in shown),
        "totals": totals(shown),
        "buckets": _bucket_counts(filters, tallies),
        "chosen": chosen,
        "everywhere": sum(row.count for row in tallies),
    }


def _own_numbers(filters: WorklistFilter, user: User) -> dict[str, Any]:
    """The counts of somebody's own list, which is divided by what is to be done. One query."""
    beside, today = filters.beside("work"), clock.today()
    chosen = filters.form.cleaned_data.get("work") or ""
    names = dict(WORK_KINDS)
    kinds = [*OWN_KINDS, chosen] if chosen and chosen not in OWN_KINDS else list(OWN_KINDS)
    found = own_tally(beside, {kind: working(beside, kind, today, user) for kind in kinds})
    return {
        "count": found[chosen].count,
        "totals": found[chosen].totals,
        "kinds": [(kind, names[kind], found[kind].count) for kind in OWN_KINDS],
        "kind": chosen,
        "everywhere": found[""].count,
    }


def present_query(request: HttpRequest, queue: Queue | None, mine: bool) -> str:
    """The whole question that a list answers, its own part included, as a query string of the worklist without paging."""
    asked = QueryDict(queue.query if queue is not None else "", mutable=True)
    if mine:
        asked["assignee"] = ME
    for name, values in request.GET.lists():
        if name in WorklistFilter.base_filters and any(values):
            asked.setlist(name, [value for value in values if value])
    return asked.urlencode()


def _bucket_counts(filters: WorklistFilter, tallies: list[Tally]) -> list[tuple[str, int]]:
    counts = {code: 0 for code, _ in filters.form.fields["bucket"].choices}
    for row in tallies:
        counts[row.bucket] = counts.get(row.bucket, 0) + row.count
    return list(counts.items())
