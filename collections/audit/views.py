"""The record, for reading."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from audit import selectors
from audit.filters import EventFilter
from runs.paging import log_page


@require_GET
@permission_required("audit.view_event", raise_exception=True)
def events(request: HttpRequest) -> HttpResponse:
    """Everything that happened, newest first, filtered; HTMX gets the list alone."""
    filters = EventFilter(request.GET, queryset=selectors.events(), request=request)
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]  # HtmxMiddleware
    response = render(request, "audit/_events.html" if part else "audit/events.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
