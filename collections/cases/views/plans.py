"""What was promised and what is disputed, over all cases in the reader's scope: lists to work off by their day."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from cases.filters import ME
from cases.models import Dispute, DisputeReason, Promise
from cases.selectors.choices import choices_for
from cases.selectors.plans import (
    DISPUTES_SHOWN,
    PROMISES_SHOWN,
    disputes_of_kind,
    disputes_seen,
    promise_counts,
    promises_of_kind,
    promises_seen,
)
from cases.selectors.queues import count_of_each
from runs import clock
from runs.pages import page_or_part
from staff.exports import exported
from staff.permissions import needs, require
from staff.requests import user_of

PAGE_SIZE = 25


@require_GET
@needs("cases.view_case")
def promises(request: HttpRequest) -> HttpResponseBase:
    """The promises to pay: due, overdue, of the week, kept, broken; as CSV with `export`."""
    seen = _of_whom(request, promises_seen(user_of(request)))
    kind = _chosen(request, PROMISES_SHOWN)
    found = promises_of_kind(seen, kind, clock.today())
    if "export" in request.GET:
        return _export_promises(request, found)
    counts = promise_counts(seen, clock.today())
    context = _listed(request, found, kind, [(code, name, counts[code]) for code, name in PROMISES_SHOWN])
    return page_or_part(request, "cases/promises.html", "cases/_promises.html", context)


@require_GET
@needs("cases.view_case")
def disputes(request: HttpRequest) -> HttpResponseBase:
    """The disputes by the day until which they are to be answered; as CSV with `export`."""
    seen = _of_whom(request, disputes_seen(user_of(request)))
    reason = request.GET.get("reason", "")
    if reason in DisputeReason.values:
        seen = seen.filter(reason=reason)
    kind = _chosen(request, DISPUTES_SHOWN)
    found = disputes_of_kind(seen, kind, clock.today())
    if "export" in request.GET:
        return _export_disputes(request, found)
    counts = count_of_each({code: disputes_of_kind(seen, code, clock.today()) for code, _name in DISPUTES_SHOWN})
    context = _listed(request, found, kind, [(code, name, counts[code]) for code, name in DISPUTES_SHOWN])
    context |= {"reasons": DisputeReason.choices, "reason": reason}
    return page_or_part(request, "cases/disputes.html", "cases/_disputes.html", context)


def _chosen(request: HttpRequest, kinds: list[tuple[str, Any]]) -> str:
    asked = request.GET.get("show", "")
    return asked if asked in dict(kinds) else kinds[0][0]


def _of_whom(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those on cases that the reader works, or that a chosen member of her teams does."""
    whose, user = request.GET.get("assignee", ""), user_of(request)
    if whose == ME:
        return rows.filter(case__assignee=user.pk)
    if whose in dict(choices_for(user).members):
        return rows.filter(case__assignee=int(whose))
    return rows


def _listed(request: HttpRequest, found: QuerySet[Any], kind: str, kinds: list[tuple[str, Any, int]]) -> dict[str, Any]:
    paginator = Paginator(found, PAGE_SIZE)
    paginator.count = next(number for code, _name, number in kinds if code == kind)  # known: counted with its like
    return {
        "page": paginator.get_page(request.GET.get("page")),
        "kind": kind,
        "kinds": kinds,
        "today": clock.today(),
        "members": choices_for(user_of(request)).members,
        "whose": request.GET.get("assignee", ""),
    }


def _export_promises(request: HttpRequest, found: QuerySet[Promise]) -> HttpResponseBase:
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
    rows = (
        (
            one.case.ref,
            one.case.customer.masked_name,
            one.get_status_display(),
            one.made_on,
            one.amount,
            one.currency,
            one.got,
            one.due_on,  # type: ignore[attr-defined]  # annotated
            one.case.assignee,
            one.taken_by_name,
        )
        for one in found.iterator()
    )
    return exported(request, "promises", head, rows, found.count())


def _export_disputes(request: HttpRequest, found: QuerySet[Dispute]) -> HttpResponseBase:
    require(request.user, "cases.export_case")
    head = [_("Case"), _("Customer"), _("Reason"), _("State"), _("Opened on"), _("Answer due"), _("Worked by")]
    rows = (
        (
            one.case.ref,
            one.case.customer.masked_name,
            one.get_reason_display(),
            one.get_status_display(),
            one.opened_on,
            one.due_on,
            one.case.assignee,
        )
        for one in found.iterator()
    )
    return exported(request, "disputes", head, rows, found.count())
