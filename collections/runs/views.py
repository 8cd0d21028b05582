"""The days and how their close went, and the jobs that somebody waits for. Each asks again by HTMX until it is over."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from runs import selectors
from runs.pages import page_or_part
from runs.permissions import visible_to


@require_GET
@permission_required("runs.view_dayclose", raise_exception=True)
def day_closes(request: HttpRequest) -> HttpResponse:
    """The latest days with their state."""
    return render(request, "runs/day_closes.html", {"days": selectors.day_closes(), "open_day": selectors.open_day()})


@require_GET
@permission_required("runs.view_dayclose", raise_exception=True)
def day_close(request: HttpRequest, day: date) -> HttpResponse:
    """One day's close: every step with its progress, counts and time."""
    found = selectors.day_close(day)
    if found is None:
        raise Http404
    return page_or_part(request, "runs/day_close.html", "runs/_day_close.html", {"day": found})


@require_GET
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One job with its progress; somebody else's is 404."""
    found = get_object_or_404(visible_to(request.user), pk=pk)
    return page_or_part(request, "runs/job.html", "runs/_job.html", {"job": found})
