"""Documents that belong to a request: judged by their content, added by the author while it is open, fetched on the record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import uploads
from accounts.errors import Conflict, Invalid
from approvals.models import OPEN, Attachment, Request
from approvals.services.rows import be_the_author, lock_request, move
from audit.services import record
from runs import clock
from staff.models import User

MOST = 20


@transaction.atomic
def attach(
    *, actor: User, request_id: int, seen_version: int, documents: Sequence[UploadedFile], name: str = ""
) -> list[Attachment]:
    """Attach documents to what one asked for, all or none. Locks customer, then request, which moves on: whoever was about
    to decide looks at them first.

    Raises:
        PermissionDenied: somebody else asked for it.
        StaleScreen, Conflict: see `lock_request`; or a file is attached already, or there are too many.
        Invalid: no file, or one that is no document or too large.
    """
    request = lock_request(request_id=request_id, seen_version=seen_version, states=OPEN)
    be_the_author(request, actor)
    if not documents:
        raise Invalid(_("Choose a file to attach."), "documents")
    with ExitStack() as stack:
        made = keep(request, actor, documents, stack, name)
        move(request, actor=actor, verb="request.attached", to=request.status, told_too=_hashes(made))
    return made


def keep(
    request: Request, actor: User, documents: Sequence[UploadedFile], stack: ExitStack, name: str = ""
) -> list[Attachment]:
    """Keep documents for a request that the caller holds or has just written; the stack takes the files away again should
    the caller fail. Raises as `attach`."""
    if request.attachments.count() + len(documents) > MOST:
        raise Conflict(_("A request takes %(most)d documents at most. Put several into one file.") % {"most": MOST})
    made = []
    for file in documents:
        checked = uploads.check(file, uploads.DOCUMENTS, "documents")
        if request.attachments.filter(sha256=checked.sha256).exists():
            raise Conflict(_("“%(name)s” is attached to this request already.") % {"name": file.name})
        attachment = Attachment(
            request=request,
            # What it was called on the author's machine may name a person: only a name given on purpose is kept.
            name=name.strip()[:120],
            media_type=checked.media_type,
            size=checked.size,
            sha256=checked.sha256,
            added_at=clock.now(),
            added_by_name=str(actor)[:150],
        )
        stack.enter_context(uploads.kept(attachment.file, file, checked))
        attachment.save()
        made.append(attachment)
    return made


@transaction.atomic
def fetch(*, actor: User, attachment_id: int) -> Attachment:
    """Record that `actor` fetches a document, before it is given. That `actor` may is for the caller to ask."""
    attachment = Attachment.objects.select_related("request").get(pk=attachment_id)
    record(
        actor=actor,
        verb="attachment.fetched",
        subject=attachment,
        customer_id=attachment.request.customer_id,
        after={"request": attachment.request_id, "sha256": attachment.sha256},
    )
    return attachment


def _hashes(made: Sequence[Attachment]) -> dict[str, list[str]]:
    return {"sha256": [one.sha256 for one in made]}
