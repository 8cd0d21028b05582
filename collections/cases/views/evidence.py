"""Why an account is as late as it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.selectors.explain import explain
from cases.forms import EvidenceForm
from cases.permissions import visible_to
from staff.permissions import needs


@require_GET
@needs("cases.view_case")
def evidence(request: HttpRequest, ref: str, account_ref: str) -> HttpResponse:
    """Why one account of a case is as late as it is, on any day, as known at any moment. Out of sight is 404."""
    found = get_object_or_404(visible_to(request.user).select_related("customer"), ref=ref)
    account = get_object_or_404(Account, ref=account_ref, customer=found.customer)
    form = EvidenceForm(request.GET)
    told = explain(account, **form.cleaned_data) if form.is_valid() else None
    return render(
        request,
        "cases/evidence.html",
        {
            "case": found,
            "account": account,
            "form": form,
            "told": told,
            "is_mine": found.assignee_id == request.user.pk,
        },
    )
