"""Letters on paper: taken as files, entered as printed and as handed to the post, and that taken back; each on the record."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from audit.services import record
from compliance.selectors import rulebook
from reminders.channels import print_folders as folders
from reminders.models import Message, PrintBatch, Receipt
from reminders.permissions import letters_in, letters_visible_to
from reminders.services.reviewing import checked_reason
from runs import clock
from staff.models import User
from staff.permissions import require

PERMISSION = "reminders.print_letter"


@transaction.atomic
def take_letter(*, actor: User, message_id: int) -> bytes:
    """One letter as it was printed (PDF).

    Raises:
        PermissionDenied: the actor may not take letters.
        Conflict: it is not among those in the actor's sight, or the file is not there or not what was printed.
    """
    require(actor, PERMISSION)
    message = letters_visible_to(actor).filter(pk=message_id).first()
    if message is None:
        raise Conflict(_("There is no printed letter %(message)s among those you see.") % {"message": message_id})
    batch = message.print_batch
    ((_name, data, _row),) = _files(batch, [message])
    record(
        actor=actor,
        verb="message.letter-taken",
        subject=message,
        customer_id=message.customer_id,
        after={"batch": batch},
    )
    return data


@transaction.atomic
def take_batch(*, actor: User, name: str) -> bytes:
    """The letters of a batch that are in the actor's sight, with their lines of the manifest, as one ZIP.

    Raises:
        PermissionDenied: the actor may not take letters.
        Conflict: none is in the actor's sight, or a file is not there or not what was printed: then nothing is given.
    """
    require(actor, PERMISSION)
    letters = list(letters_visible_to(actor, name).order_by("pk"))
    if not letters:
        raise Conflict(_("There is no print batch %(name)s among those you see.") % {"name": name})
    packed, listed = io.BytesIO(), io.StringIO(newline="")
    lines = csv.DictWriter(listed, folders.COLUMNS)
    lines.writeheader()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, data, row in _files(name, letters):
            archive.writestr(file, data)
            lines.writerow(row)
        archive.writestr(folders.MANIFEST, listed.getvalue())
    record(
        actor=actor,
        verb="print-batch.taken",
        subject=PrintBatch.objects.get_or_create(name=name)[0],
        after={"letters": len(letters)},
    )
    return packed.getvalue()


def mark_printed(*, actor: User, name: str) -> PrintBatch:
    """Enter that a batch was printed. Locks its row.

    Raises:
        PermissionDenied: the actor may not print letters.
        Conflict: it was before, is still in the making, or holds letters out of the actor's sight.
    """
    return _marked(actor, name, "printed", lambda batch: batch.printed_at is None)


def mark_posted(*, actor: User, name: str) -> PrintBatch:
    """Enter that a batch, printed before, was handed to the post. Locks its row.

    Raises: as `mark_printed`; Conflict too where it was not printed.
    """
    return _marked(actor, name, "posted", lambda batch: batch.printed_at is not None and batch.posted_at is None)


@transaction.atomic
def undo(*, actor: User, name: str, seen_state: str, reason: str) -> PrintBatch:
    """Take back what was last entered for a batch by mistake: handed to the post, or printed. Locks its row.

    Raises:
        PermissionDenied: the actor may not print letters.
        Invalid: no reason.
        Conflict: as `undo_refused`; it is not in `seen_state` any more, or holds letters out of the actor's sight.
    """
    reason = checked_reason(reason)
    there = _all_in_sight(actor, name)
    batch = PrintBatch.objects.select_for_update(no_key=True).filter(name=name).first() or PrintBatch(name=name)
    before = batch.state
    if before != seen_state:
        raise Conflict(_("Somebody entered something for batch %(name)s since you opened it.") % {"name": name})
    if refused := undo_refused(batch):
        raise Conflict(refused)
    setattr(batch, f"{before}_at", None)
    setattr(batch, f"{before}_by_name", "")
    batch.save(update_fields=[f"{before}_at", f"{before}_by_name"])
    record(
        actor=actor,
        verb="print-batch.undone",
        subject=batch,
        before={"state": before},
        after={"state": batch.state, "letters": there},
        reason=reason,
    )
    return batch


def undo_until(batch: PrintBatch) -> datetime | None:
    """Until when what was last entered for a batch may be taken back: as long as a contact may be corrected, by the strictest
    rule of those of its addressees. None: nothing was entered."""
    entered = batch.posted_at or batch.printed_at
    if entered is None:
        return None
    rules = rulebook()
    where = letters_in(batch.name).values_list("customer__jurisdiction", "customer__time_zone").order_by().distinct()
    hours = min((rules.correct_hours(pack, zone, entered) for pack, zone in where), default=0)
    return entered + timedelta(hours=hours)


def undo_refused(batch: PrintBatch) -> str:
    """Why what was last entered for a batch cannot be taken back now; blank: it can. Three queries."""
    until = undo_until(batch)
    if until is None:
        return _("Nothing was entered for batch %(name)s: there is nothing to take back.") % {"name": batch.name}
    if Receipt.objects.filter(message__in=letters_in(batch.name)).exists():
        return _("It was told already what became of letters of batch %(name)s: they went.") % {"name": batch.name}
    if clock.now() > until:
        return _("This could be taken back until %(until)s. What was entered stays.") % {
            "until": f"{timezone.localtime(until):%Y-%m-%d %H:%M}"
        }
    return ""


def _all_in_sight(actor: User, name: str) -> int:
    """How many letters a batch holds, all of which the actor sees, who may print."""
    require(actor, PERMISSION)
    seen, there = letters_visible_to(actor, name).count(), letters_in(name).count()
    if not seen:
        raise Conflict(_("There is no print batch %(name)s among those you see.") % {"name": name})
    if seen < there:
        raise Conflict(
            _(
                "%(unseen)s of the %(count)s letters of batch %(name)s are to customers out of your sight. Have somebody"
                " enter it who sees them all."
            )
            % {"unseen": there - seen, "count": there, "name": name}
        )
    return there


@transaction.atomic
def _marked(actor: User, name: str, verb: str, fits: Callable[[PrintBatch], bool]) -> PrintBatch:
    there = _all_in_sight(actor, name)
    _manifest(name)
    PrintBatch.objects.get_or_create(name=name)
    batch = PrintBatch.objects.select_for_update(no_key=True).get(name=name)
    if not fits(batch):
        raise Conflict(_refusal(batch, verb))
    before = batch.state
    setattr(batch, f"{verb}_at", clock.now())
    setattr(batch, f"{verb}_by_name", str(actor)[:150])
    batch.save(update_fields=[f"{verb}_at", f"{verb}_by_name"])
    record(
        actor=actor,
        verb=f"print-batch.{verb}",
        subject=batch,
        before={"state": before},
        after={"state": batch.state, "letters": there},
    )
    return batch


def _refusal(batch: PrintBatch, verb: str) -> str:
    if verb == "posted" and batch.printed_at is None:
        return _("Batch %(name)s was not printed yet. Enter that it was, then that it went to the post.") % {
            "name": batch.name
        }
    by = batch.posted_by_name if batch.posted_at and verb == "posted" else batch.printed_by_name
    return _("%(by)s entered this for batch %(name)s already. Nothing was changed.") % {"by": by, "name": batch.name}


def _files(batch: str, letters: Iterable[Message]) -> list[tuple[str, bytes, folders.Row]]:
    """The file of each letter: its name, what is in it, and its line in the manifest."""
    manifest = _manifest(batch)
    found = []
    for letter in letters:
        name = f"{letter.pk}.pdf"
        try:
            row = manifest[name]
            found.append((name, folders.letter_in(batch, row), row))
        except (KeyError, folders.Missing):
            raise Conflict(
                _(
                    "The file %(file)s of batch %(name)s is not there, or is not what was printed. Nothing was taken: have the"
                    " folder of letters put back from its backup."
                )
                % {"file": name, "name": batch}
            ) from None
    return found


def _manifest(batch: str) -> dict[str, folders.Row]:
    try:
        return folders.manifest_of(batch)
    except folders.Missing:
        raise Conflict(
            _(
                "The folder of batch %(name)s is not there: it is still in the making, or was moved. Try again in a minute;"
                " if it stays so, have it put back."
            )
            % {"name": batch}
        ) from None
