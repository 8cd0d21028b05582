"""A strategy is activated while its day closes: it is in force for that close from the first step on, or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.errors import Conflict
from approvals import services as approvals
from approvals.models import Request
from audit.services import SystemActor
from delinquency.close_of_day import close_day
from runs import clock
from runs.services import StepRun, begin_step
from staff.models import User
from strategy.models import Treatment, Version
from strategy.services import activating, versions
from strategy.services.evaluating import strategy
from tests.factories import BusinessDayFactory, UserFactory
from tests.reminders.conftest import NOON
from tests.strategy.conftest import DAY, late
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(activating, "PATIENCE", "200ms")
    with clock.frozen(NOON):
        yield


@pytest.fixture
def decider() -> User:
    return UserFactory(role="administrator", team=None)


@pytest.fixture
def asked(decider: User) -> Request:
    """Of a strategy that freezes whom the installed one writes to, for the day that closes next."""
    BusinessDayFactory(date=DAY - timedelta(days=1))
    for _ in range(3):
        late(1)
    writer = UserFactory(role="supervisor", team=None)
    draft = versions.draft(actor=writer, title="Freeze")
    fields: dict[str, Any] = {"code": "freeze", "title": "Freeze", "days_from": 1, "action": "freeze"}
    versions.add_rule(actor=writer, version_id=draft.pk, seen_edits=draft.edits, fields=fields)
    draft.refresh_from_db()
    return activating.ask_activation(
        actor=writer,
        version_id=draft.pk,
        seen_edits=draft.edits,
        champion_id=draft.pk,
        effective_from=DAY,
        reason="Firmer",
    )


def approve(decider: User, request: Request) -> None:
    approvals.approve(actor=decider, request_id=request.pk, seen_version=1)


def close(*before: Any) -> None:
    close_day(actor=SystemActor("test"), day=DAY, steps=(*before, ("strategy", strategy)))


def treated_by() -> list[str]:
    return list(Treatment.objects.order_by("pk").values_list("rule__version__title", flat=True))


def wait_for_lock(condition: str) -> None:
    """Until somebody holds, or waits for, such a lock of the table of closes."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT FROM pg_locks WHERE relation = 'runs_dayclose'::regclass AND {condition}")
            if cursor.rowcount:
                return
        time.sleep(0.05)
    raise AssertionError(f"Nobody has this lock: {condition}")


def test_a_close_waits_for_who_activates_and_goes_by_it(asked: Request, decider: User) -> None:
    def activate() -> None:
        with transaction.atomic():
            approve(decider, asked)
            wait_for_lock("NOT granted")

    def close_behind() -> None:
        wait_for_lock("mode = 'ShareLock' AND granted")
        close()

    at_once([activate, close_behind])
    assert treated_by() == ["Freeze"] * 3


def test_while_a_close_begins_it_is_not_activated_and_the_close_goes_by_the_former(
    asked: Request, decider: User
) -> None:
    def decide() -> str:
        with pytest.raises(Conflict) as refused:
            approve(decider, asked)
        return str(refused.value)

    with transaction.atomic():
        begin_step(day=DAY, step="strategy", position=1)
        assert at_once([decide]) == ["A close of day is at work. Decide this again when it has ended."]
    close()
    assert treated_by() == ["First reminder by e-mail"] * 3
    assert decide() == "2026-11-23 is closed, or its close has begun. Ask for 2026-11-24 or later."
    asked.refresh_from_db()
    assert asked.status == "pending"
    assert Version.objects.get(title="Freeze").status == "draft"


def test_in_the_midst_of_a_close_it_is_not_activated(asked: Request, decider: User) -> None:
    refusals: list[str] = []

    def first(run: StepRun) -> None:
        def decide() -> None:
            with pytest.raises(Conflict) as refused:
                approve(decider, asked)
            refusals.append(str(refused.value))

        at_once([decide])

    close(("first", first))
    assert treated_by() == ["First reminder by e-mail"] * 3
    assert refusals == ["2026-11-23 is closed, or its close has begun. Ask for 2026-11-24 or later."]
