"""Jobs of strategies: each takes an id and calls a service."""

from __future__ import annotations

from typing import Any

from runs.models import JobRun
from runs.services import tracked_job
from strategy.models import Simulation
from strategy.services.simulating import run_simulation


@tracked_job(idempotent=True)
def simulate(run: JobRun) -> dict[str, Any]:
    """Simulate what `simulation` asks for; from the beginning, should it run again."""
    simulation = Simulation.objects.get(pk=run.arguments["simulation"])
    result = run_simulation(simulation, run)
    return {name: result[name] for name in ("sent", "withheld", "people")}
