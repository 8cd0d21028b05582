"""The file that came with a note."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.errors import BookError
from accounts.uploads import DOCUMENTS, give
from cases.models import NoteFile
from cases.permissions import visible_to
from cases.services.note_files import fetch
from staff.permissions import needs
from staff.requests import user_of


@require_GET
@needs("cases.view_case")
def note_file(request: HttpRequest, ref: str, pk: int) -> HttpResponseBase:
    """The file of a note of the case's customer, as a download, on the record; out of sight or removed is 404."""
    case = get_object_or_404(visible_to(request.user), ref=ref)
    found = get_object_or_404(NoteFile, pk=pk, note__case__customer=case.customer_id)
    try:
        fetched = fetch(actor=user_of(request), note_file_id=found.pk)
        return give(fetched.file, f"note-{fetched.note_id}.{DOCUMENTS[fetched.media_type]}", fetched.media_type)
    except BookError as error:
        raise Http404(str(error)) from error
