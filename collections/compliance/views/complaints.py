"""The register of complaints, one complaint, and a new one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import Account
from accounts.permissions import customers_visible_to
from audit.models import Event
from compliance.filters import ComplaintFilter, by_urgency
from compliance.forms import CloseForm, ComplaintForm, HandOverForm
from compliance.models import Complaint, ComplaintStatus
from compliance.permissions import complaints_visible_to
from compliance.services.complaints import close_complaint, hand_to, open_complaint
from runs import clock
from runs.once import new_key, once
from runs.pages import page_or_part
from staff.exports import export_list
from staff.permissions import may, needs, require

PAGE_SIZE = 25


def _asked_for(request: HttpRequest) -> ComplaintFilter:
    queryset = complaints_visible_to(request.user).select_related("customer", "handler", "about")
    filters = ComplaintFilter(request.GET, queryset=queryset, request=request)
    filters.is_valid()  # a wrong value is named beside its field, and filters nothing
    return filters


@require_GET
@needs("compliance.view_complaint")
def complaints(request: HttpRequest) -> HttpResponse:
    """The complaints in scope, the most urgent first; HTMX gets the list alone."""
    filters = _asked_for(request)
    page = Paginator(by_urgency(filters.qs), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"filter": filters, "page": page, "today": clock.today()}
    return page_or_part(request, "compliance/complaints.html", "compliance/_complaint_rows.html", context)


@require_GET
@needs("compliance.view_complaint")
def complaints_export(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, as CSV: names masked, no text of complaint or answer. That it was taken is recorded."""
    filters = _asked_for(request)
    head = [
        *(
            _("Complaint"),
            _("Customer"),
            pgettext("of a person", "Name"),
            _("Reason"),
            _("Came by"),
            _("Received on"),
            _("Answer due"),
        ),
        *(_("State"), _("Handled by"), _("About"), _("Closed at")),
    ]
    return export_list(
        request,
        filters.form,
        name="complaints",
        head=head,
        found=by_urgency(filters.qs),
        cells=_cells,
        back=reverse("complaints"),
    )


def _cells(one: Complaint) -> tuple[Any, ...]:
    return (
        *(one.ref, one.customer.ref, one.customer.masked_name, one.get_reason_display()),
        *(one.get_channel_display(), one.received_on, one.due_on, one.get_status_display()),
        *(one.handler, one.about, one.closed_at),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("compliance.view_complaint")
def complaint(request: HttpRequest, ref: str) -> HttpResponse:
    """One complaint; who may answer complaints hands it over or closes it here. Out of scope is 404."""
    visible = complaints_visible_to(request.user).select_related(
        "customer", "handler", "about", "contact", "contact__actor"
    )
    found = get_object_or_404(visible, ref=ref)
    verb = request.POST.get("verb")
    hand = HandOverForm(request.POST if verb == "hand" else None, complaint=found)
    close = CloseForm(request.POST if verb == "close" else None, complaint=found)
    if request.method == "POST":
        require(request.user, "compliance.change_complaint")
        if verb == "hand" and hand.is_valid() and _hand(request, found, hand):
            return redirect("complaint", ref=ref)
        if verb == "close" and close.is_valid() and _close(request, found, close):
            return redirect("complaint", ref=ref)
        # What changed meanwhile is shown as it stands now, and the next try speaks of that.
        found = get_object_or_404(visible, ref=ref)
        for form in (hand, close):
            _renew(form, found.version)
    history = Event.objects.filter(customer_id=found.customer_id, subject_type="complaint", subject_id=found.pk)
    is_open = found.status == ComplaintStatus.OPEN
    context: dict[str, Any] = {
        "complaint": found,
        "is_open": is_open,
        "deadline": deadline(found, clock.today()),
        "history": history.order_by("-pk"),
        "may_answer": is_open and may(request.user, "compliance.change_complaint"),
        "hand": hand,
        "close": close,
        "field_errors": hand.errors or close.errors,
    }
    return render(request, "compliance/complaint.html", context, status=422 if context["field_errors"] else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("compliance.add_complaint")
def complaint_new(request: HttpRequest) -> HttpResponse:
    """Enter a complaint of the customer whom the address names, by her reference or an account's; where it names nobody,
    it is asked for. Out of scope is 404."""
    ref = request.GET.get("customer", "").strip()
    if not ref:
        return render(request, "compliance/complaint_for.html")
    named = Q(ref=ref) | Q(pk__in=Account.objects.filter(ref=ref).values("customer_id"))
    customer = get_object_or_404(customers_visible_to(request.user).order_by("pk"), named)
    names_handler = may(request.user, "compliance.change_complaint")
    form = ComplaintForm(request.POST or None, customer=customer, user=request.user, names_handler=names_handler)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        chosen = {name: row.pk if (row := values.get(name)) else None for name in ("about", "contact", "handler")}
        try:
            ref = once(
                request,
                lambda: (
                    open_complaint(
                        actor=request.user,
                        customer_id=customer.pk,
                        reason=values["reason"],
                        channel=values["channel"],
                        text=values["text"],
                        received_on=values["received_on"],
                        about_id=chosen["about"],
                        contact_id=chosen["contact"],
                        handler_id=chosen["handler"],
                    ).ref
                ),
            )
        except BookError as error:
            refuse(form, error)
        else:
            made = Complaint.objects.get(ref=ref)
            messages.success(
                request,
                _("Complaint %(ref)s is entered: answer it by %(day)s.") % {"ref": made.ref, "day": made.due_on},
            )
            # Who entered one about herself does not see it from now on.
            return redirect("my-work") if made.about_id == request.user.pk else redirect("complaint", ref=made.ref)
    context = {"customer": customer, "form": form, "form_key": new_key()}
    return render(request, "compliance/complaint_new.html", context, status=422 if form.errors else 200)


def deadline(complaint: Complaint, today: date) -> tuple[str, int]:
    """(state, days): how far the day to answer is off, or how many days late the answer is or was."""
    if complaint.status != ComplaintStatus.OPEN:
        return "closed", 0
    days = (complaint.due_on - today).days
    if days < 0:
        return "over", -days
    return ("soon" if days <= 3 else "ahead"), days


def _hand(request: HttpRequest, found: Complaint, form: HandOverForm) -> bool:
    values = form.cleaned_data
    try:
        hand_to(
            actor=request.user,
            complaint_id=found.pk,
            seen_version=values["seen_version"],
            handler_id=values["handler"].pk,
        )
    except BookError as error:
        refuse(form, error)
        return False
    messages.success(request, _("Handed to %(name)s.") % {"name": values["handler"]})
    return True


def _close(request: HttpRequest, found: Complaint, form: CloseForm) -> bool:
    try:
        close_complaint(actor=request.user, complaint_id=found.pk, **form.cleaned_data)
    except BookError as error:
        refuse(form, error)
        return False
    messages.success(request, _("Complaint %(ref)s is closed.") % {"ref": found.ref})
    return True


def _renew(form: django_forms.Form, version: int) -> None:
    """Let a form that comes back speak of the version shown beside it."""
    if form.is_bound:
        form.data = {**form.data, "seen_version": str(version)}
