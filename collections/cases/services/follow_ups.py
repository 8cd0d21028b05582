"""When a case is to be looked at again."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from audit.services import record
from cases.models import Case
from cases.selectors.terms import furthest_day
from cases.services.versions import lock_case
from cases.services.waiting import refresh_waits
from runs import clock
from staff.models import User

NOTE_LENGTH = 200


@transaction.atomic
def schedule(*, actor: User, case_id: int, seen_version: int, on: date, note: str = "") -> Case:
    """Look at the case again on a day, today or later; until then nobody is given it. Replaces an earlier one.

    Locks customer, case. The note stands on the case, and in the record as what the follow-up is for.

    Raises:
        StaleScreen: the case changed since the actor read it.
        Conflict: it is closed.
        Invalid: the day is past, or further ahead than the terms of work allow, or the note too long.
    """
    today = clock.today()
    note = note.strip()
    if on < today:
        raise Invalid(_("%(day)s is past. Give today or a later day.") % {"day": on}, "on")
    last = furthest_day(today)
    if on > last:
        raise Invalid(
            _("%(day)s is too far ahead. Give a day until %(last)s, or place a hold.") % {"day": on, "last": last},
            "on",
        )
    if len(note) > NOTE_LENGTH:
        raise Invalid(
            _("The note has %(length)d characters; at most %(most)d fit. Shorten it, or write a note on the case.")
            % {"length": len(note), "most": NOTE_LENGTH},
            "note",
        )
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    return _set(actor, case, on, note, "case.follow-up")


@transaction.atomic
def clear(*, actor: User, case_id: int, seen_version: int) -> Case:
    """Take the follow-up off; without one nothing happens. Locks customer, case.

    Raises:
        StaleScreen: the case changed since the actor read it.
        Conflict: it is closed.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    return _set(actor, case, None, "", "case.follow-up-cleared") if case.follow_up_on else case


def _set(actor: User, case: Case, on: date | None, note: str, verb: str) -> Case:
    before = {"follow_up_on": case.follow_up_on}
    case.follow_up_on, case.follow_up_note = on, note
    case.version += 1
    case.save(update_fields=["follow_up_on", "follow_up_note", "version"])
    record(
        actor=actor,
        verb=verb,
        subject=case,
        before=before,
        after={"follow_up_on": on},
        customer_id=case.customer_id,
        reason=note,
    )
    refresh_waits(customer_ids=[case.customer_id])
    case.refresh_from_db(fields=["wait_until", "wait_for"])
    return case
