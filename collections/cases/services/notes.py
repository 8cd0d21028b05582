"""Notes on a case: written once, never changed."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from audit.services import record
from cases.models import Case, Note
from cases.services import note_files
from runs import clock
from staff.models import User

LONGEST = 4_000


@transaction.atomic
def add_note(*, actor: User, case_id: int, text: str, file: UploadedFile | None = None) -> Note:
    """Write a note on a case, open or closed, with a document that came with it, if any. It makes no screen stale: nothing
    is decided by it. Locks nothing.

    The record says that there is one, not what it says: a note may name people.

    Raises:
        Invalid: nothing is written, or more than 4,000 characters, or the file is no document that is taken.
    """
    case = Case.objects.only("customer_id").get(pk=case_id)
    text = text.strip()
    if not text:
        raise Invalid(_("Write something: the note is empty."), "text")
    if len(text) > LONGEST:
        raise Invalid(
            _("The note is %(count)d characters long; it may have %(most)d.") % {"count": len(text), "most": LONGEST},
            "text",
        )
    note = Note.objects.create(case=case, text=text, at=clock.now(), author=actor, author_name=str(actor))
    kept = note_files.keep(note, file) if file else None
    after = {"document": kept.sha256} if kept else None
    record(actor=actor, verb="note.added", subject=note, customer_id=case.customer_id, after=after)
    return note
