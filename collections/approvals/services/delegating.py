"""Who stands in while somebody is away: recorded, from day to day, never with more than the absent one has."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from approvals import kinds as registry
from approvals.models import Delegation
from approvals.seats import STAND_IN, kinds_decided_by
from audit.services import record
from runs import clock
from runs.texts import listed
from staff.models import User
from staff.permissions import may, require, scope_of

ADD, CHANGE = "approvals.add_delegation", "approvals.change_delegation"
MOST_DAYS = 92


@transaction.atomic
def delegate(
    *,
    actor: User,
    delegator_id: int,
    deputy_id: int,
    starts_on: date,
    ends_on: date,
    reason: str,
    kinds: Collection[str] = (),
) -> Delegation:
    """Let the deputy decide what the delegator may decide, from the first day to the last; of `kinds` alone, where any are
    named. Everybody delegates her own; for others it takes the right to change delegations, and then never to oneself.

    What passes on is the delegator's own authority as it stands on the day of each decision: her permissions, limits and
    scope, nothing that she herself holds for another. Locks the delegator.

    Raises:
        PermissionDenied: `actor` may not delegate, or not for this person.
        Invalid: the deputy may not stand in, the delegator does not decide what was named, or the days make no sense.
        Conflict: the same person stands in for her in these days already, or she decides nothing.
    """
    delegator = User.objects.select_for_update(no_key=True, of=("self",)).get(pk=delegator_id)
    deputy = User.objects.filter(pk=deputy_id).first()
    _may_delegate(actor, delegator, deputy_id)
    if deputy is None or deputy.pk == delegator.pk or not may(deputy, STAND_IN):
        raise Invalid(_("This person may not stand in. Choose somebody else who decides requests."), "deputy")
    _check_days(starts_on, ends_on)
    if not reason.strip():
        raise Invalid(_("Say why: leave, illness, a course."), "reason")
    _check_kinds(delegator, kinds)
    overlapping = Delegation.objects.filter(
        delegator=delegator, deputy=deputy, ended_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on
    ).first()
    if overlapping is not None:
        raise Conflict(
            _("%(deputy)s stands in for %(delegator)s from %(first)s to %(last)s already. End that first.")
            % {"deputy": deputy, "delegator": delegator, "first": overlapping.starts_on, "last": overlapping.ends_on}
        )
    delegation = Delegation.objects.create(
        delegator=delegator,
        delegator_name=str(delegator)[:150],
        deputy=deputy,
        deputy_name=str(deputy)[:150],
        kinds=sorted(set(kinds)),
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip()[:300],
        recorded_at=clock.now(),
        recorded_by_name=str(actor)[:150],
    )
    record(actor=actor, verb="delegation.recorded", subject=delegation, after=_told(delegation), reason=reason.strip())
    return delegation


@transaction.atomic
def end_delegation(*, actor: User, delegation_id: int) -> Delegation:
    """End a delegation before its last day. The delegator and the deputy may, and who may change delegations.
    Locks the delegation.

    Raises:
        PermissionDenied: `actor` has no part in it.
        Conflict: it is over already.
    """
    delegation = Delegation.objects.select_for_update(no_key=True, of=("self",)).get(pk=delegation_id)
    if actor.pk not in (delegation.delegator_id, delegation.deputy_id):
        require(actor, CHANGE)
    if delegation.ended_at is not None or delegation.ends_on < clock.today():
        raise Conflict(_("This delegation is over already."))
    delegation.ended_at, delegation.ended_by_name = clock.now(), str(actor)[:150]
    delegation.save(update_fields=["ended_at", "ended_by_name"])
    record(actor=actor, verb="delegation.ended", subject=delegation, before=_told(delegation))
    return delegation


def _may_delegate(actor: User, delegator: User, deputy_id: int) -> None:
    if actor.pk == delegator.pk:
        require(actor, ADD)
        return
    require(actor, CHANGE)
    scope = scope_of(actor)
    if not (scope.everything or delegator.team_id in scope.teams):
        raise PermissionDenied
    if actor.pk == deputy_id:
        raise Invalid(_("Nobody takes the authority of another for themselves. Choose somebody else."), "deputy")


def _check_days(starts_on: date, ends_on: date) -> None:
    today = clock.today()
    if starts_on < today:
        raise Invalid(
            _("%(day)s is past: a delegation begins today (%(today)s) or later.") % {"day": starts_on, "today": today},
            "starts_on",
        )
    if ends_on < starts_on:
        raise Invalid(
            _("The last day, %(last)s, is before the first, %(first)s.") % {"last": ends_on, "first": starts_on},
            "ends_on",
        )
    if (ends_on - starts_on).days >= MOST_DAYS:
        raise Invalid(
            _("%(days)d days are too many: at most %(most)d. Record it again when they are over.")
            % {"days": (ends_on - starts_on).days + 1, "most": MOST_DAYS},
            "ends_on",
        )


def _check_kinds(delegator: User, named: Collection[str]) -> None:
    decided = {kind.code for kind in kinds_decided_by(delegator)}
    if not decided:
        raise Conflict(_("%(name)s decides no requests: there is nothing to delegate.") % {"name": delegator})
    if beyond := set(named) - decided:
        raise Invalid(
            _("%(name)s does not decide: %(kinds)s. Nobody passes on more than they have.")
            % {"name": delegator, "kinds": listed(sorted(str(registry.LABELS.get(code, code)) for code in beyond))},
            "kinds",
        )


def _told(delegation: Delegation) -> dict[str, object]:
    return {
        "delegator": delegation.delegator_name,
        "deputy": delegation.deputy_name,
        "kinds": delegation.kinds,
        "starts_on": delegation.starts_on,
        "ends_on": delegation.ends_on,
    }
