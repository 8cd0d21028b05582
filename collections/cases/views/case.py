"""The page of a case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from cases.beside import panels
from cases.permissions import visible_to
from cases.views.panel import desk_of, timeline_alone, whole
from runs.pages import is_part, page_or_part
from staff.permissions import needs


@require_GET
@needs("cases.view_case")
def case(request: HttpRequest, ref: str) -> HttpResponse:
    """One case: who, how much, how late and why, may she be called, what stands open, what happened, what can be done.

    Out of sight is 404. HTMX gets the timeline alone.
    """
    desk = desk_of(request.user, ref)  # type: ignore[arg-type]  # nobody else gets here
    return timeline_alone(request, desk) if is_part(request) else whole(request, desk)


@require_GET
@needs("cases.view_case")
def case_beside(request: HttpRequest, ref: str) -> HttpResponse:
    """What other apps show beside a case, fetched after its page: a query or two each. Out of sight is 404."""
    found = get_object_or_404(visible_to(request.user), ref=ref)
    context = {"case": found, "panels": panels(found, request.user)}  # type: ignore[arg-type]  # nobody else gets here
    return page_or_part(request, "cases/beside.html", "cases/_panels.html", context)
