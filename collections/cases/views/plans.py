"""What was promised and what is disputed, over all cases in the reader's scope: lists to work off by their day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from cases.forms import DisputesForm, PlansForm, PromisesForm
from cases.models import Dispute, Promise
from cases.selectors.plans import (
    DISPUTES_SHOWN,
    disputes_and_cases,
    disputes_of_kind,
    disputes_seen,
    promise_counts,
    promises_of_kind,
    promises_seen,
)
from cases.selectors.queues import count_of_each
from runs import clock
from runs.pages import page_of_known, page_or_part
from staff.exports import export_list
from staff.permissions import needs, require
from staff.requests import user_of

PAGE_SIZE = 25


@require_GET
@needs("cases.view_case")
def promises(request: HttpRequest) -> HttpResponseBase:
    """The promises to pay: due, overdue, of the week, kept, broken; as CSV with `export`."""
    user, today = user_of(request), clock.today()
    asked = PromisesForm(request.GET, user=user)
    seen = asked.of_whom(promises_seen(user))
    found = promises_of_kind(seen, asked.kind, today)
    if "export" in request.GET:
        return _export_promises(request, asked, found)
    context = _listed(request, asked, found, promise_counts(seen, today))
    return page_or_part(request, "cases/promises.html", "cases/_promises.html", context)


@require_GET
@needs("cases.view_case")
def disputes(request: HttpRequest) -> HttpResponseBase:
    """The disputes by the day until which they are to be answered; as CSV with `export`."""
    user, today = user_of(request), clock.today()
    asked = DisputesForm(request.GET, user=user)
    seen = asked.of_reason(asked.of_whom(disputes_seen(user)))
    found = disputes_of_kind(seen, asked.kind, today)
    if "export" in request.GET:
        return _export_disputes(request, asked, found)
    counts = count_of_each({code: disputes_of_kind(seen, code, today) for code, _name in DISPUTES_SHOWN})
    context = _listed(request, asked, found, counts) | {"in_reach": disputes_and_cases(user, today)}
    return page_or_part(request, "cases/disputes.html", "cases/_disputes.html", context)


def _listed(request: HttpRequest, asked: PlansForm, found: QuerySet[Any], counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "page": page_of_known(found, request.GET.get("page"), size=PAGE_SIZE, number=counts[asked.kind]),
        "asked": asked,
        "filter": {"form": asked},
        "kind": asked.kind,
        "kinds": [(code, name, counts[code]) for code, name in asked.kinds],
        "today": clock.today(),
    }


def _export_promises(request: HttpRequest, asked: PromisesForm, found: QuerySet[Promise]) -> HttpResponseBase:
    require(request.user, "cases.export_case")
    head = [
        _("Case"),
        _("Customer"),
        _("State"),
        _("Made on"),
        _("Amount"),
        _("Currency"),
        pgettext("amount", "Paid"),
        _("Next due"),
        _("Worked by"),
        _("Taken by"),
    ]

    def cells(one: Any) -> tuple[Any, ...]:
        return (
            one.case.ref,
            one.case.customer.masked_name,
            one.get_status_display(),
            one.made_on,
            one.amount,
            one.currency,
            one.got,
            one.due_on,
            one.case.assignee,
            one.taken_by_name,
        )

    return export_list(request, asked, name="promises", head=head, found=found, cells=cells, back=request.path)


def _export_disputes(request: HttpRequest, asked: DisputesForm, found: QuerySet[Dispute]) -> HttpResponseBase:
    require(request.user, "cases.export_case")
    head = [_("Case"), _("Customer"), _("Reason"), _("State"), _("Opened on"), _("Answer due"), _("Worked by")]

    def cells(one: Dispute) -> tuple[Any, ...]:
        return (
            one.case.ref,
            one.case.customer.masked_name,
            one.get_reason_display(),
            one.get_status_display(),
            one.opened_on,
            one.due_on,
            one.case.assignee,
        )

    return export_list(request, asked, name="disputes", head=head, found=found, cells=cells, back=request.path)
