"""Who stands in for whom: recorded, ended, and to be read up."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import BookError
from accounts.forms import refuse
from approvals.forms import DelegateForm
from approvals.selectors import delegations_seen_by
from approvals.services import delegate, end_delegation
from approvals.services.delegating import ADD, CHANGE
from runs import clock
from runs.paging import log_page
from staff.permissions import may, needs
from staff.requests import user_of


@require_http_methods(["GET", "HEAD", "POST"])
@needs("approvals.view_request")
def delegations(request: HttpRequest) -> HttpResponse:
    """The delegations that the reader gave or got (all, for who may see them all), and the form to record one."""
    user = user_of(request)
    may_add = may(user, ADD) or may(user, CHANGE)
    form = DelegateForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        delegator = values.pop("delegator", None) or user
        try:
            made = delegate(actor=user, delegator_id=delegator.pk, deputy_id=values.pop("deputy").pk, **values)
        except BookError as error:
            refuse(form, error)
        else:
            messages.success(
                request,
                _("%(deputy)s stands in for %(delegator)s from %(first)s to %(last)s.")
                % {
                    "deputy": made.deputy_name,
                    "delegator": made.delegator_name,
                    "first": made.starts_on,
                    "last": made.ends_on,
                },
            )
            return redirect("delegations")
    page = log_page(delegations_seen_by(user), request.GET.get("before"))
    context = {
        "rows": page.rows,
        "page": page,
        "form": form if may_add else None,
        "user_key": user.pk,
        "may_end_all": may(user, CHANGE),
        "today": clock.today(),
    }
    return render(request, "approvals/delegations.html", context, status=422 if form.errors else 200)


@require_POST
@needs("approvals.view_request")
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation before its last day. One that the reader may not see is 404."""
    user = user_of(request)
    found = get_object_or_404(delegations_seen_by(user), pk=pk)
    try:
        end_delegation(actor=user, delegation_id=found.pk)
    except BookError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The delegation is over."))
    return redirect("delegations")
