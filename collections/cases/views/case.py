"""The page of a case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from cases.views.panel import desk_of, timeline_alone, whole
from runs.pages import is_part
from staff.permissions import needs


@require_GET
@needs("cases.view_case")
def case(request: HttpRequest, ref: str) -> HttpResponse:
    """One case: who, how much, how late and why, may she be called, what stands open, what happened, what can be done.

    Out of sight is 404. HTMX gets the timeline alone.
    """
    desk = desk_of(request.user, ref)  # type: ignore[arg-type]  # nobody else gets here
    return timeline_alone(request, desk) if is_part(request) else whole(request, desk)
