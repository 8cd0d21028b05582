"""Jobs of approvals. PostgreSQL says what is due."""

from __future__ import annotations

from approvals import services
from approvals.models import Bulk
from approvals.services.bulk import run_bulk
from runs.models import JobRun
from runs.services import tracked_job


def expire_overdue() -> int:
    """Every hour: see `approvals.services.expire_overdue`. Until then nothing that is over can be decided."""
    return services.expire_overdue()


@tracked_job(idempotent=True)
def decide_bulk(run: JobRun) -> dict[str, int]:
    """Decide what `bulk` names, one after the other; what was decided before the worker died stays decided."""
    return run_bulk(Bulk.objects.get(pk=run.arguments["bulk"]), run)
