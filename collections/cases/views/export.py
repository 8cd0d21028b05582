"""Lists as files: within the reader's scope, names masked, nothing that a spreadsheet would run, and on the record."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases.filters import WorklistFilter
from cases.models import Case
from cases.permissions import visible_to
from cases.selectors import open_cases
from cases.selectors.worklist import with_plans
from runs import clock
from runs.selectors import book_day
from staff.exports import export_list
from staff.permissions import needs
from staff.requests import user_of


@require_GET
@needs("cases.export_case")
def export_cases(request: HttpRequest) -> HttpResponseBase:
    """The cases that the address's filters leave, in their order, as CSV."""
    user = user_of(request)
    filters = WorklistFilter(
        request.GET, queryset=open_cases(visible_to(user), book_day() or clock.today()), user=user, request=request
    )
    head = [
        _("Case"),
        _("Customer"),
        _("Customer reference"),
        _("Bucket"),
        _("Risk class"),
        _("Days past due"),
        _("Overdue amount"),
        _("Currency"),
        _("Opened"),
        _("Team"),
        _("Worked by"),
        _("Last contact"),
        _("Follow-up"),
        _("Promised for"),
        _("Promise broken on"),
        _("In dispute"),
    ]
    return export_list(
        request,
        filters.form,
        name="cases",
        head=head,
        found=with_plans(filters.qs).select_related("customer", "team", "assignee"),
        cells=_cells,
        back=reverse("worklist"),
    )


def _cells(case: Case) -> tuple[Any, ...]:
    return (
        case.ref,
        case.customer.masked_name,
        case.customer.ref,
        case.bucket,
        case.risk_class,
        case.days_past_due,  # type: ignore[attr-defined]  # annotated, as are the next two
        case.overdue_amount,
        case.currency,
        case.opened_on,
        case.team,
        case.assignee,
        case.contacted_at,
        case.follow_up_on,
        case.next_due,  # type: ignore[attr-defined]  # annotated
        case.promise_broken_on,
        _("yes") if case.disputed else "",  # type: ignore[attr-defined]  # annotated
    )
