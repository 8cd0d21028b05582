"""A week in which a strategy was in force, and the asking for simulations of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from accounts.models import ContactPoint, Customer
from cases.models import Queue
from delinquency.close_of_day import close_day
from reminders.models import ChannelPrice
from reminders.services.delivery import deliver
from runs import clock
from runs.models import JobRun
from staff.models import User
from strategy.models import Deployment, Simulation, Version, VersionStatus
from strategy.rules import HOLDOUT, arm_of
from strategy.services.asking import ask_simulation
from tests.close_of_day.book import ACTOR, FIRST, make_book
from tests.factories import MOMENT
from tests.strategy.conftest import new_version, rule

DAYS = 7
LAST = FIRST + timedelta(days=DAYS - 1)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An hour in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 8, minutes=minute)


def insistent(version: Version) -> Version:
    """Writes every second day as long as somebody is late, asks for calls, proposes to freeze."""
    rule(version, "write", action="message", templates=["overdue-sms", "first-late"], every_days=2)
    rule(version, "call", action="call", queue=Queue.objects.get(code="call"), days_from=2)
    rule(version, "freeze", days_from=32)
    return version


def held_out(customers: Sequence[int], salt: str) -> list[int]:
    return [key for key in customers if arm_of(key, salt, 30, 0) == HOLDOUT]


def live_a_week() -> Version:
    """Its strategy has a hold-out; every night is closed, and every morning what was queued is sent."""
    version = insistent(new_version())
    Version.objects.filter(pk=version.pk).update(status=VersionStatus.APPROVED)
    ChannelPrice.objects.create(
        channel="email", effective_from=date(2020, 1, 1), currency="CNY", each="0.0200", source="Contract"
    )
    make_book()
    late = list(Customer.objects.filter(ref__regex="^C-(new|old)").order_by("pk").values_list("pk", flat=True))
    # By which some are held out and most are not, whatever keys the customers have.
    salt = next(salt for salt in map(str, count()) if 1 <= len(held_out(late, salt)) <= len(late) // 2)
    Deployment.objects.create(
        effective_from=date(2020, 1, 1),
        champion=version,
        holdout_percent=30,
        salt=salt,
        decided_by_name="Test",
        decided_at=MOMENT,
    )
    # Those whom the gate refuses: of the treated.
    treated = [key for key in late if key not in held_out(late, salt)]
    ContactPoint.objects.filter(customer__in=treated[:2]).update(permitted=False)
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        with clock.frozen(at(day, 23, 30)):
            close_day(actor=ACTOR, day=day)
        with clock.frozen(at(day + timedelta(days=1), 9)):
            deliver("email", seconds=60)
    return version


def asked(writer: User, version: Version, **given: Any) -> Simulation:
    # As a worker would have left those asked before.
    JobRun.objects.update(status="done")
    with clock.frozen(at(LAST + timedelta(days=1), 12)):
        return ask_simulation(actor=writer, version_id=version.pk, **{"days": DAYS, "champion_id": version.pk, **given})
