"""What strategies did to whom, and what they propose for people to decide."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from audit.models import Event
from cases.permissions import open_case_refs
from compliance.sentences import RULE_NAMES
from reminders.models import Message
from runs.pages import page_or_part
from runs.paging import log_page
from staff.exports import export_list
from staff.permissions import may, needs, require
from staff.requests import user_of
from strategy.filters import ProposalFilter, TreatmentFilter
from strategy.forms import DismissForm
from strategy.models import ProposalStatus, Treatment
from strategy.permissions import proposals_visible_to, treatments_visible_to
from strategy.selectors import with_what_became
from strategy.services import proposing
from strategy.words import names


def _asked_for(request: HttpRequest) -> TreatmentFilter:
    found = with_what_became(treatments_visible_to(request.user)).select_related("customer", "account")
    return TreatmentFilter(request.GET, queryset=found, request=request)


@require_GET
@needs("strategy.view_treatment")
def treatments(request: HttpRequest) -> HttpResponse:
    """What was done to customers in scope, newest first, filtered; HTMX gets the list alone."""
    filters = _asked_for(request)
    cases = Subquery(open_case_refs(request.user, OuterRef("customer")))
    context = {"filter": filters, "page": log_page(filters.qs.annotate(case_ref=cases), request.GET.get("before"))}
    return page_or_part(request, "strategy/treatments.html", "strategy/_treatments.html", context)


@require_GET
@needs("strategy.export_treatment")
def treatments_export(request: HttpRequest) -> HttpResponseBase:
    """What the address's filters leave, newest first, as CSV: names masked. On the record."""
    filters = _asked_for(request)
    head = [
        *(_("Business day"), _("Customer"), _("Customer reference"), _("Account"), _("Strategy"), _("Rule's code")),
        *(_("Arm"), _("Treatment"), _("Outcome"), _("Counted from"), _("Refused by"), _("Message")),
        *(_("State of the message"), _("Delivery")),
        *(_("Attempts"), _("Last tried on")),
    ]
    return export_list(
        request,
        filters.form,
        name="treatments",
        head=head,
        found=filters.qs.order_by("-pk"),
        cells=_cells,
        back=reverse("treatments"),
    )


def _became(message: Message | None) -> tuple[str, str]:
    if message is None:
        return "", ""
    return message.get_status_display(), message.get_delivery_display() if message.delivery else ""


def _cells(one: Treatment) -> tuple[Any, ...]:
    refused = one.decision.rule if one.decision is not None and not one.decision.allowed else ""
    return (
        *(one.business_day, one.customer.masked_name, one.customer.ref, one.account.ref, one.rule.version.number),
        *(one.code, one.get_arm_display(), one.get_action_display(), one.get_outcome_display(), one.anchor_on),
        *(RULE_NAMES.get(refused, refused), one.message_id, *_became(one.message), one.attempts, one.tried_on),
    )


@require_GET
@needs("strategy.view_proposal")
def proposals(request: HttpRequest) -> HttpResponse:
    """What strategies proposed about customers in scope, newest first; those that are open unless asked otherwise."""
    asked = request.GET.copy()
    if "status" not in asked:
        asked["status"] = ProposalStatus.OPEN
    found = proposals_visible_to(request.user).select_related("account__customer", "rule__version")
    filters = ProposalFilter(asked, queryset=found, request=request)
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    return page_or_part(request, "strategy/proposals.html", "strategy/_proposals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("strategy.view_proposal")
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """One proposal: by which rule, on whose case, and what became of it; who may decides against it here. Out of scope is 404."""
    visible = proposals_visible_to(request.user).select_related("account__customer", "rule__version", "rule__queue")
    found = get_object_or_404(visible, pk=pk)
    form = DismissForm(request.POST or None, initial={"seen_version": found.version})
    status = 200
    if request.method == "POST":
        require(request.user, proposing.CHANGE)
        if form.is_valid():
            try:
                proposing.dismiss(actor=user_of(request), proposal_id=pk, **form.cleaned_data)
            except BookError as error:
                refuse(form, error)
            else:
                messages.success(request, _("The proposal is dismissed."))
                return redirect("proposals")
        status = 422
        found = get_object_or_404(visible, pk=pk)
    is_open = found.status == ProposalStatus.OPEN
    context = {
        "proposal": found,
        "row": names().in_words(found.rule),
        "form": form if is_open and may(request.user, proposing.CHANGE) else None,
        "refused": form if not is_open and form.is_bound else None,
        "history": Event.objects.filter(subject_type="proposal", subject_id=pk).order_by("-pk"),
    }
    return render(request, "strategy/proposal.html", context, status=status)
