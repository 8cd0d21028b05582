"""One request: what it asks for and would do, who may decide it, and what happened to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from approvals import kinds, services
from approvals.climbing import climb_of
from approvals.errors import StaleScreen
from approvals.forms import AgainForm, AttachForm, DecideForm, WithdrawForm
from approvals.models import OPEN, Request, RequestStatus
from approvals.permissions import visible_to
from approvals.seats import Seat, seats_of
from approvals.selectors import history
from approvals.services.deciding import standing_of
from runs import clock
from runs.pages import never_issued
from staff.models import User
from staff.permissions import needs
from staff.requests import user_of

# What each button of a request's page does, and what is said once it is done.
DECISIONS: dict[str, tuple[Callable[..., Request], Any]] = {
    "approve": (services.approve, gettext_lazy("Request %(request)s is approved, and what it asked for is done.")),
    "reject": (services.reject, gettext_lazy("Request %(request)s is rejected.")),
    "send-back": (services.send_back, gettext_lazy("Request %(request)s is sent back to %(author)s.")),
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs("approvals.view_request")
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """One request. Who may decide does so here; its author attaches documents, asks again or withdraws it. Out of scope is
    404."""
    user = user_of(request)
    seats = seats_of(user)
    visible = visible_to(user, seats).select_related("customer")
    row = get_object_or_404(visible, pk=pk)
    verb = request.POST.get("verb", "")
    forms: dict[str, Any] = {
        "decide": DecideForm(request.POST if verb in DECISIONS else None, request_row=row),
        "again": AgainForm(request.POST if verb == "again" else None, request_row=row),
        "attach": AttachForm(
            *((request.POST, request.FILES) if verb == "attach" else ()), request_row=row, auto_id="attach_%s"
        ),
        "withdraw": WithdrawForm(request.POST if verb == "withdraw" else None, request_row=row),
    }
    status = 200
    if request.method == "POST":
        form = next((form for form in forms.values() if form.is_bound), None)
        if form is None:
            raise BadRequest
        if said := never_issued(request.POST.get("seen_version", ""), row.version):
            form.add_error(None, said)
            status = 400
        else:
            error = _done(request, user, row, verb, form)
            if error is None:
                return redirect("approval", pk=pk)
            status = 409 if isinstance(error, StaleScreen) else 422
        # What changed meanwhile is shown as it stands now, and the next try speaks of that.
        row = get_object_or_404(visible, pk=pk)
        form.renew(row.version)
    elif request.method == "GET" and row.requested_by_id == user.pk:
        services.seen(actor=user, request_ids=[pk])
    return render(request, "approvals/approval.html", _context(user, row, seats, forms), status=status)


def _context(user: User, row: Request, seats: Sequence[Seat], forms: dict[str, Any]) -> dict[str, Any]:
    kind = kinds.get(row.kind)
    now = clock.now()
    is_over = row.expires_at <= now
    is_mine = row.requested_by_id == user.pk
    waits = row.status == RequestStatus.PENDING and not is_over
    standing = standing_of(user, row, seats, seen=True) if waits else None
    decides = standing is not None and standing.seat is not None
    present = kind.present(row) if waits else None
    may_add = is_mine and not is_over and row.status in OPEN
    may_ask_again = may_add and row.status == RequestStatus.CHANGES
    return {
        "request_row": row,
        "kind": kind,
        "shown": kind.shown(row),
        "present": present,
        "subject_url": kind.url(row),
        "change_url": kind.change_url(row) if may_ask_again else "",
        "history": history(row),
        "attachments": row.attachments.all(),
        "is_mine": is_mine,
        "is_over": is_over and row.status in OPEN,
        "is_expiring": row.status in OPEN and now < row.expires_at <= now + kind.warn_before,
        "decides": standing is not None,
        "refusal": standing.refusal if standing else "",
        "misfit": _misfit(kind, row, present) if decides else "",
        "instead_of": standing.seat.person if standing and standing.seat and not standing.seat.is_own else None,
        "climb": climb_of(row) if waits else None,
        "may_ask_again": may_ask_again,
        "may_attach": may_add,
        "may_withdraw": may_add,
        **forms,
    }


def _misfit(kind: kinds.Kind, row: Request, present: Mapping[str, Any] | None) -> str:
    """Why it would not be approved as things stand; blank: it would."""
    try:
        kind.check_shown(row, present)
    except BookError as error:
        return str(error)
    return ""


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
        elif verb == "attach":
            services.attach(**values)
            said = _("The documents are attached to request %(request)s.")
        else:
            services.withdraw(**values)
            said = _("Request %(request)s is withdrawn.")
    except BookError as error:
        refuse(form, error)
        return error
    messages.success(request, said % {"request": row, "author": row.requested_by_name})
    return None
