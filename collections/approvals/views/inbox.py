"""The inbox of those who decide, what one asked for oneself, and everything one may know of."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from approvals import kinds, services
from approvals.filters import SOON, RequestFilter
from approvals.models import Request
from approvals.permissions import visible_to
from approvals.seats import Seat, seats_of
from approvals.selectors import Waiting, came_back, inbox_of, mine, overview, page_of_inbox, stood_in_for
from runs import clock
from runs.pages import numbers_in, page_of_known, page_or_part
from runs.paging import LogPage, log_page
from staff.models import User
from staff.permissions import needs
from staff.requests import user_of

PAGE_SIZE = 25
# What the list shows: its code in the address, and its name.
SHOWN = [
    ("inbox", gettext_lazy("To decide")),
    ("back", gettext_lazy("Came back to me")),
    ("mine", gettext_lazy("Asked by me")),
    ("all", pgettext_lazy("requests", "All")),
]


@require_GET
@needs("approvals.view_request")
def approvals(request: HttpRequest) -> HttpResponse:
    """The requests that the reader may decide, the first to expire first, or what came back of those that she asked for, or all
    of these, or all that she may know of, newest first; HTMX gets the list alone."""
    user = user_of(request)
    seats = seats_of(user)
    show = request.GET.get("show", "")
    if show not in dict(SHOWN):
        show = "inbox" if seats else "mine"
    filters = RequestFilter(request.GET, queryset=_shown(user, show, seats), request=request)
    if show == "inbox":
        del filters.form.fields["status"]  # everything there waits for a decision
    filters.is_valid()  # a wrong value is named beside its field, and filters nothing
    waits = overview(user, seats)
    page: Page[Request] | LogPage
    if show == "inbox":
        number = _number(waits["inbox"], filters)
        page = page_of_known(filters.qs, request.GET.get("page"), size=PAGE_SIZE, number=number)
        first = page.start_index() - 1
        rows = list(page_of_inbox(filters.qs, first=first, size=PAGE_SIZE, number=number)) if number else []
        page.object_list = rows
    else:
        page = log_page(filters.qs.select_related("customer"), request.GET.get("before"), PAGE_SIZE)
        rows = page.rows
    now = clock.now()
    numbers = {code: sum(one.number for one in ones) for code, ones in waits.items()}
    numbers["back"] = came_back(user).count()
    context = {
        "filter": filters,
        "page": page,
        "rows": rows,
        "show": show,
        "chips": [(code, name, numbers[code]) for code, name in SHOWN],
        "waiting": waits.get(show),
        "expiring": sum(one.expiring for one in waits.get(show, ())),
        "kind": filters.form.cleaned_data.get("kind", ""),
        "seats": [seat for seat in seats if not seat.is_own],
        "away": stood_in_for(user) if seats else [],
        "bulk": show == "inbox",
        "now": now,
        "soon": {row.pk for row in rows if row.expires_at <= now + kinds.get(row.kind).warn_before},
    }
    return page_or_part(request, "approvals/approvals.html", "approvals/_approvals.html", context)


@require_POST
@needs("approvals.view_request")
def approvals_seen(request: HttpRequest) -> HttpResponse:
    """The reader has seen what became of these; what was sent back stays until it is asked again."""
    services.seen(actor=user_of(request), request_ids=numbers_in(request.POST.getlist("request")))
    return redirect(f"{reverse('approvals')}?show=back")


def _shown(user: User, show: str, seats: Sequence[Seat]) -> QuerySet[Request]:
    if show == "inbox":
        return inbox_of(user, seats)
    if show == "back":
        return came_back(user)
    return mine(user) if show == "mine" else visible_to(user, seats).order_by("-pk")


def _number(waits: Sequence[Waiting], filters: RequestFilter) -> int:
    """How many of what waits the filters let through."""
    chosen = filters.form.cleaned_data
    kept = [one for one in waits if chosen.get("kind") in (None, "", one.kind.code)]
    return sum(one.expiring if chosen.get("ends") == SOON else one.number for one in kept)
