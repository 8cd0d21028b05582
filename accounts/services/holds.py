"""Holds: place, lift. Only a deferral moves the clock, and one of some bills alone what is overdue beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Hold, Origin
from accounts.services.locks import lock_account
from accounts.services.re_aging import re_age
from audit.services import Actor, record
from runs import clock
from runs.said import said as _

# What somebody enters reaches no further: a slip in the year.
FURTHEST = timedelta(days=3_653)


@transaction.atomic
def place_hold(
    *,
    actor: Actor,
    account_id: int,
    kind: str,
    starts_on: date,
    ends_on: date | None = None,
    reason: str = "",
    covers: Sequence[int] | None = None,
) -> Hold:
    """Stop what `kind` says from `starts_on` to `ends_on`, both included; None runs on. Back-dated is ordinary.

    `covers`: the keys of the bills that it is about; what is overdue beside them it does not stop. Known from this moment.
    Locks customer → account.

    Raises:
        Invalid: it ends before it starts.
    """
    check_interval(starts_on, ends_on)
    account = lock_account(account_id)
    now = clock.now()
    hold = Hold.objects.create(
        account=account,
        kind=kind,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason,
        covers=None if covers is None else sorted(covers),
        known_from=now,
        origin=Origin.ENTERED,
        recorded_at=now,
    )
    record(
        actor=actor,
        verb="hold.placed",
        subject=hold,
        customer_id=account.customer_id,
        account_id=account.pk,
        after=_told(hold),
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="hold", effective_on=None)
    return hold


@transaction.atomic
def lift_hold(*, actor: Actor, hold_id: int, last_day: date | None, reason: str) -> Hold | None:
    """End a hold after `last_day`, or, with None, take it back wholly. Locks customer → account.

    The row is withdrawn at this moment and its shortened successor written, so that the past stays as it was known.
    Returns the successor, if any.

    Raises:
        Conflict: the hold is withdrawn already.
        Invalid: `last_day` lies before the hold's first day or after its end.
    """
    hold = Hold.objects.get(pk=hold_id)
    account = lock_account(hold.account_id)
    hold.refresh_from_db()
    check_last_day(hold, last_day)
    before = _told(hold)
    now = clock.now()
    hold.withdrawn_at = now
    hold.save(update_fields=["withdrawn_at"])
    successor = None
    if last_day is not None:
        successor = Hold.objects.create(
            account=account,
            kind=hold.kind,
            starts_on=hold.starts_on,
            ends_on=last_day,
            reason=hold.reason,
            covers=hold.covers,
            known_from=now,
            origin=Origin.ENTERED,
            recorded_at=now,
        )
    record(
        actor=actor,
        verb="hold.lifted",
        subject=hold,
        customer_id=account.customer_id,
        account_id=account.pk,
        before=before,
        after=_told(successor) if successor else None,
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="hold", effective_on=None)
    return successor


def check_last_day(hold: Hold, last_day: date | None) -> None:
    """Refuse what cannot end on `last_day` (None: taken back wholly): lifted already (`Conflict`), a day outside (`Invalid`)."""
    if hold.withdrawn_at is not None:
        raise Conflict(_("This hold was lifted already."))
    if last_day is not None and (last_day < hold.starts_on or (hold.ends_on is not None and last_day > hold.ends_on)):
        raise Invalid(
            _("%(day)s lies outside the hold. Place another hold to make it longer.") % {"day": last_day.isoformat()},
            "last_day",
        )


def check_interval(starts_on: date, ends_on: date | None, /) -> None:
    """Refuse (`Invalid`) an interval that ends before it starts; None runs on."""
    if ends_on is not None and ends_on < starts_on:
        raise Invalid(
            _("The last day %(ends)s lies before the first day %(starts)s.")
            % {"ends": ends_on.isoformat(), "starts": starts_on.isoformat()},
            "ends_on",
        )


def check_plausible(starts_on: date, ends_on: date | None, /) -> None:
    """Refuse (`Invalid`) a day that somebody enters and that is a slip in the year: more than `FURTHEST` away. None runs on."""
    today = clock.today()
    for field, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day is not None and abs(day - today) > FURTHEST:
            raise Invalid(
                _("“%(day)s” lies more than ten years away: expected a day from %(first)s to %(last)s. Put it right.")
                % {"day": day, "first": today - FURTHEST, "last": today + FURTHEST},
                field,
            )


def _told(hold: Hold) -> dict[str, str | None]:
    return {
        "kind": hold.kind,
        "starts_on": hold.starts_on.isoformat(),
        "ends_on": hold.ends_on.isoformat() if hold.ends_on else None,
    }
