"""The inbox of those who decide, what one asked for oneself, and one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from approvals import kinds, services
from approvals.errors import StaleScreen
from approvals.filters import RequestFilter
from approvals.forms import AgainForm, DecideForm, WithdrawForm
from approvals.models import OPEN, Request, RequestStatus
from approvals.permissions import decided_by, visible_to
from approvals.selectors import counts, history, inbox_of, mine
from approvals.services.deciding import refusal
from runs import clock
from runs.pages import page_or_part
from runs.paging import LogPage, log_page
from staff.models import User
from staff.permissions import may, needs
from staff.requests import user_of

PAGE_SIZE = 25
# What the list shows: its code in the address, and its name.
SHOWN = [
    ("inbox", gettext_lazy("To decide")),
    ("mine", gettext_lazy("Asked by me")),
    ("all", pgettext_lazy("requests", "All")),
]
# What each button of a request's page does, and what is said once it is done.
DECISIONS: dict[str, tuple[Callable[..., Request], Any]] = {
    "approve": (services.approve, gettext_lazy("Request %(request)s is approved, and what it asked for is done.")),
    "reject": (services.reject, gettext_lazy("Request %(request)s is rejected.")),
    "send-back": (services.send_back, gettext_lazy("Request %(request)s is sent back to %(author)s.")),
}


@require_GET
@needs("approvals.view_request")
def approvals(request: HttpRequest) -> HttpResponse:
    """The requests that the reader may decide, the first to expire first, or those that she asked for, or all that she may
    know of, newest first; HTMX gets the list alone."""
    user = user_of(request)
    show = request.GET.get("show", "")
    if show not in dict(SHOWN):
        show = "inbox" if decided_by(user) else "mine"
    filters = RequestFilter(request.GET, queryset=_shown(user, show), request=request)
    if show == "inbox":
        del filters.form.fields["status"]  # everything there waits for a decision
    filters.is_valid()  # a wrong value is named beside its field, and filters nothing
    numbers = counts(user)
    found = filters.qs.select_related("customer")
    page: Page[Request] | LogPage
    if show == "inbox":
        paginator = Paginator(found, PAGE_SIZE)
        if not filters.form.cleaned_data.get("kind"):
            paginator.count = numbers["inbox"]  # known: counting the same again would cost as much as fetching the page
        page = paginator.get_page(request.GET.get("page"))
        rows = list(page)
    else:
        page = log_page(found, request.GET.get("before"), PAGE_SIZE)
        rows = page.rows
    context = {
        "filter": filters,
        "page": page,
        "rows": rows,
        "show": show,
        "chips": [(code, name, numbers.get(code)) for code, name in SHOWN],
        "now": clock.now(),
    }
    return page_or_part(request, "approvals/approvals.html", "approvals/_approvals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("approvals.view_request")
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: what it asks for and would do, and what happened to it. Who may decide does so here; its author asks
    again or withdraws it. Out of scope is 404."""
    user = user_of(request)
    visible = visible_to(user).select_related("customer")
    row = get_object_or_404(visible, pk=pk)
    verb = request.POST.get("verb", "")
    forms = {
        "decide": DecideForm(request.POST if verb in DECISIONS else None, request_row=row),
        "again": AgainForm(request.POST if verb == "again" else None, request_row=row),
        "withdraw": WithdrawForm(request.POST if verb == "withdraw" else None, request_row=row),
    }
    status = 200
    if request.method == "POST":
        form = next((form for form in forms.values() if form.is_bound), None)
        if form is None:
            raise BadRequest
        error = _done(request, user, row, verb, form)
        if error is None:
            return redirect("approval", pk=pk)
        status = 409 if isinstance(error, StaleScreen) else 422
        # What changed meanwhile is shown as it stands now, and the next try speaks of that.
        row = get_object_or_404(visible, pk=pk)
        form.renew(row.version)
    return render(request, "approvals/approval.html", _context(user, row, forms), status=status)


def _shown(user: User, show: str) -> QuerySet[Request]:
    if show == "inbox":
        return inbox_of(user)
    return mine(user) if show == "mine" else visible_to(user).order_by("-pk")


def _context(user: User, row: Request, forms: dict[str, Any]) -> dict[str, Any]:
    kind = kinds.get(row.kind)
    is_over = row.expires_at <= clock.now()
    is_mine = row.requested_by_id == user.pk
    waits = row.status == RequestStatus.PENDING and not is_over
    decides = waits and may(user, kind.decide_permission)
    return {
        "request_row": row,
        "kind": kind,
        "subject_url": kind.url(row),
        "history": history(row),
        "is_over": is_over and row.status in OPEN,
        "decides": decides,
        "refusal": refusal(user, row) if decides else "",
        "may_ask_again": is_mine and not is_over and row.status == RequestStatus.CHANGES,
        "may_withdraw": is_mine and not is_over and row.status in OPEN,
        **forms,
    }


def _done(
    request: HttpRequest, user: User, row: Request, verb: str, form: django_forms.Form
) -> BookError | django_forms.ValidationError | None:
    """Do what a button says; what was refused stands in the form, and is returned."""
    if not form.is_valid():
        return django_forms.ValidationError("")
    values: dict[str, Any] = {"actor": user, "request_id": row.pk, **form.cleaned_data}
    try:
        if verb in DECISIONS:
            service, said = DECISIONS[verb]
            service(**values)
        elif verb == "again":
            services.resubmit(**values, payload=row.payload, preview=row.preview, amount=row.amount)
            said = _("Request %(request)s is asked again.")
        else:
            services.withdraw(**values)
            said = _("Request %(request)s is withdrawn.")
    except BookError as error:
        refuse(form, error)
        return error
    messages.success(request, said % {"request": row, "author": row.requested_by_name})
    return None
