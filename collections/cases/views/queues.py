"""Queues: their list, their live counts, and saving the present question as one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import Conflict, Invalid
from approvals.selectors import came_back, waits_for
from cases.filters import DEFAULT_ORDER
from cases.forms import QueueChangeForm, QueueFiltersForm, QueueForm
from cases.models import Queue
from cases.permissions import queues_of
from cases.selectors.plans import to_answer
from cases.selectors.queues import count_of_each, numbers_of
from cases.services.queues import ask_otherwise, change_queue, may_change, remove_queue, save_queue
from cases.views.lists import list_page
from compliance.selectors import complaints_to_answer
from reminders.selectors import messages_to_review
from runs import clock
from runs.pages import back_to
from staff.permissions import needs
from staff.requests import user_of

# How many queues the rail names; the page of queues has all.
ON_THE_RAIL = 12


@require_GET
@needs("cases.view_case")
def queues(request: HttpRequest) -> HttpResponse:
    """The queues that the reader may use, with what they hold now; her own, and others' where she may, are changed here."""
    user = user_of(request)
    rows = list(queues_of(user).select_related("team", "owner"))
    numbers = numbers_of(user, rows)
    forms = {row.pk: QueueChangeForm(row) for row in rows if may_change(user, row)}
    context: dict[str, Any] = {
        "rows": [{"queue": row, "number": numbers[row.pk], "form": forms.get(row.pk)} for row in rows],
        "changes_any": bool(forms),
    }
    return render(request, "cases/queues.html", context)


@require_GET
@needs("cases.view_case")
def queue_counts(request: HttpRequest) -> HttpResponse:
    """What the rail says beside its links, fetched after the page and every minute: pages stay quick and counts live."""
    user = user_of(request)
    rows = list(queues_of(user)[:ON_THE_RAIL])
    numbers = numbers_of(user, rows, ["mine"])
    to_decide = waits_for(user)
    counted = count_of_each(
        {"back": came_back(user)}
        | to_answer(user, clock.today())
        | complaints_to_answer(user)
        | messages_to_review(user)  # one query for all of them
    )
    back = counted.pop("back")
    context = {
        "queues": [
            {"queue": row, "number": numbers[row.pk], "address": reverse("queue", args=[row.pk])} for row in rows
        ],
        "numbers": {"mine": numbers["mine"]} | {"approvals": sum(one.number for one in to_decide) + back} | counted,
        "to_decide": to_decide,
        "back": back,
        "here": request.GET.get("here", ""),
    }
    return render(request, "cases/_counts.html", context)


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


@require_http_methods(["GET", "HEAD", "POST"])
@needs("cases.view_case")
def queue_filters(request: HttpRequest, pk: int) -> HttpResponse:
    """The worklist, to find other filters or another order for a queue, and to keep them in it. Out of reach is 404, another's
    403."""
    user = user_of(request)
    found = get_object_or_404(queues_of(user), pk=pk)
    if not may_change(user, found):
        raise PermissionDenied
    if request.method == "POST":
        return _keep_in(request, found)
    if not request.GET and found.query:
        # Begins with what the queue asks.
        return redirect(f"{request.path}?{found.query}")
    return list_page(request, changing=found)


def _keep_in(request: HttpRequest, queue: Queue) -> HttpResponse:
    form = QueueFiltersForm(request.POST)
    if form.is_valid():
        sent = form.cleaned_data
        try:
            ask_otherwise(
                actor=user_of(request),
                queue_id=queue.pk,
                query=sent["query"],
                sort=sent["sort"] or DEFAULT_ORDER,
                seen=(sent["seen_query"], sent["seen_sort"]),
            )
        except (Conflict, Invalid) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The queue has its new filters and order."))
            return redirect("queue", queue.pk)
    for errors in form.errors.values():
        messages.error(request, " ".join(map(str, errors)))
    return redirect(back_to(request))


@require_POST
@needs("cases.view_case")
def queue_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a queue and give it its place, or remove it. Out of reach is 404, another's 403."""
    user = user_of(request)
    found = get_object_or_404(queues_of(user), pk=pk)
    if not may_change(user, found):
        raise PermissionDenied
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
