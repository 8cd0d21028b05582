"""Runs `close_day --date D` again and again in processes of their own, each killed with SIGKILL at another point.

A script, not a module of tests: it prints, as JSON, each point with the signal that ended its run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import django
from django.core.management import call_command, execute_from_command_line

from tests.sizes import FULL

STEPS = ("age", "accrue", "plans", "cases", "promises", "waivers", "priorities", "strategy", "freezes")
# Inside the second batch of the run (nothing of it committed), right behind the first, and at the end of the step.
POINTS = ["opening", *(f"{step} {where}" for step in STEPS for where in ("inside", "behind", "end")), "never"]


def points_of(kind: str) -> list[str]:
    """Where the runs of a "first" or a "later" close die: a part of the suite at each point in one of them, FULL=1 in both."""
    late = kind == "later"
    return POINTS[late:] if FULL else [*POINTS[late:-1:2], POINTS[-1]]


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    """Let this process die at `point`; with small batches, so that every step has several."""
    from django.db import transaction

    import accounts.services.close
    import cases.services.follow
    import cases.services.judging
    import cases.services.priority
    import restructuring.services.judging
    import strategy.services.evaluating
    import waivers.services.judging
    from runs import services
    from runs.services import StepRun

    services_of_cases = (cases.services.follow, cases.services.judging, cases.services.priority)
    for module in (
        accounts.services.close,
        *services_of_cases,
        restructuring.services.judging,
        strategy.services.evaluating,
        waivers.services.judging,
    ):
        module.BATCH = 2
    deadly_step, _, where = point.partition(" ")
    advance, finish_step, reopen = StepRun.advance, services.finish_step, accounts.services.close.reopen
    batches = 0

    def deadly_advance(run: StepRun, **values: Any) -> None:
        nonlocal batches
        advance(run, **values)
        if run.step == deadly_step:
            batches += 1
            if where == "inside" and batches == 2:
                kill_myself()
            if where == "behind":
                transaction.on_commit(kill_myself)

    def deadly_finish(run: StepRun) -> None:
        finish_step(run)
        if (run.step, where) == (deadly_step, "end"):
            kill_myself()

    def deadly_reopen(**values: Any) -> None:
        reopen(**values)
        if deadly_step == "opening":
            kill_myself()

    StepRun.advance = deadly_advance
    services.finish_step = deadly_finish
    accounts.services.close.reopen = deadly_reopen


def in_a_process(work: Callable[[], None]) -> int:
    """What ended the process that did `work`: minus the signal, or its exit status."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # whatever it is, this process must not go on with its parent's work
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def close(point: str, day: str) -> None:
    arm(point)
    sys.stdout = sys.stderr
    execute_from_command_line(["manage.py", "close_day", "--date", day])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delinquency.settings")
    django.setup()
    # Once for all processes: importing takes longer than closing the day. A command's checks ask for every page.
    call_command("check", stdout=sys.stderr)
    kind, day = sys.argv[1:]
    print(json.dumps([[point, in_a_process(partial(close, point, day))] for point in points_of(kind)]))
