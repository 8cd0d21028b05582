"""What the core system was told, and one account's freeze: how it stands, asking for it, and for its end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import AccountStatus
from approvals.models import OPEN as UNDECIDED
from approvals.models import Request, RequestStatus
from freezing.filters import CommandFilter
from freezing.forms import AskForm
from freezing.models import CommandVerb, CoreCommand
from freezing.permissions import ASK, VIEW, accounts_visible_to, commands_visible_to
from freezing.services import commands
from runs.pages import page_or_part
from runs.paging import log_page
from staff.permissions import may, needs, require
from staff.requests import user_of
from strategy.models import Action, Proposal, ProposalStatus


@require_GET
@needs(VIEW)
def freezes(request: HttpRequest) -> HttpResponse:
    """The commands about accounts in scope, newest first; HTMX gets the list alone."""
    found = commands_visible_to(request.user).select_related("account__customer")
    filters = CommandFilter(request.GET, queryset=found, request=request)
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    return page_or_part(request, "freezing/freezes.html", "freezing/_freezes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def freeze(request: HttpRequest, ref: str) -> HttpResponse:
    """One account: whether it is frozen, what would be frozen or unfrozen now and what is in the way, and what the core
    system was told. Who may asks for it here. Out of scope is 404."""
    account = get_object_or_404(accounts_visible_to(request.user).select_related("customer", "product"), ref=ref)
    verb = CommandVerb.UNFREEZE if account.status == AccountStatus.FROZEN else CommandVerb.FREEZE
    form = AskForm(request.POST or None)
    status = 200
    if request.method == "POST":
        require(request.user, ASK)
        if form.is_valid():
            try:
                commands.ask(actor=user_of(request), account_id=account.pk, verb=verb, **form.cleaned_data)
            except BookError as error:
                refuse(form, error)
            else:
                messages.success(request, commands.describe(verb))
                return redirect("freeze", ref=ref)
        status = 422
    found = commands.look(account, verb)
    undecided = Request.objects.filter(
        kind__in=CommandVerb.values, subject_type="account", subject_id=account.pk, status__in=UNDECIDED
    ).first()
    sent_back = undecided is not None and undecided.status == RequestStatus.CHANGES
    may_ask = undecided is None or (sent_back and undecided.requested_by_id == user_of(request).pk)
    obstacles = [one.obstacle for one in found if one.obstacle]
    fits = may_ask and not obstacles
    context = {
        "account": account,
        "verb": verb,
        "states": found,
        "undecided": undecided,
        "in_the_way": obstacles if verb == CommandVerb.UNFREEZE and may_ask and may(request.user, ASK) else [],
        "form": form if may(request.user, ASK) and (fits or form.is_bound) else None,
        "commands": CoreCommand.objects.filter(account=account).select_related("request"),
        "proposals": Proposal.objects.filter(
            account=account, kind=Action.FREEZE, status=ProposalStatus.OPEN
        ).select_related("rule__version"),
    }
    return render(request, "freezing/freeze.html", context, status=status)
