"""The record, for reading."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from audit import selectors
from audit.filters import EventFilter
from audit.naming import refs_of
from runs.pages import page_or_part
from runs.paging import log_page


@require_GET
@permission_required("audit.view_event", raise_exception=True)
def events(request: HttpRequest) -> HttpResponse:
    """Everything that happened, newest first, filtered; HTMX gets the list alone."""
    filters = EventFilter(request.GET, queryset=selectors.events(), request=request)
    page = log_page(filters.qs, request.GET.get("before"))
    refs = refs_of({event.customer_id for event in page.rows if event.customer_id is not None})
    context = {"filter": filters, "page": page, "refs": refs}
    return page_or_part(request, "audit/events.html", "audit/_events.html", context)
