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
from runs.services.jobs import Stopped, advance, enqueue, fail, finish, start, stop, sweep_jobs, tracked_job

__all__ = [
    "BookMoved",
    "StepRun",
    "Stopped",
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
    "stop",
    "sweep_jobs",
    "tracked_job",
]
