"""The money desk: payments that matched no account, and the control totals of the files."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import Account, PaymentFile, UnmatchedPayment, UnmatchedStatus
from accounts.permissions import customers_visible_to
from accounts.selectors.owed import owed_now
from accounts.services import unmatched as services
from approvals import kinds
from approvals.models import Request
from desk import asking
from desk.forms import AccelerationForm, GiveBackForm, MatchForm, RefundForm, ReversalForm, UnmatchedFilter
from desk.kinds import ASK
from desk.selectors import controls, suggestions
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


@require_GET
@needs("accounts.view_paymentfile")
def payment_files(request: HttpRequest) -> HttpResponse:
    """The control total of each file of payments, newest first: received against posted, matched, waiting, refused."""
    page = log_page(PaymentFile.objects.all(), request.GET.get("before"))
    return render(request, "desk/files.html", {"page": page, "controls": controls(page.rows)})


# What is asked for on an account, by its kind: the form, and the service.
ASKED: dict[str, tuple[type[GiveBackForm], Callable[..., Request]]] = {
    "reversal": (ReversalForm, asking.ask_reversal),
    "refund": (RefundForm, asking.ask_refund),
    "write-off": (GiveBackForm, asking.ask_write_off),
    "acceleration": (AccelerationForm, asking.ask_acceleration),
    "deceleration": (GiveBackForm, asking.ask_deceleration),
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ASK)
def money(request: HttpRequest, ref: str) -> HttpResponse:
    """What may be asked for on one account; another person decides about each. Out of scope is 404."""
    user = user_of(request)
    mine = Account.objects.filter(customer__in=customers_visible_to(user)).select_related("customer")
    account = get_object_or_404(mine, ref=ref)
    verb = request.POST.get("verb", "")
    made = {name: form(request.POST if name == verb else None, prefix=name) for name, (form, _ask) in ASKED.items()}
    if request.method == "POST":
        if verb not in ASKED:
            raise BadRequest
        form = made[verb]
        if form.is_valid():
            try:
                row = ASKED[verb][1](actor=user, account=account, **form.cleaned_data)
            except BookError as error:
                refuse(form, error)
            else:
                messages.success(
                    request, _("Request %(request)s is asked for: another person decides.") % {"request": row}
                )
                return redirect("money", ref=ref)
    context = {
        "account": account,
        "owed": owed_now([account.pk])[account.pk],
        "forms": [(name, kinds.get(name).label, form) for name, form in made.items()],
    }
    return render(request, "desk/money.html", context, status=422 if request.method == "POST" else 200)
