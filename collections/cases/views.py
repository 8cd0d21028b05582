"""The worklist and the case page."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.selectors.explain import explain
from cases.filters import DEFAULT_ORDER, WorklistFilter
from cases.forms import EvidenceForm
from cases.models import CaseStatus
from cases.permissions import visible_to
from cases.selectors import (
    Tally,
    contact_points,
    debts,
    holds,
    open_cases,
    page_of,
    tally,
    timeline,
    totals,
    why,
)
from cases.selectors.timeline import KINDS
from runs import clock
from runs.selectors import book_day, has_closed_any

PAGE_SIZE = 25
PAYMENTS_SHOWN = 12
KIND_LABELS = (
    ("", _("All")),
    ("contact", _("Contact")),
    ("money", _("Money")),
    ("standing", _("Standing")),
    ("record", _("Record")),
)


@require_GET
def worklist(request: HttpRequest) -> HttpResponse:
    """The open cases: filtered, ordered, paged. HTMX gets the list alone from the same address."""
    closed_day = book_day()
    day = closed_day or clock.today()
    filters = WorklistFilter(request.GET, queryset=open_cases(visible_to(request.user), day), request=request)
    filters.is_valid()  # a wrong value is named beside its field, and filters nothing
    tallies = tally(filters.beside("bucket"))
    chosen = filters.form.cleaned_data.get("bucket") or []
    shown = [row for row in tallies if not chosen or row.bucket in chosen]
    paginator = Paginator(filters.qs, PAGE_SIZE)
    # Known from the tally: counting the same cases again would cost as much as fetching the page.
    paginator.count = sum(row.count for row in shown)
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = list(page_of(filters.qs, day, first=PAGE_SIZE * (page.number - 1), size=PAGE_SIZE))
    context: dict[str, Any] = {
        "closed_day": closed_day,
        "day": day,
        "filter": filters,
        "active": filters.active(),
        "page": page,
        "buckets": _bucket_counts(filters, tallies),
        "chosen": chosen,
        "everywhere": sum(row.count for row in tallies),
        "totals": totals(shown),
        "sort": request.GET.get("sort") or DEFAULT_ORDER,
        "closed_any": bool(tallies) or has_closed_any(),
    }
    return _page_or_part(request, "cases/worklist.html", "cases/_worklist.html", context)


@require_GET
def case(request: HttpRequest, ref: str) -> HttpResponse:
    """One case: who, how much, how late and why, what was paid, what happened. Out of sight is 404."""
    found = get_object_or_404(visible_to(request.user).select_related("customer"), ref=ref)
    closed_day = book_day()
    day = closed_day or clock.today()
    kind = request.GET.get("timeline", "")
    kind = kind if kind in KINDS else ""
    context: dict[str, Any] = {
        "case": found,
        "entries": timeline(found.customer_id, kind),
        "kind": kind,
        "kinds": KIND_LABELS,
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        return _vary(render(request, "cases/_timeline.html", context))
    accounts = debts(found.customer_id, day)
    payments = sorted(
        (payment for account in accounts for payment in account.payments),
        key=lambda payment: (payment.effective_on, payment.pk),
        reverse=True,
    )
    late = [account for account in accounts if account.how_late.late]
    stopped_at = found.clock_stopped_on or found.closed_on or day
    context |= {
        "closed_day": closed_day,
        "day": day,
        "is_open": found.status == CaseStatus.OPEN,
        "days_past_due": (stopped_at - found.clock_from_on).days,
        "worst": late[0] if late else None,
        "accounts": accounts,
        "payments": payments[:PAYMENTS_SHOWN],
        "more_payments": max(len(payments) - PAYMENTS_SHOWN, 0),
        "owed": sum(account.owed for account in accounts if account.account.currency == found.currency),
        "late_fee": sum(account.late_fee for account in accounts if account.account.currency == found.currency),
        "reasons": [(account, why(account)) for account in late],
        "contact_points": contact_points(found.customer_id),
        "holds": holds(found.customer_id, day),
    }
    return _vary(render(request, "cases/case.html", context))


@require_GET
def evidence(request: HttpRequest, ref: str, account_ref: str) -> HttpResponse:
    """Why one account of a case is as late as it is, on any day, as known at any moment. Out of sight is 404."""
    found = get_object_or_404(visible_to(request.user).select_related("customer"), ref=ref)
    account = get_object_or_404(Account, ref=account_ref, customer=found.customer)
    form = EvidenceForm(request.GET)
    told = explain(account, **form.cleaned_data) if form.is_valid() else None
    return render(request, "cases/evidence.html", {"case": found, "account": account, "form": form, "told": told})


def _bucket_counts(filters: WorklistFilter, tallies: list[Tally]) -> list[tuple[str, int]]:
    counts = {code: 0 for code, _label in filters.form.fields["bucket"].choices}
    for row in tallies:
        counts[row.bucket] = counts.get(row.bucket, 0) + row.count
    return list(counts.items())


def _page_or_part(request: HttpRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    htmx = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return _vary(render(request, part if htmx and not htmx.history_restore_request else page, context))


def _vary(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request"])
    return response
