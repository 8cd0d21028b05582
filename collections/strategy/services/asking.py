"""Asking for a simulation: of each person one at a time, and few altogether, for each reads the whole book."""

from __future__ import annotations

from django.db import connection, transaction

from accounts.errors import Conflict, Invalid
from audit.services import record
from cases.selectors.terms import work_terms
from runs import clock
from runs.models import BusinessDay
from runs.said import kept
from runs.said import said as _
from runs.services import enqueue, stop
from runs.texts import listed
from staff.models import User
from staff.permissions import require
from strategy.models import Simulation, Version
from strategy.selectors import unfinished_simulations
from strategy.services.activating import check_split
from strategy.services.versions import CHANGE, refuse_discarded

MOST_DAYS = 90
# Any number, as long as no other lock of this database has it: "SIMU" in ASCII.
_ASKING = 0x53494D55


@transaction.atomic
def ask_simulation(
    *,
    actor: User,
    version_id: int,
    days: int,
    champion_id: int,
    challenger_id: int | None = None,
    challenger_percent: int = 0,
    holdout_percent: int = 0,
) -> Simulation:
    """Have a strategy, draft or approved, simulated over the last `days` closed days; a worker does it. `version_id` is the
    champion or the challenger.

    Raises:
        PermissionDenied: the actor does not write strategies.
        Invalid: so many days, or such shares, make no sense. Conflict: no day was closed yet, the strategy is discarded, one of
            the actor's is not done yet, or so many of others as the terms of work allow at once.
    """
    require(actor, CHANGE)
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(
            _("%(days)s closed days cannot be simulated: 1 to %(most)s can.") % {"days": days, "most": MOST_DAYS},
            "days",
        )
    version = Version.objects.get(pk=version_id)
    refuse_discarded(version)
    check_split(version, champion_id, challenger_id, challenger_percent, holdout_percent)
    closed = BusinessDay.objects.filter(is_opening=False).order_by("-date").values_list("date", flat=True)[:days]
    if not closed:
        raise Conflict(_("No day was closed yet: there is nothing to simulate on."))
    _wait_for_turn(actor)
    simulation = Simulation.objects.create(
        version=version,
        edits=version.edits,
        champion_id=champion_id,
        challenger_id=challenger_id,
        challenger_percent=challenger_percent,
        holdout_percent=holdout_percent,
        first_day=min(closed),
        last_day=max(closed),
        asked_days=days,
        asked_by=actor,
        asked_by_name=str(actor)[:150],
        asked_at=clock.now(),
    )
    simulation.run = enqueue(
        kind="strategy-simulation",
        function="strategy.jobs.simulate",
        arguments={"simulation": simulation.pk},
        actor=actor,
    )
    simulation.save(update_fields=["run"])
    record(
        actor=actor,
        verb="strategy.simulated",
        subject=version,
        after={"first_day": simulation.first_day, "last_day": simulation.last_day},
    )
    return simulation


@transaction.atomic
def stop_simulation(*, actor: User, simulation_id: int) -> None:
    """End a simulation that waits or runs, whoever asked for it: it has no result, and another may be asked for at once.

    Raises:
        PermissionDenied: the actor does not write strategies.
        Conflict: it is over already.
    """
    require(actor, CHANGE)
    simulation = Simulation.objects.select_related("run", "version").get(pk=simulation_id)
    if simulation.run is None or not stop(simulation.run, kept(_("Stopped by %(name)s.") % {"name": str(actor)})):
        raise Conflict(_("This simulation is over already: there is nothing to stop."))
    record(
        actor=actor,
        verb="strategy.simulation-stopped",
        subject=simulation.version,
        after={"first_day": simulation.first_day, "last_day": simulation.last_day},
    )


def _wait_for_turn(actor: User) -> None:
    """Refuse (Conflict) a simulation while there are enough; who asks is alone until her transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ASKING])
    running = list(unfinished_simulations())
    own = next((one for one in running if one.asked_by_id == actor.pk), None)
    if own is not None:
        raise Conflict(
            _("Your simulation of strategy %(number)s is not done yet. Wait for it to end, or stop it, then ask again.")
            % {"number": own.version.number}
        )
    most = work_terms(clock.today()).simulations
    if len(running) >= most:
        who = [
            _("%(who)s, strategy %(number)s") % {"who": one.asked_by_name, "number": one.version.number}
            for one in running
        ]
        raise Conflict(
            _("No more than %(most)s at once may be simulated. Not done yet: %(who)s. Wait for one to end.")
            % {"who": listed(who, apart=True), "most": most}
        )
