"""Putting strategies in force: asked for by whoever wrote them, activated by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from accounts.errors import Conflict, Invalid
from approvals import services as approvals
from approvals.models import Request
from audit.services import record
from runs import clock
from runs.said import said as _
from runs.selectors import begun_day, book_day
from staff.models import User
from strategy.models import Deployment, Simulation, Version, VersionStatus
from strategy.order import behind
from strategy.rules import NOTICE, doubts_of, faults_of
from strategy.selectors import ACTIVATION, deployment_on, known
from strategy.sentences import say_fault
from strategy.services.versions import refuse_discarded, stale

# What is put in force cannot be taken back before its day: so far ahead lies a slip of the pen.
LONGEST_AHEAD = timedelta(days=366)
# How long an activation waits for the batch of a close that is under way.
PATIENCE = "3s"


@transaction.atomic
def ask_activation(
    *,
    actor: User,
    version_id: int,
    seen_edits: int,
    champion_id: int,
    effective_from: date,
    reason: str,
    challenger_id: int | None = None,
    challenger_percent: int = 0,
    holdout_percent: int = 0,
    simulation_id: int | None = None,
) -> Request:
    """Ask that from the close of `effective_from` on `champion_id` treats everybody but a share, of whom `challenger_id` treats
    some and nobody the hold-out. `version_id`, a draft or approved before, is one of the two. Asks again what was sent back.

    Raises:
        PermissionDenied: the actor does not write strategies.
        Conflict: as `check_activation`; or it was asked for already, or edited since `seen_edits`.
        Invalid: no reason, or shares or a day that make no sense.
    """
    version = Version.objects.select_for_update(no_key=True).get(pk=version_id)
    refuse_discarded(version)
    if version.edits != seen_edits:
        raise stale()
    check_split(version, champion_id, challenger_id, challenger_percent, holdout_percent)
    _within_reach(effective_from)
    payload = {
        "version": version.pk,
        "edits": version.edits,
        "champion": champion_id,
        "challenger": challenger_id,
        "challenger_percent": challenger_percent,
        "holdout_percent": holdout_percent,
        "effective_from": effective_from.isoformat(),
        "simulation": simulation_id,
    }
    present = deployment_on(effective_from)
    preview = {
        "title": version.title,
        "number": version.number,
        "rules": version.rules.count(),
        "champion": Version.objects.get(pk=champion_id).number,
        "challenger": Version.objects.get(pk=challenger_id).number if challenger_id else None,
        "before": {
            "champion": present.champion.number,
            "challenger": present.challenger.number if present.challenger else None,
            "challenger_percent": present.challenger_percent,
            "holdout_percent": present.holdout_percent,
        }
        if present
        else None,
        "simulation": _found(version, simulation_id, payload),
        **_warned(version),
    }
    return approvals.ask_anew(
        actor=actor, kind=ACTIVATION, subject=version, payload=payload, preview=preview, reason=reason
    )


def _warned(version: Version) -> dict[str, list[str]]:
    """The codes of the rules whose place another before them takes, and of those that fit nobody, as far as one can tell."""
    rules = list(version.rules.order_by("position", "id"))
    there = known()
    notices = {name for name, kind in there.templates.items() if kind == NOTICE}
    return {
        "kept_back": [one.code for one in behind(rules, notices)],
        "doubtful": [rule.code for rule in rules if doubts_of(rule, there)],
    }


def _found(version: Version, simulation_id: int | None, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a simulation found, and whether it was of the strategy as it stands and of the split that is asked for."""
    if simulation_id is None:
        return None
    simulation = Simulation.objects.select_related("champion", "challenger").get(pk=simulation_id)
    split = {
        "champion": simulation.champion_id,
        "challenger": simulation.challenger_id,
        "challenger_percent": simulation.challenger_percent,
        "holdout_percent": simulation.holdout_percent,
    }
    return found_by(simulation) | {
        "is_stale": simulation.edits != version.edits,
        "is_other_split": any(asked[name] != value for name, value in split.items()),
    }


def found_by(simulation: Simulation) -> dict[str, Any]:
    """What a simulation that is done covered and found, in the figures that who asks and who decides see beside the strategy."""
    figures = {name: simulation.result[name] for name in ("people", "sent", "withheld", "held_out", "call", "proposed")}
    days = {"first_day": simulation.first_day.isoformat(), "last_day": simulation.last_day.isoformat()}
    shares = {
        "champion": simulation.champion.number,
        "challenger": simulation.challenger.number if simulation.challenger else None,
        "challenger_percent": simulation.challenger_percent,
        "holdout_percent": simulation.holdout_percent,
    }
    return {"id": simulation.pk, "cost": simulation.result.get("cost", []), **days, **shares, **figures}


