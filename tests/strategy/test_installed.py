"""What the night does: of the installed strategy, who is written to on the first late day; of others, all that they can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from audit.models import Event
from compliance.models import ContactDecision
from reminders.models import Message
from runs import clock
from runs.models import DayClose
from runs.services import StepRun
from strategy.services import evaluating
from tests.factories import HoldFactory
from tests.reminders.conftest import DAY, DUE, NOON, begin, late
from tests.reminders.conftest import run as run  # a fixture


def queue(run: StepRun, at: datetime = NOON) -> None:
    with clock.frozen(at):
        evaluating.strategy(run)


def counts() -> dict[str, int]:
    """What the step says it did, and not what it did not."""
    return {name: count for name, count in DayClose.objects.get().result.items() if count}


def test_one_message_a_customer_names_all_accounts_newly_late(run: StepRun) -> None:
    first = late(overdue_amount=Decimal("1310.50"))
    second = late(first.customer, overdue_amount=Decimal("20.00"))
    queue(run)
    message = Message.objects.get()
    assert message.key == f"first-late:{first.customer_id}:2026-11-23"
    assert message.context == {
        "accounts": [
            {"id": a.pk, "ref": a.ref, "currency": "CNY", "amount": amount, "due_on": DUE.isoformat()}
            for a, amount in ((first, "1310.50"), (second, "20.00"))
        ]
    }
    assert (message.status, message.send_after, message.language, message.business_day) == ("queued", NOON, "en", DAY)
    assert (message.decision.allowed, message.decision.at, message.decision.account) == (True, NOON, first)
    event = Event.objects.get(verb="message.queued")
    assert (event.subject_id, event.customer_id, event.after["decision"]) == (
        message.pk,
        first.customer_id,
        message.decision_id,
    )
    assert counts() == {"queued": 1}


def test_at_night_it_waits_for_the_morning_where_the_person_lives(run: StepRun) -> None:
    here = late()
    there = late()
    there.customer.time_zone = "America/New_York"
    there.customer.save()
    night = datetime(2026, 11, 23, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    queue(run, night)
    waits = {message.customer_id: message for message in Message.objects.select_related("decision")}
    assert waits[here.customer_id].send_after == datetime(2026, 11, 24, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert waits[there.customer_id].send_after == night
    assert all(message.decision.at == message.send_after for message in waits.values())
    assert ContactDecision.objects.count() == 2


def test_a_refusal_leaves_its_record_and_no_message(run: StepRun) -> None:
    late(email=False)
    queue(run)
    assert not Message.objects.exists()
    decision = ContactDecision.objects.get()
    assert (decision.allowed, decision.rule, decision.contact_point) == (False, "contact-point", None)
    assert counts() == {"refused": 1}


@pytest.mark.parametrize(
    ("hold", "written_to"),
    [
        ({"kind": "contact"}, False),
        ({"kind": "treatment", "ends_on": DAY}, False),
        ({"kind": "contact", "starts_on": DAY}, False),
        ({"kind": "contact", "starts_on": DAY + timedelta(days=1)}, True),
        ({"kind": "contact", "ends_on": DAY - timedelta(days=1)}, True),
        ({"kind": "contact", "withdrawn_at": NOON}, True),
        ({"kind": "fees"}, True),
        ({"kind": "deferral"}, True),
    ],
    ids=str,
)
def test_holds_of_contact_and_treatment_keep_the_account_out(
    run: StepRun, hold: dict[str, object], written_to: bool
) -> None:
    HoldFactory(account=late(), **hold)
    queue(run)
    assert Message.objects.exists() is written_to
    assert ContactDecision.objects.exists() is written_to


def test_only_the_first_late_day_counts(run: StepRun) -> None:
    since = DUE - timedelta(days=1)
    standing = late().standing
    standing.overdue_since = standing.clock_from_on = since
    standing.save()
    queue(run)
    assert not Message.objects.exists()
    assert not ContactDecision.objects.exists()


def test_running_again_adds_nothing_not_even_decisions(run: StepRun) -> None:
    for _ in range(3):
        late()
    late(email=False)
    queue(run)
    queue(begin())
    assert (Message.objects.count(), ContactDecision.objects.count()) == (3, 4)
    queue(StepRun(day=DAY, step="strategy", cursor=0))
    assert Message.objects.count() == 3
    assert ContactDecision.objects.filter(allowed=True).count() == 3


def test_a_run_that_broke_goes_on_behind_its_last_batch(run: StepRun, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        late()
    late(email=False)
    monkeypatch.setattr(evaluating, "BATCH", 2)
    advance, calls = StepRun.advance, []

    def broken(self: StepRun, **progress: int) -> None:
        calls.append(progress)
        if len(calls) == 2:
            raise RuntimeError("cut here")
        advance(self, **progress)

    monkeypatch.setattr(StepRun, "advance", broken)
    with pytest.raises(RuntimeError):
        queue(run)
    assert (Message.objects.count(), ContactDecision.objects.count()) == (2, 2)
    queue(begin())
    assert (Message.objects.count(), ContactDecision.objects.count()) == (5, 6)
    assert Event.objects.filter(verb="message.queued").count() == 5
    row = DayClose.objects.get()
    assert (row.done, row.total, counts()) == (6, 6, {"queued": 5, "refused": 1})
