"""Files of notes: kept with their hash for the years of the terms of work, given out on the record, then removed."""

from __future__ import annotations

from datetime import date

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import uploads
from accounts.errors import Conflict
from audit.services import Actor, SystemActor, record
from cases.models import Note, NoteFile
from cases.selectors.terms import work_terms
from runs import clock
from staff.models import User

ACTOR = SystemActor("retention")


def keep(note: Note, file: UploadedFile) -> NoteFile:
    """Keep a document with a note that was just written. In the caller's transaction.

    Raises:
        Invalid: at `file`: empty, too large, or no document.
    """
    checked = uploads.check(file, uploads.DOCUMENTS)
    today = clock.today()
    made = NoteFile(
        note=note,
        media_type=checked.media_type,
        size=checked.size,
        sha256=checked.sha256,
        keep_until=clock.years_after(today, work_terms(today).note_file_years),
    )
    with uploads.kept(made.file, file, checked):
        made.save()
    return made


@transaction.atomic
def fetch(*, actor: User, note_file_id: int) -> NoteFile:
    """Record that `actor` fetches the file, before it is given. That `actor` may is for the caller to ask.

    Raises:
        Conflict: it was removed.
    """
    found = NoteFile.objects.select_related("note__case").get(pk=note_file_id)
    if found.removed_at is not None:
        raise Conflict(
            _("This file was removed on %(day)s, when its time was over.")
            % {"day": timezone.localdate(found.removed_at)}
        )
    record(
        actor=actor,
        verb="note.file-fetched",
        subject=found.note,
        customer_id=found.note.case.customer_id,
        after={"sha256": found.sha256},
    )
    return found


def remove_expired(*, actor: Actor = ACTOR, on: date) -> int:
    """Remove the files whose time was over before `on`, each in a transaction of its own; how many. The row and its hash stay."""
    expired = NoteFile.objects.filter(removed_at=None, keep_until__lt=on).order_by("keep_until", "pk")
    return sum(_remove(actor, key) for key in list(expired.values_list("pk", flat=True)))


@transaction.atomic
def _remove(actor: Actor, note_file_id: int) -> bool:
    locked = NoteFile.objects.select_for_update(no_key=True, of=("self",)).select_related("note__case")
    found = locked.get(pk=note_file_id)
    if found.removed_at is not None:
        return False
    uploads.remove(
        found,
        actor=actor,
        verb="note.file-removed",
        subject=found.note,
        customer_id=found.note.case.customer_id,
    )
    return True
