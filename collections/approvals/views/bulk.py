"""Several requests decided with one press, and what each of them answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import Invalid
from approvals import kinds
from approvals.forms import BulkForm
from approvals.models import Bulk, BulkOutcome, Request
from approvals.seats import seats_of
from approvals.selectors import bulks_of
from approvals.services.bulk import ask_bulk, confirm_bulk, look_at
from runs.pages import back_to, number_in, numbers_in, page_or_part
from staff.permissions import needs
from staff.requests import user_of


@require_POST
@needs("approvals.view_request")
def decide_many(request: HttpRequest) -> HttpResponse:
    """Keep the ticked requests and go to where it is said what they come to: nothing is decided yet. For who decides anything;
    a request out of scope is 404 for the whole."""
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
    query = urlencode({"next": back_to(request)})
    return redirect(f"{reverse('bulk-decision', args=[made.pk])}?{query}")


def _sums(rows: list[Request]) -> list[dict[str, Any]]:
    """How many of each kind, and how much money in each currency, in the kinds' order. `amount` None: of those that have none."""
    parts: dict[tuple[str, str, bool], list[Request]] = {}
    for row in rows:
        parts.setdefault((row.kind, row.currency, row.amount is None), []).append(row)
    order = [kind.code for kind in kinds.registered()]
    return [
        {
            "kind": code,
            "currency": currency,
            "number": len(parts[code, currency, bare]),
            "amount": None if bare else sum((row.amount or 0 for row in parts[code, currency, bare]), Decimal(0)),
            "days": sum(row.days or 0 for row in parts[code, currency, bare]) if kinds.is_in_days(code) else None,
        }
        for code, currency, bare in sorted(parts, key=lambda part: (order.index(part[0]), *part[1:]))
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@needs("approvals.view_request")
def bulk(request: HttpRequest, pk: int) -> HttpResponse:
    """A bulk decision of one's own: before it is confirmed, what it comes to and which of the requests one may not decide; then
    how far it is, and request by request what came of it. Another's is 404."""
    found = get_object_or_404(bulks_of(user_of(request)).select_related("run", "actor"), pk=pk)
    if request.method == "POST":
        try:
            confirm_bulk(
                actor=user_of(request), bulk_id=found.pk, request_ids=numbers_in(request.POST.getlist("request"))
            )
        except Invalid as error:
            messages.error(request, str(error))
            return redirect("approvals")
        return redirect("bulk-decision", pk=found.pk)
    if found.run is None:
        return _to_confirm(request, found)
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


def _to_confirm(request: HttpRequest, found: Bulk) -> HttpResponse:
    looked = look_at(found)
    able = [one.request for one in looked if not one.refusal]
    context = {
        "bulk": found,
        "able": able,
        "refused": [one for one in looked if one.refusal],
        "sums": _sums(able),
        "back": back_to(request, request.GET.get("next", reverse("approvals"))),
    }
    return render(request, "approvals/confirm.html", context)


def _selected(request: HttpRequest) -> dict[int, int]:
    """The keys of the ticked requests, each with the version that the reader saw."""
    seen = {}
    for value in request.POST.getlist("request"):
        key, version = (number_in(part) for part in value.partition(":")[::2])
        if key is None or version is None:
            raise Http404
        seen[key] = version
    return seen
