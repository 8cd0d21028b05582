"""What went out: the log, and one message as it was sent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from reminders.filters import MessageFilter
from reminders.models import Message
from runs.paging import log_page


@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """The messages, newest first, filtered; HTMX gets the list alone."""
    queryset = Message.objects.select_related("customer", "contact_point")
    filters = MessageFilter(request.GET, queryset=queryset, request=request)
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]  # HtmxMiddleware
    response = render(request, "reminders/_messages.html" if part else "reminders/messages.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: to whom, what it said, how it went, and the decision that allowed it."""
    found = get_object_or_404(Message.objects.select_related("customer", "contact_point", "decision"), pk=pk)
    return render(request, "reminders/message.html", {"message": found})
