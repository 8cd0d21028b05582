"""The page of a case."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cases.models import CaseStatus
from cases.permissions import visible_to
from cases.selectors import contact_points, debts, holds, timeline, why
from cases.selectors.timeline import KINDS
from cases.views._pages import vary
from runs import clock
from runs.selectors import book_day

PAYMENTS_SHOWN = 12
KIND_LABELS = (
    ("", _("All")),
    ("contact", _("Contact")),
    ("money", _("Money")),
    ("standing", _("Standing")),
    ("record", _("Record")),
)


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
        return vary(render(request, "cases/_timeline.html", context))
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
    return vary(render(request, "cases/case.html", context))
