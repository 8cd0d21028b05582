"""Payments that matched no account, and the two ways out for one: a person matches it, or two give it back."""

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
from approvals.climbing import who_decides
from approvals.models import RequestStatus
from approvals.selectors import open_request
from desk import giving_back
from desk.filters import UnmatchedFilter
from desk.forms import GiveBackForm, MatchForm
from desk.giving_back import GiveBack, with_asked
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
        asked, queryset=with_asked(UnmatchedPayment.objects.select_related("payment__account")), request=request
    )
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    return page_or_part(request, "desk/unmatched.html", "desk/_unmatched.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def unmatched_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """One payment that matched no account, whose it may be, and the two ways out. That giving it back is asked for does not
    stop whoever finds whose it is."""
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
                    asked = giving_back.ask(actor=user, unmatched_id=pk, reason=form.cleaned_data["reason"])
                    said = _("Request %(request)s is asked for: another person decides.") % {"request": asked}
            except BookError as error:
                refuse(form, error)
            else:
                messages.success(request, said)
                return redirect("unmatched") if form is match else redirect("unmatched-payment", pk=pk)
        status = 422
        row.refresh_from_db()
    is_open = row.status == UnmatchedStatus.WAITING
    decides = is_open and may(user, services.MATCH)
    waiting = open_request(GiveBack.code, row)
    is_changed = waiting is not None and waiting.status == RequestStatus.CHANGES and waiting.requested_by_id == user.pk
    asks = is_open and may(user, GiveBack.ask_permission) and (waiting is None or is_changed)
    context = {
        "row": row,
        "asked": waiting if is_open else None,
        "suggested": suggestions(row, user) if decides else [],
        "match": match if decides or match.is_bound else None,
        "give_back": give_back if asks or give_back.is_bound else None,
        "climb": who_decides(GiveBack.code, amount=row.amount, currency="", customer_id=None, author_id=user.pk)
        if asks
        else None,
    }
    return render(request, "desk/unmatched_payment.html", context, status=status)
