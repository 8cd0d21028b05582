"""Waivers: asking from a case with what it would do, the list, and one with its history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import Account
from accounts.selectors.owed import owed_now
from approvals.climbing import who_decides
from approvals.models import OPEN, Request, RequestStatus
from audit.models import Event
from cases.models import CaseStatus
from cases.permissions import visible_to as cases_visible_to
from runs.pages import is_part, number_in, page_or_part, vary
from runs.paging import log_page
from staff.exports import export_list
from staff.models import User
from staff.permissions import may, needs
from staff.requests import user_of
from waivers.filters import WaiverFilter
from waivers.forms import TakeBackForm, WaiverForm
from waivers.models import ReasonCode, Waiver
from waivers.permissions import ASK, EXPORT, VIEW, visible_to
from waivers.selectors import Wanted, preview
from waivers.sentences import no_policy, say_faults, why_not_in_short
from waivers.services import asking, granting

# --- The list


def _asked_for(request: HttpRequest) -> WaiverFilter:
    found = visible_to(request.user).select_related("customer", "account", "request", "policy")
    return WaiverFilter(request.GET, queryset=found, request=request)


@require_GET
@needs(VIEW)
def waivers(request: HttpRequest) -> HttpResponse:
    """Waivers of customers in scope, newest first, filtered; HTMX gets the list alone."""
    filters = _asked_for(request)
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    return page_or_part(request, "waivers/waivers.html", "waivers/_waivers.html", context)


@require_GET
@needs(EXPORT)
def waivers_export(request: HttpRequest) -> HttpResponseBase:
    """What the address's filters leave, newest first, as CSV: names masked. On the record."""
    filters = _asked_for(request)
    head = [
        *(_("Waiver"), _("Customer"), _("Customer reference"), _("Account"), _("State"), _("Currency"), _("Amount")),
        *(_("Granted"), _("How much"), _("Reason"), _("Policy"), _("Agreed payment"), _("to come by")),
        *(_("Asked on"), _("Asked by"), _("Decided on"), _("Decided by")),
    ]
    return export_list(
        request,
        filters.form,
        name="waivers",
        head=head,
        found=filters.qs.order_by("-pk"),
        cells=_cells,
        back=reverse("waivers"),
    )


def _cells(one: Waiver) -> tuple[Any, ...]:
    return (
        *(one.ref, one.customer.masked_name, one.customer.ref, one.account.ref, one.shown_status, one.currency),
        *(one.amount, one.granted, one.get_basis_display(), one.get_reason_code_display(), str(one.policy)),
        *(one.condition_amount, one.condition_on, one.asked_on, one.asked_by_name, one.decided_on),
        one.request.decided_by_name if one.request else "",
    )


# --- One


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def waiver(request: HttpRequest, pk: int) -> HttpResponse:
    """One waiver and what became of it; who asks for waivers asks here that it be taken back. Out of scope is 404."""
    user = user_of(request)
    found = _waiver(request, pk)
    form, status = TakeBackForm(*_given(request)), 200
    if request.method == "POST":
        if not may(user, ASK):
            raise PermissionDenied
        status = 422
        if form.is_valid():
            try:
                asked = granting.ask_to_take_back(actor=user, waiver_id=pk, **form.cleaned_data)
            except BookError as error:
                refuse(form, error)
            else:
                messages.success(request, _("Somebody else decides now whether the waiver is taken back."))
                return redirect("approval", asked.pk)
    asked_back = Request.objects.filter(
        kind=granting.TAKE_BACK, subject_type="waiver", subject_id=pk, status__in=OPEN
    ).first()
    takeable = found.status in granting.TAKEABLE and asked_back is None
    context = {
        "waiver": found,
        "back": form if takeable and may(user, ASK) else None,
        "refused": form if form.is_bound and not takeable else None,
        "asked_back": asked_back,
        "may_change": _may_change(user.pk, found),
        "dependants": found.dependants.select_related("request").order_by("pk"),
        "history": Event.objects.filter(subject_type="waiver", subject_id=pk).order_by("-pk"),
    }
    return render(request, "waivers/waiver.html", context, status=status)


def _waiver(request: HttpRequest, pk: int) -> Waiver:
    found = visible_to(request.user).select_related(
        "customer", "account", "bill", "policy", "request", "relief", "needs__request"
    )
    return get_object_or_404(found, pk=pk)


def _may_change(user_id: int, found: Waiver) -> bool:
    request = found.request
    return request is not None and request.status == RequestStatus.CHANGES and request.requested_by_id == user_id


