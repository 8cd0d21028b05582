"""Recordings of contacts: kept by the rule of the customer's pack, longer under legal hold, then removed; their hash stays."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, timedelta
from urllib.parse import urlsplit

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import uploads
from accounts.errors import Conflict, Invalid
from accounts.services.locks import lock_customer
from audit.models import Event
from audit.services import Actor, SystemActor, record
from compliance.models import Contact, Recording
from compliance.selectors import rulebook
from runs import clock

ACTOR = SystemActor("retention")
# What a player asks for while one listens is one hearing, in the record too.
ONE_HEARING = timedelta(minutes=30)


@transaction.atomic
def attach(
    *, actor: Actor, contact_id: int, file: UploadedFile | None = None, link: str = "", name: str = ""
) -> Recording:
    """Attach a recording to a contact: a file that is kept here, or an https link to where it is. Locks the customer.

    It is kept for the years of its pack's rule from the contact's day on.

    Raises:
        Invalid: neither or both, a file that is no sound or too large, or no https link.
        Conflict: the very same file is attached already, or no rule says how long it is kept.
    """
    contact = Contact.objects.select_related("customer").get(pk=contact_id)
    lock_customer(contact.customer_id)
    link = link.strip()
    if bool(file) == bool(link):
        raise Invalid(_("Give either a file or a link."), "file")
    recording = Recording(
        contact=contact,
        name=name.strip()[:120],
        added_at=clock.now(),
        added_by_id=actor.pk,
        added_by_name=str(actor)[:150],
        keep_until=keep_until(contact),
    )
    with ExitStack() as stack:
        if file:
            checked = uploads.check(file, uploads.SOUNDS)
            if Recording.objects.filter(contact=contact, sha256=checked.sha256, removed_at__isnull=True).exists():
                raise Conflict(_("This very file is attached to this contact already."))
            recording.media_type, recording.size, recording.sha256 = checked.media_type, checked.size, checked.sha256
            stack.enter_context(uploads.kept(recording.file, file, checked))
        else:
            recording.link = _checked_link(link)
        recording.save()
        record(
            actor=actor,
            verb="recording.attached",
            subject=recording,
            customer_id=contact.customer_id,
            after={
                "contact": contact.pk,
                "kind": "file" if file else "link",
                "sha256": recording.sha256,
                "size": recording.size,
                "keep_until": recording.keep_until,
            },
        )
    return recording


@transaction.atomic
def set_legal_hold(*, actor: Actor, recording_id: int, on: bool, reason: str) -> Recording:
    """Keep a recording until further notice, or let its date count again. Locks the recording.

    Raises:
        Invalid: no reason.
        Conflict: it was removed, or stands so already.
    """
    recording = _locked(recording_id)
    if not reason.strip():
        raise Invalid(_("Say why: the case number of the court, or who asked for it."), "reason")
    if recording.removed_at is not None:
        raise Conflict(_("This recording was removed on %(day)s: there is nothing left to hold.")
                       % {"day": timezone.localdate(recording.removed_at)})  # fmt: skip
    if recording.legal_hold == on:
        raise Conflict(
            _("This recording is under legal hold already.") if on else _("This recording is under no legal hold.")
        )
    recording.legal_hold = on
    recording.save(update_fields=["legal_hold"])
    record(
        actor=actor,
        verb="recording.held" if on else "recording.released",
        subject=recording,
        customer_id=recording.contact.customer_id,
        before={"legal_hold": not on},
        after={"legal_hold": on},
        reason=reason.strip(),
    )
    return recording


@transaction.atomic
def listen(*, actor: Actor, recording_id: int, goes_on: bool = False) -> Recording:
    """Record that `actor` fetches the recording, before it is given. That `actor` may is for the caller to ask. Who `goes_on`
    (a player that seeks) within `ONE_HEARING` of having fetched it is recorded already.

    Raises:
        Conflict: it was removed.
    """
    recording = Recording.objects.select_related("contact").get(pk=recording_id)
    if recording.removed_at is not None:
        raise Conflict(_("This recording was removed on %(day)s, when its time was over.")
                       % {"day": timezone.localdate(recording.removed_at)})  # fmt: skip
    customer_id = recording.contact.customer_id
    fetched = Event.objects.filter(
        customer_id=customer_id, verb="recording.fetched", subject_id=recording.pk, actor_id=actor.pk
    )
    if not (goes_on and fetched.filter(at__gt=clock.now() - ONE_HEARING).exists()):
        record(
            actor=actor,
            verb="recording.fetched",
            subject=recording,
            customer_id=customer_id,
            after={"contact": recording.contact_id, "sha256": recording.sha256},
        )
    return recording


def remove_expired(*, actor: Actor = ACTOR, on: date) -> int:
    """Remove the recordings whose time was over before `on`, never one under legal hold; how many. The row and its hash stay.

    Each in a transaction of its own. What lies behind a link is not ours to delete: the link is shown no more.
    """
    expired = Recording.objects.filter(removed_at__isnull=True, legal_hold=False, keep_until__lt=on)
    return sum(
        _remove(actor, key, on) for key in list(expired.order_by("keep_until", "pk").values_list("pk", flat=True))
    )


@transaction.atomic
def _remove(actor: Actor, recording_id: int, on: date) -> bool:
    recording = _locked(recording_id)
    if recording.legal_hold or recording.removed_at is not None or recording.keep_until >= on:
        return False
    uploads.remove(
        recording,
        actor=actor,
        verb="recording.removed",
        subject=recording,
        customer_id=recording.contact.customer_id,
    )
    return True


def keep_until(contact: Contact) -> date:
    """Until when a contact's recordings are kept: its day and the years of the pack's rule in force on that day.

    Raises:
        Conflict: the pack has no such rule, or one that makes no sense: nothing is kept for a time that nobody set.
    """
    day = timezone.localdate(contact.at, timezone.get_default_timezone())
    years = rulebook().keep_years(contact.customer.jurisdiction, day)
    if years is None:
        raise Conflict(
            _("No rule says how long recordings are kept. Ask the administrator to add the contact rule “recordings”.")
        )
    return clock.years_after(day, years)


def _locked(recording_id: int) -> Recording:
    return Recording.objects.select_for_update(no_key=True, of=("self",)).select_related("contact").get(pk=recording_id)


def _checked_link(link: str) -> str:
    parts = urlsplit(link)
    if parts.scheme != "https" or not parts.hostname or parts.username or len(link) > 200:
        raise Invalid(_("A link begins with https://, holds no password and has at most 200 characters."), "link")
    return link
