"""The dated terms of the work and of disputes: those in force on a day."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q

from cases.models import DisputeReason, DisputeTerms, WorkTerms


def work_terms(on: date) -> WorkTerms:
    """The terms of work in force on `on`; before the first row, the first. One query, or two before the first.

    Raises:
        LookupError: there are none at all.
    """
    found = (
        WorkTerms.objects.filter(effective_from__lte=on).order_by("-effective_from").first()
        or WorkTerms.objects.order_by("effective_from").first()
    )
    if found is None:
        raise LookupError("There are no terms of work: add them on the data-entry pages.")
    return found


def furthest_day(today: date) -> date:
    """The last day for which something may be planned on a case, a follow-up or a call back, seen from `today`. Queries and
    errors as `work_terms`."""
    return today + timedelta(days=work_terms(today).follow_up_days)


def dispute_terms(reason: str, on: date) -> DisputeTerms:
    """What a dispute of `reason` pauses, and its days to answer: in force on `on`; without rows of its own, those of a blank
    reason. One query.

    Raises:
        LookupError: there are none, not even of a blank reason.
    """
    rows = list(DisputeTerms.objects.filter(Q(reason=reason) | Q(reason=""), effective_from__lte=on))
    if not rows:
        raise LookupError("There are no terms of disputes: add them on the data-entry pages.")
    return _nearest(rows)


def pauses_by_reason(on: date) -> dict[str, list[str]]:
    """Reason → the kinds of hold that a dispute of it places, by the terms in force on `on`; none where there are no terms.
    One query."""
    rows = list(DisputeTerms.objects.filter(effective_from__lte=on))
    found = {reason: [row for row in rows if row.reason in (reason, "")] for reason in DisputeReason.values}
    return {reason: list(_nearest(own).pauses) if own else [] for reason, own in found.items()}


def _nearest(rows: list[DisputeTerms]) -> DisputeTerms:
    """A reason's own terms go before the blank one's, of each the newest."""
    return max(rows, key=lambda row: (row.reason != "", row.effective_from))
