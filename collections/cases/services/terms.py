"""Adding dated terms of the work and of disputes. They begin tomorrow at the earliest: what was decided under others stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.dated import check_ahead
from accounts.errors import Conflict, Invalid
from accounts.models import HoldKind
from audit.services import Actor, record
from cases.models import DisputeTerms, WorkTerms

# What a row of terms of work says, besides from when.
WORK = (
    "promise_grace_days",
    "promise_most_instalments",
    "broken_promise_factor",
    "broken_promise_days",
    "exact_searches",
    "exact_search_minutes",
    "simulations",
    "follow_up_days",
    "note_file_years",
    "source",
)


@transaction.atomic
def add_work_terms(*, actor: Actor, effective_from: date, **terms: Any) -> WorkTerms:
    """Add the terms of work (`WORK`) that hold from a day on.

    Raises:
        Invalid: they would begin today or before, when promises were made and cases ordered under others.
        Conflict: that day has terms already.
    """
    check_ahead(effective_from)
    if WorkTerms.objects.filter(effective_from=effective_from).exists():
        raise Conflict(_("There are terms from %(day)s on already.") % {"day": effective_from.isoformat()})
    row = WorkTerms.objects.create(effective_from=effective_from, **terms)
    told = {name: str(getattr(row, name)) for name in WORK}
    record(actor=actor, verb="work-terms.added", subject=row, after={"effective_from": effective_from, **told})
    return row


@transaction.atomic
def add_dispute_terms(
    *, actor: Actor, reason: str, pauses: Sequence[str], answer_days: int, effective_from: date, source: str
) -> DisputeTerms:
    """Add what disputes of a reason (blank: every other) pause from a day on, and within how many days they are answered.

    Raises:
        Invalid: they would begin today or before; an unknown kind of hold, or a deferral: that needs a supervisor each time.
        Conflict: that reason has terms from that day already.
    """
    check_ahead(effective_from)
    for kind in pauses:
        if kind not in HoldKind.values or kind == HoldKind.DEFERRAL:
            raise Invalid(
                _("A dispute cannot pause “%(kind)s”. Expected: contact, fees, treatment.") % {"kind": kind}, "pauses"
            )
    if DisputeTerms.objects.filter(reason=reason, effective_from=effective_from).exists():
        raise Conflict(_("There are terms from %(day)s on already.") % {"day": effective_from.isoformat()})
    row = DisputeTerms.objects.create(
        reason=reason,
        pauses=sorted(set(pauses)),
        answer_days=answer_days,
        effective_from=effective_from,
        source=source,
    )
    record(
        actor=actor,
        verb="dispute-terms.added",
        subject=row,
        after={
            "reason": reason,
            "pauses": row.pauses,
            "answer_days": answer_days,
            "effective_from": effective_from,
            "source": source,
        },
    )
    return row
