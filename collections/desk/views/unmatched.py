"""Payments that matched no account, and the two ways to decide about one."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import UnmatchedPayment, UnmatchedStatus
from accounts.services import unmatched as services
from desk.filters import UnmatchedFilter
from desk.forms import GiveBackForm, MatchForm
from desk.selectors import suggestions
from runs.pages import page_or_part
from runs.paging import log_page
from staff.permissions import may, needs, require
from staff.requests import user_of

VIEW = "accounts.view_unmatchedpayment"


@require_GET
@needs(VIEW)
def unmatched(request: HttpRequest) -> HttpResponse:
    """The payments that matched no account, newest first; those that wait unless asked otherwise."""
    asked = request.GET.copy()
    if "status" not in asked:
        asked["status"] = UnmatchedStatus.WAITING
    filters = UnmatchedFilter(
        asked, queryset=UnmatchedPayment.objects.select_related("payment__account"), request=request
    )
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    return page_or_part(request, "desk/unmatched.html", "desk/_unmatched.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def unmatched_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """One payment that matched no account, whose it may be, and the two ways to decide."""
    row = get_object_or_404(UnmatchedPayment.objects.select_related("payment__account", "file"), pk=pk)
    user = user_of(request)
    verb = request.POST.get("verb", "")
    match = MatchForm(request.POST if verb == "match" else None, prefix="match")
    give_back = GiveBackForm(request.POST if verb == "give-back" else None, prefix="back")
    status = 200
    if request.method == "POST":
        require(user, services.MATCH)
        form: forms.Form = match if match.is_bound else give_back
        if not form.is_bound:
            raise BadRequest
        if form.is_valid():
            try:
                if form is match:
                    account = form.cleaned_data["account"]
                    services.match(actor=user, unmatched_id=pk, account_ref=account, reason=form.cleaned_data["reason"])
                    said = _("Payment %(ref)s is posted on account %(account)s.") % {"ref": row.ref, "account": account}
                else:
                    services.give_back(actor=user, unmatched_id=pk, reason=form.cleaned_data["reason"])
                    said = _("Payment %(ref)s goes back to who sent it.") % {"ref": row.ref}
            except BookError as error:
                refuse(form, error)
            else:
                messages.success(request, said)
                return redirect("unmatched")
        status = 422
        row.refresh_from_db()
    is_open = row.status == UnmatchedStatus.WAITING
    decides = is_open and may(user, services.MATCH)
    context = {
        "row": row,
        "suggested": suggestions(row, user) if decides else [],
        "match": match if decides or match.is_bound else None,
        "give_back": give_back if decides or give_back.is_bound else None,
    }
    return render(request, "desk/unmatched_payment.html", context, status=status)
