"""What went out: the log, and one message as it was sent."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.vault import mask_name
from reminders.filters import MessageFilter
from reminders.models import Message
from reminders.permissions import visible_to
from runs.pages import page_or_part
from runs.paging import log_page
from staff.permissions import needs


@require_GET
@needs("reminders.view_message")
def messages(request: HttpRequest) -> HttpResponse:
    """The messages to customers in scope, newest first, filtered; HTMX gets the list alone."""
    queryset = visible_to(request.user).select_related("customer", "contact_point")
    filters = MessageFilter(request.GET, queryset=queryset, request=request)
    context = {"filter": filters, "page": log_page(filters.qs, request.GET.get("before"))}
    return page_or_part(request, "reminders/messages.html", "reminders/_messages.html", context)


@require_GET
@needs("reminders.view_message")
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: to whom, what it said, how it went, and the decision that allowed it. Out of scope is 404.

    The name stands masked in what it said too: the letter as it was sent is proof, not reading matter.
    """
    found = get_object_or_404(visible_to(request.user).select_related("customer", "contact_point", "decision"), pk=pk)
    return render(
        request,
        "reminders/message.html",
        {"message": found, "subject": _masked(found.subject, found), "body": _masked(found.body, found)},
    )


def _masked(text: str, message: Message) -> str:
    """`text` with the customer's name masked wherever it stands; a Latin name only as a word, never inside another."""
    name = message.customer.name
    if not name:
        return text
    whole = rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name)
    return re.sub(whole, lambda found: mask_name(name), text)
