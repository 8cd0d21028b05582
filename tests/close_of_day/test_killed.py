"""kill -9 in every step of the day, then resume: the same rows as an uninterrupted run, but for ids and moments."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import Count

from audit.services import SystemActor
from cases.models import Case
from delinquency.close_of_day import close_day
from freezing.models import CoreCommand
from reminders.models import Message
from runs import clock
from runs.models import DayClose
from tests.close_of_day.book import ACTOR, DAY, FIRST, MOVING_ON_DAY, NEWLY_LATE_ON_DAY, NOON, make_book
from tests.close_of_day.killed_runs import STEPS, points_of
from waivers.models import Waiver

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
OURS = (
    *("accounts", "cases", "reminders", "compliance", "audit", "runs", "strategy"),
    *("approvals", "waivers", "restructuring", "freezing"),
)
# Keys of what the close itself makes: a killed batch used some up. Those of the book agree, as it is made anew.
KEYS_OF_THE_CLOSE = {
    "id",
    "subject_id",
    "decision_id",
    "message_id",
    "entry_id",
    "reverses_id",
    "transaction",
    "transactions",
}
# References made from such keys.
REFS_OF_THE_CLOSE = {("cases_case", "ref"), ("audit_event", "subject_ref")}


def rows() -> dict[str, Counter[str]]:
    """Every row of our tables, as text without the keys and moments of the close."""
    found: dict[str, Counter[str]] = {}
    for model in (model for label in OURS for model in apps.get_app_config(label).get_models()):
        table = model._meta.db_table
        found[table] = Counter(text_of(table, row) for row in model._default_manager.values())
    return found


def text_of(table: str, row: dict[str, Any]) -> str:
    if table == "audit_event" and row["after"]:
        row["after"].pop("decision", None)  # a key, too
    return str(
        sorted(
            (name, value)
            for name, value in row.items()
            if name not in KEYS_OF_THE_CLOSE
            and (table, name) not in REFS_OF_THE_CLOSE
            and not isinstance(value, datetime | UUID | memoryview | bytes)
        )
    )


def begin(first_close: bool) -> None:
    make_book()
    if not first_close:
        with clock.frozen(NOON):
            close_day(actor=ACTOR, day=FIRST)


@pytest.mark.long
@pytest.mark.parametrize("first_close", [True, False], ids=["first close", "later day"])
def test_a_day_killed_in_every_step_ends_with_the_rows_of_an_uninterrupted_one(
    first_close: bool, process_environment: dict[str, str]
) -> None:
    call_command("flush", interactive=False, verbosity=0)  # keys start at 1, both times
    begin(first_close)
    # The name of the command's own actor, so that the records agree.
    close_day(actor=SystemActor("close_day"), day=DAY)
    uninterrupted = rows()
    assert Message.objects.filter(business_day=DAY).count() == NEWLY_LATE_ON_DAY
    assert Case.objects.filter(status="open").count() == NEWLY_LATE_ON_DAY + MOVING_ON_DAY
    assert Waiver.objects.filter(status="lapsed").count() == MOVING_ON_DAY
    told = CoreCommand.objects.filter(status="asked").order_by().values_list("verb").annotate(Count("pk"))
    assert dict(told) == {"freeze": MOVING_ON_DAY, "unfreeze": 1}
    positions = {row.step: (row.done, row.result) for row in DayClose.objects.filter(date=DAY, step__in=STEPS)}
    assert all(done > 4 for done, _ in positions.values()), positions  # several batches of two each

    call_command("flush", interactive=False, verbosity=0)
    begin(first_close)
    connection.close()
    kind = "first" if first_close else "later"
    done = subprocess.run(
        [sys.executable, HERE / "killed_runs.py", kind, DAY.isoformat()],
        env=process_environment | {"PYTHONPATH": f"{PROJECT}:{PROJECT / 'collections'}"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    ended = dict(json.loads(done.stdout))
    assert set(ended) == set(points_of(kind))
    assert ended.pop("never") == 0, done.stderr
    assert set(ended.values()) == {-signal.SIGKILL}, (ended, done.stderr)
    resumed = rows()
    for table, expected in uninterrupted.items():
        assert resumed[table] == expected, (table, resumed[table] - expected, expected - resumed[table])
