"""Several requests decided with one press, and what each of them answered."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import Invalid
from approvals.forms import BulkForm
from approvals.models import BulkOutcome
from approvals.seats import seats_of
from approvals.selectors import bulks_of
from approvals.services import ask_bulk
from runs.pages import back_to, number_in, page_or_part
from staff.permissions import needs
from staff.requests import user_of


@require_POST
@needs("approvals.view_request")
def decide_many(request: HttpRequest) -> HttpResponse:
    """Have the ticked requests decided, each by itself, and go to where their answers come in. For who decides anything;
    a request out of scope is 404 for the whole: nothing is decided then."""
    user = user_of(request)
    if not seats_of(user):
        raise PermissionDenied
    form = BulkForm(request.POST)
    form.is_valid()
    try:
        made = ask_bulk(
            actor=user,
            verb=request.POST.get("verb", ""),
            comment=form.cleaned_data.get("comment", request.POST.get("comment", "")),
            seen=_selected(request),
        )
    except Invalid as error:
        messages.error(request, str(error))
        return redirect(back_to(request))
    except PermissionDenied as error:
        raise Http404 from error
    return redirect("bulk-decision", pk=made.pk)


@require_GET
@needs("approvals.view_request")
def bulk(request: HttpRequest, pk: int) -> HttpResponse:
    """A bulk decision of one's own: how far it is, and request by request what came of it. Another's is 404."""
    found = get_object_or_404(bulks_of(user_of(request)).select_related("run"), pk=pk)
    items = list(found.items.select_related("request__customer").order_by("pk"))
    context = {
        "bulk": found,
        "job": found.run,
        "items": items,
        "tally": [
            (outcome.label, number)
            for outcome in BulkOutcome
            if (number := sum(item.outcome == outcome for item in items))
        ],
    }
    return page_or_part(request, "approvals/bulk.html", "approvals/_bulk.html", context)


def _selected(request: HttpRequest) -> dict[int, int]:
    """The keys of the ticked requests, each with the version that the reader saw."""
    seen = {}
    for value in request.POST.getlist("request"):
        key, version = (number_in(part) for part in value.partition(":")[::2])
        if key is None or version is None:
            raise Http404
        seen[key] = version
    return seen
