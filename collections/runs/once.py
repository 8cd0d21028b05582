"""A form that is sent twice is done once: a double click, a browser that repeats what got no answer, parallel requests."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest

from runs import clock
from runs.models import SentForm

# A page with a form on it is long gone by then.
KEPT = timedelta(days=7)
# Of the form as it was drawn: two that say the same are two, if they were drawn apart.
KEY = "form_key"
# The token of a form against forgery is masked anew each time it is drawn.
_NOT_SAID = "csrfmiddlewaretoken"


def new_key() -> str:
    """For the hidden field `form_key` of a form that is drawn."""
    return secrets.token_urlsafe(16)


def once(request: HttpRequest, do: Callable[[], str]) -> str:
    """What `do` says, in one transaction with it; for the very same form of the same person, sent to the same address again, what
    was said then, and nothing is done. What is sent meanwhile waits for the first; what was refused was not done.

    For forms that overwrite nothing, and so are taken whatever version they saw. Locks the form's mark, before anything else.
    """
    with transaction.atomic():
        sent, is_new = SentForm.objects.get_or_create(mark=_mark(request), defaults={"at": clock.now()})
        if is_new:
            sent.said = do()
            sent.save(update_fields=["said"])
    return sent.said


def forget_old() -> int:
    """Forget the forms that were done more than `KEPT` ago; how many."""
    return SentForm.objects.filter(at__lt=clock.now() - KEPT).delete()[0]


def _mark(request: HttpRequest) -> bytes:
    """Who sent what where. A digest: nothing of what was typed is kept by it."""
    fields = sorted((name, values) for name, values in request.POST.lists() if name != _NOT_SAID)
    files = sorted((name, [(one.name, one.size) for one in given]) for name, given in request.FILES.lists())
    text = json.dumps([request.user.pk, request.path, fields, files])
    return hashlib.sha256(text.encode()).digest()
