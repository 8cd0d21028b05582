"""Queues: their list, their live counts, saving the present question as one, and taking the next case out of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import Conflict, Invalid
from approvals.permissions import kinds_decided_by
from approvals.selectors import inbox_of
from cases.filters import DEFAULT_ORDER
from cases.forms import QueueChangeForm, QueueForm
from cases.models import Queue, WaitFor
from cases.permissions import queues_of, visible_to
from cases.selectors import open_cases
from cases.selectors.queues import cases_of, held
from cases.services.queues import change_queue, may_change, remove_queue, save_queue
from cases.services.taking import take_next
from runs import clock
from runs.pages import back_to, number_in
from runs.selectors import book_day
from runs.texts import listed
from staff.models import User
from staff.permissions import needs
from staff.requests import user_of

# How many queues the rail names; the page of queues has all.
ON_THE_RAIL = 12
# The links of the rail that have a number, and the kind of work that it counts.
RAIL_KINDS = {"mine": "mine", "promises": "promise-due", "disputes": "dispute"}


@require_GET
@needs("cases.view_case")
def queues(request: HttpRequest) -> HttpResponse:
    """The queues that the reader may use, with what they hold now; her own, and others' where she may, are changed here."""
    user = user_of(request)
    rows = list(queues_of(user).select_related("team", "owner"))
    holds = held(user, rows)
    context: dict[str, Any] = {
        "rows": [
            {
                "queue": row,
                "number": holds[row.pk].cases,
                "form": QueueChangeForm(row) if may_change(user, row) else None,
            }
            for row in rows
        ]
    }
    return render(request, "cases/queues.html", context)


@require_GET
@needs("cases.view_case")
def queue_counts(request: HttpRequest) -> HttpResponse:
    """What the rail says beside its links, fetched after the page and every minute: pages stay quick and counts live."""
    user = user_of(request)
    rows = list(queues_of(user)[:ON_THE_RAIL])
    holds = held(user, rows, RAIL_KINDS.values())
    context = {
        "queues": [
            {"queue": row, "number": holds[row.pk].cases, "address": reverse("queue", args=[row.pk])} for row in rows
        ],
        "numbers": {name: holds[kind].cases for name, kind in RAIL_KINDS.items()} | _to_decide(user),
        "here": request.GET.get("here", ""),
    }
    return render(request, "cases/_counts.html", context)


def _to_decide(user: User) -> dict[str, int]:
    """How many requests wait for her, for who decides any; otherwise no number is shown."""
    return {"approvals": inbox_of(user).count()} if kinds_decided_by(user) else {}


@require_POST
@needs("cases.add_queue")
def queue_save(request: HttpRequest) -> HttpResponse:
    """Keep the present question as a queue, and go to it."""
    user = user_of(request)
    form = QueueForm(request.POST, user=user)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            made = save_queue(
                actor=user,
                name=chosen["name"],
                query=chosen["query"],
                sort=chosen["sort"] or DEFAULT_ORDER,
                shared=chosen["whose"] != QueueForm.OWN,
                team=chosen["team"],
            )
        except Invalid as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The queue “%(name)s” is saved.") % {"name": made.name})
            return redirect("queue", made.pk)
    else:
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
    return redirect(back_to(request))


@require_POST
@needs("cases.view_case")
def queue_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a queue and give it its place, or remove it. Out of reach is 404, another's 403."""
    user = user_of(request)
    found = get_object_or_404(queues_of(user), pk=pk)
    if "remove" in request.POST:
        try:
            remove_queue(actor=user, queue_id=found.pk)
            messages.success(request, _("The queue is removed. Its cases stay as they are."))
        except Conflict as error:
            messages.error(request, str(error))
        return redirect("queues")
    form = QueueChangeForm(found, request.POST)
    try:
        if form.is_valid():
            change_queue(actor=user, queue_id=found.pk, **form.cleaned_data)
    except Invalid as error:
        form.add_error(error.field, str(error))
    for errors in form.errors.values():
        messages.error(request, " ".join(map(str, errors)))
    return redirect("queues")


@require_POST
@needs("cases.work_case")
def take(request: HttpRequest) -> HttpResponse:
    """Give the reader the next case of a queue, or of all she sees, and open it; else say why there is none."""
    user = user_of(request)
    wanted = request.POST.get("queue", "")
    queue = get_object_or_404(queues_of(user), pk=number_in(wanted)) if wanted else None
    taken = take_next(actor=user, queue=queue, leaving=number_in(request.POST.get("leaving", "")))
    if taken is not None:
        return redirect("case", taken.ref)
    messages.info(request, _nothing_left(request, queue))
    return redirect(back_to(request))


def _nothing_left(request: HttpRequest, queue: Queue | None) -> str:
    """Why there is no case to take: what the free ones wait for, and until when. One query."""
    user = user_of(request)
    day = book_day() or clock.today()
    cases = cases_of(queue, user, day) if queue else open_cases(visible_to(user), day).order_by()
    now = clock.now()
    waiting = (
        cases.filter(assignee=None, wait_until__gt=now)
        .values_list("wait_for")
        .annotate(number=Count("*"), first=Min("wait_until"))
        .values_list("wait_for", "number", "first")
        .order_by("-number")
    )
    said = []
    for reason, number, first in waiting:
        moment = localtime(first)
        until = date_format(moment, "H:i" if moment.date() == clock.today() else "m-d H:i")
        said.append(_sentence(reason, number) % {"number": number, "until": until})
    if not said:
        return _("Nothing to take: every case here is worked by somebody, or there is none.")
    return _("Nothing to take now: %(reasons)s.") % {"reasons": listed(said)}


def _sentence(reason: str, number: int) -> str:
    if reason == WaitFor.GATE:
        return ngettext(
            "%(number)d may not be contacted before %(until)s",
            "%(number)d may not be contacted, the first before %(until)s",
            number,
        )
    if reason == WaitFor.PROMISE:
        return ngettext("%(number)d waits for a promise", "%(number)d wait for promises", number)
    if reason == WaitFor.FOLLOW_UP:
        return ngettext("%(number)d waits for its follow-up", "%(number)d wait for their follow-ups", number)
    if reason == WaitFor.DISPUTE:
        return ngettext("%(number)d is in dispute", "%(number)d are in dispute", number)
    if reason == WaitFor.HOLD:
        return ngettext("%(number)d is on hold", "%(number)d are on hold", number)
    return ngettext("%(number)d has a customer flag", "%(number)d have a customer flag", number)
