"""What may be asked for on one account, with what it would do; another person decides about each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import Account
from accounts.permissions import customers_visible_to
from accounts.selectors.owed import Owed, owed_now
from approvals import kinds
from approvals.climbing import Climb, who_decides
from approvals.models import RequestStatus
from desk import asking
from desk.forms import AccelerationForm, FinalDateForm, MoneyForm, RefundForm, ReversalForm
from desk.kinds import ASK, KINDS
from desk.selectors import called_due, in_the_way, open_requests
from runs.pages import is_part, vary
from staff.models import User
from staff.permissions import may, needs
from staff.requests import user_of

# The form of each kind that needs more than a reason.
FORMS: dict[str, type[MoneyForm]] = {
    "reversal": ReversalForm,
    "refund": RefundForm,
    "acceleration": AccelerationForm,
    "final-date": FinalDateForm,
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ASK)
def money(request: HttpRequest, ref: str) -> HttpResponse:
    """One account: what is asked for on it, and the form of the kind that `ask` names; with `preview` only what it would do.
    Out of scope is 404."""
    user = user_of(request)
    mine = Account.objects.filter(customer__in=customers_visible_to(user)).select_related("customer")
    account = get_object_or_404(mine, ref=ref)
    owed = owed_now([account.pk])[account.pk]
    called = called_due(account)
    obstacles = in_the_way(account, owed, called)
    offered = [one for one in KINDS if may(user, one.ask_permission)]
    kind = _kind(request, obstacles, [one.code for one in offered])
    form = _form(request, account, owed, kind)
    only_previews = "preview" in request.POST
    if form.is_bound and not only_previews and form.is_valid():
        values, given = form.values() or {}, form.cleaned_data
        try:
            row = asking.ask(
                actor=user, account=account, kind=kind, reason=given["reason"], documents=given["documents"], **values
            )
        except BookError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Request %(request)s is asked for: another person decides.") % {"request": row})
            return redirect("money", ref=ref)
    shown = _shown(user, account, kind, form)
    if only_previews and is_part(request):
        return vary(render(request, "desk/_preview.html", {"account": account, "shown": shown}))
    waiting = open_requests(account, user)
    asked = next((row for row, _climb in waiting if row.kind == kind), None)
    again = asked is not None and asked.status == RequestStatus.CHANGES and asked.requested_by_id == user.pk
    context = {
        "account": account,
        "owed": owed,
        "called": called,
        "tabs": [(one.code, one.label, one.code == kind) for one in offered],
        "kind": kind,
        "label": kinds.get(kind).label,
        "obstacle": obstacles.get(kind, ""),
        "asked": asked,
        "waiting": waiting,
        "form": form if form.is_bound or not (obstacles.get(kind) or (asked and not again)) else None,
        "shown": shown,
    }
    status = 422 if form.is_bound and not only_previews else 200
    return render(request, "desk/money.html", context, status=status)


def _kind(request: HttpRequest, obstacles: dict[str, str], offered: list[str]) -> str:
    """The kind that a form was sent for, or that the address names; else the first that is possible. Of those that are offered
    to this person: another is 403."""
    if request.method == "POST":
        verb = request.POST.get("verb", "")
        if verb not in asking.WANTED:
            raise BadRequest
        if verb not in offered:
            raise PermissionDenied
        return verb
    asked = request.GET.get("ask", "")
    if asked in offered:
        return asked
    return next((code for code in offered if code not in obstacles), offered[0])


def _form(request: HttpRequest, account: Account, owed: Owed, kind: str) -> MoneyForm:
    initial: dict[str, Any] = {}
    if kind == "refund" and owed.waiting_credit:
        initial["amount"] = owed.waiting_credit
    if kind == "reversal":
        initial["payment"] = request.GET.get("payment", "")
    if kind == "final-date":
        initial["final_due_on"] = account.final_due_on
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    return FORMS.get(kind, MoneyForm)(*given, account=account, prefix=kind, initial=initial)


def _shown(user: User, account: Account, kind: str, form: MoneyForm) -> dict[str, Any] | None:
    """What it would do and who must decide, or why it cannot be asked for; None where the form does not say enough."""
    values = form.values()
    if values is None:
        return {"faults": faults} if form.is_bound and (faults := form.faults()) else None
    try:
        wanted = asking.WANTED[kind](account, **values)
    except BookError as error:
        return {"refusal": str(error)}
    if refusal := wanted.refusal():
        return {"refusal": refusal}
    climb = _climb(user, account, kind, wanted)
    return {"effect": wanted.effect(), "amount": wanted.amount, "climb": climb}


def _climb(user: User, account: Account, kind: str, wanted: asking.Wanted) -> Climb:
    return who_decides(
        kind,
        amount=wanted.amount,
        currency=account.currency,
        customer_id=account.customer_id,
        author_id=user.pk,
    )
