"""Every change of the days, their close and the jobs."""

from runs.services.days import (
    BookMoved,
    StepRun,
    begin_step,
    fail_step,
    finish_step,
    move_opening,
    open_book,
    seal_day,
)
from runs.services.jobs import advance, enqueue, fail, finish, start, sweep_jobs, tracked_job

__all__ = [
    "BookMoved",
    "StepRun",
    "advance",
    "begin_step",
    "enqueue",
    "fail",
    "fail_step",
    "finish",
    "finish_step",
    "move_opening",
    "open_book",
    "seal_day",
    "start",
    "sweep_jobs",
    "tracked_job",
]
