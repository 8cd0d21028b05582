"""What is attached to a request, given out on the record."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.errors import BookError
from accounts.uploads import give
from approvals.permissions import attachments_visible_to
from approvals.services.attaching import fetch
from staff.permissions import needs
from staff.requests import user_of


@require_GET
@needs("approvals.view_request")
def attachment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A document of a request, as a download, for who may see the request. That it was fetched is recorded; out of scope
    is 404."""
    user = user_of(request)
    found = get_object_or_404(attachments_visible_to(user), pk=pk)
    ending = str(found.file.name).rpartition(".")[2]
    try:
        given = give(found.file, f"request-{found.request_id}-{found.pk}.{ending}", found.media_type)
    except BookError as error:
        raise Http404(str(error)) from error
    fetch(actor=user, attachment_id=found.pk)
    return given