def check_activation(payload: Mapping[str, Any]) -> Version:
    """Refuse what can no longer be put in force as it was asked; returns the strategy, locked.

    Raises:
        Conflict: edited since, without rules, or with one that is wrong by now; the other strategy is no approved one; or the
            day's close has begun.
    """
    version = Version.objects.select_for_update(no_key=True).get(pk=payload["version"])
    refuse_discarded(version)
    if version.edits != payload["edits"]:
        raise Conflict(
            _("Strategy %(number)s was edited since this was asked. Send it back, to be asked anew.")
            % {"number": version.number}
        )
    for key in (payload["champion"], payload["challenger"]):
        if key not in (None, version.pk) and Version.objects.get(pk=key).status != VersionStatus.APPROVED:
            raise Conflict(_("The other strategy was never approved. Choose one that was."))
    rules = list(version.rules.order_by("position", "id"))
    if not rules:
        raise Conflict(_("Strategy %(number)s has no rule. Add one first.") % {"number": version.number})
    there = known()
    for rule in rules:
        for fault in faults_of(rule, there):
            raise Conflict(_("Rule %(rule)s: %(fault)s") % {"rule": rule.code, "fault": say_fault(fault)})
    _before_its_close(date.fromisoformat(payload["effective_from"]))
    return version


@transaction.atomic
def activate(*, actor: User, request_id: int, payload: Mapping[str, Any]) -> Deployment:
    """Put in force what was approved; a draft is approved by it, and keeps its rules for ever. Called by the deciding transaction
    alone, after `check_activation`; keeps a close from beginning until it ends.

    Raises:
        Conflict: the actor wrote the draft or a rule of it; or the day's close has begun.
    """
    version = Version.objects.select_for_update(no_key=True).get(pk=payload["version"])
    effective_from = date.fromisoformat(payload["effective_from"])
    if version.status == VersionStatus.DRAFT and version.writers.filter(pk=actor.pk).exists():
        raise Conflict(_("You wrote on strategy %(number)s: somebody else activates it.") % {"number": version.number})
    _keep_off_closes()
    _before_its_close(effective_from)
    if version.status == VersionStatus.DRAFT:
        version.status = VersionStatus.APPROVED
        version.save(update_fields=["status"])
    pair = (payload["champion"], payload["challenger"])
    present = deployment_on(effective_from)
    # Only other shares of the same two: who was in an arm stays in it as far as the shares allow.
    is_same = present is not None and (present.champion_id, present.challenger_id) == pair
    deployment = Deployment.objects.create(
        effective_from=effective_from,
        champion_id=payload["champion"],
        challenger_id=payload["challenger"],
        challenger_percent=payload["challenger_percent"],
        holdout_percent=payload["holdout_percent"],
        salt=present.salt if present and is_same else f"request-{request_id}",
        request_id=request_id,
        decided_by_name=str(actor)[:150],
        decided_at=clock.now(),
    )
    record(
        actor=actor,
        verb="strategy.activated",
        subject=version,
        after={name: payload[name] for name in ("effective_from", "challenger_percent", "holdout_percent")},
    )
    return deployment


def _keep_off_closes() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        try:
            cursor.execute("LOCK TABLE runs_dayclose IN SHARE MODE")
        except OperationalError:
            raise Conflict(_("A close of day is at work. Decide this again when it has ended.")) from None
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def _within_reach(effective_from: date) -> None:
    last = clock.today() + LONGEST_AHEAD
    if effective_from > last:
        raise Invalid(
            _("%(day)s lies more than a year ahead. Enter a day until %(last)s.")
            % {"day": effective_from.isoformat(), "last": last.isoformat()},
            "effective_from",
        )


def _before_its_close(effective_from: date) -> None:
    settled = begun_day() or book_day()
    if settled is not None and effective_from <= settled:
        raise Conflict(
            _("%(day)s is closed, or its close has begun. Ask for %(next)s or later.")
            % {"day": effective_from.isoformat(), "next": (settled + timedelta(days=1)).isoformat()}
        )


def check_split(
    version: Version, champion_id: int, challenger_id: int | None, challenger_percent: int, holdout_percent: int
) -> None:
    """Refuse two strategies and shares that make no sense; `version` is one of the two.

    Raises:
        Invalid: by field.
    """
    if version.pk not in (champion_id, challenger_id) or champion_id == challenger_id:
        raise Invalid(_("Champion and challenger are two strategies, and this one is either of them."), "champion")
    if challenger_id is None and challenger_percent:
        raise Invalid(_("There is no challenger: its share is 0."), "challenger_percent")
    if challenger_id is not None and challenger_percent < 1:
        raise Invalid(_("Enter the challenger's share, 1 or more of a hundred."), "challenger_percent")
    if holdout_percent < 0 or challenger_percent + holdout_percent > 100:
        raise Invalid(
            _("%(sum)s of a hundred is more than there is. Enter shares that add up to 100 at most.")
            % {"sum": challenger_percent + holdout_percent},
            "holdout_percent",
        )