# --- Asking


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ASK)
def waiver_ask(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for a waiver on one of the accounts of the case's customer; with `preview` only say what it would do."""
    case = get_object_or_404(cases_visible_to(request.user).select_related("customer"), ref=ref, status=CaseStatus.OPEN)
    accounts = list(Account.objects.filter(customer=case.customer_id).order_by("ref"))
    first = _with_most_fee(accounts)
    form = WaiverForm(*_given(request), accounts=accounts, initial={"account": first})
    wanted = form.wanted() if form.is_bound and form.is_valid() else None
    if wanted and not _only_previews(request):
        try:
            made = asking.ask(actor=user_of(request), wanted=wanted, **form.said())
        except BookError as error:
            refuse(form, error)
        else:
            said = (
                _("Waiver %(waiver)s is asked for: somebody else decides.")
                if made.request_id
                else _("Waiver %(waiver)s: its policy grants it by itself.")
            )
            messages.success(request, said % {"waiver": made})
            return redirect("waiver", made.pk)
    shown = wanted if form.is_bound else Wanted(first, ReasonCode.REPAYMENT) if first else None
    return _asking(request, form, {"case": case, "customer": case.customer}, shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ASK)
def waiver_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what was sent back, and ask for it again; only who asked for it may, of another's it is 404."""
    found = _waiver(request, pk)
    if not _may_change(user_of(request).pk, found):
        raise Http404
    assert found.request is not None
    names = (
        "account",
        "reason_code",
        "basis",
        "percent",
        "bill",
        "needs",
        "amount",
        "condition_amount",
        "condition_on",
    )
    initial = {name: getattr(found, name) for name in names} | {"reason": found.request.reason}
    form = WaiverForm(*_given(request), accounts=[found.account], without=found, initial=initial)
    wanted = form.wanted() if form.is_bound and form.is_valid() else None
    if wanted and not _only_previews(request):
        try:
            asking.ask_again(
                actor=user_of(request),
                waiver_id=pk,
                seen_version=number_in(request.POST.get("seen_version", "")) or 0,
                wanted=wanted,
                **form.said(),
            )
        except BookError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Waiver %(waiver)s is asked for again.") % {"waiver": found})
            return redirect("waiver", pk)
    context = {"waiver": found, "customer": found.customer, "seen_version": found.request.version}
    return _asking(request, form, context, wanted if form.is_bound else Wanted.of(found), found)


def _given(request: HttpRequest) -> tuple[Any, ...]:
    """What a form was sent with, also where that is nothing."""
    return (request.POST, request.FILES) if request.method == "POST" else ()


def _only_previews(request: HttpRequest) -> bool:
    """Whether the form is sent to see what it would do. It is posted all the same: what people write is in no address."""
    return "preview" in request.POST


def _asking(
    request: HttpRequest, form: WaiverForm, context: dict[str, Any], wanted: Wanted | None, own: Waiver | None = None
) -> HttpResponse:
    """The page that asks; for HTMX, as something is entered, what it would do."""
    shown: dict[str, Any] | None = None
    if wanted:
        shown = _shown(user_of(request), wanted, own)
    elif form.is_bound and (faults := form.faults()):
        shown = {"faults": faults}
    if _only_previews(request) and is_part(request):
        return vary(render(request, "waivers/_preview.html", {"shown": shown}))
    status = 422 if form.is_bound and not _only_previews(request) else 200
    return render(request, "waivers/ask.html", {**context, "form": form, "shown": shown}, status=status)


def _with_most_fee(accounts: list[Account]) -> int | None:
    owed = owed_now([account.pk for account in accounts])
    return max(owed, key=lambda key: owed[key].late_fee_now, default=None)


def _shown(user: User, wanted: Wanted, own: Waiver | None) -> dict[str, Any]:
    """What it would do and who may decide, or why it cannot be asked for."""
    account = Account.objects.select_related("product", "customer").get(pk=wanted.account_id)
    try:
        asking.check_wanted(wanted, account, own)
    except BookError as error:
        return {"refusal": str(error)}
    found = preview(wanted, account=account, without=own)
    refusal = why_not_in_short(found)
    if found.amount > found.available:
        return {"refusal": refusal}  # what it would do makes no sense
    policies = [say_faults(one.policy, one.faults) for one in found.refused] if refusal == no_policy() else []
    climb = None
    if not (refusal or found.is_automatic):
        climb = who_decides(
            asking.KIND,
            amount=found.amount,
            currency=account.currency,
            customer_id=account.customer_id,
            author_id=user.pk,
        )
    return {"found": found, "refusal": refusal, "policies": policies, "climb": climb}
