"""What the night does by strategies of one's own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from audit.models import Event
from cases.models import CallTask, Queue
from compliance.models import ContactDecision
from reminders.contents import content_of
from reminders.models import ChannelControl, Message
from reminders.rendering import render, texts_of
from runs import clock
from runs.models import DayClose
from runs.services import StepRun
from strategy.models import Deployment, Proposal, Treatment, Version, VersionStatus
from strategy.rules import arm_of
from strategy.services import evaluating
from tests.factories import MOMENT, BillFactory, ContactPointFactory, CustomerFactory, HoldFactory
from tests.reminders.conftest import NOON
from tests.strategy.conftest import DAY, due_in, late, new_version, rule
from tests.strategy.test_matching import promise


def deploy(champion: Version, challenger: Version | None = None, *, share: int = 0, holdout: int = 0) -> Deployment:
    for version in filter(None, (champion, challenger)):
        Version.objects.filter(pk=version.pk).update(status=VersionStatus.APPROVED)
    return Deployment.objects.create(
        effective_from=DAY,
        champion=champion,
        challenger=challenger,
        challenger_percent=share,
        holdout_percent=holdout,
        salt="salt",
        decided_by_name="Test",
        decided_at=MOMENT,
    )


def night(day: Any = DAY) -> dict[str, int]:
    """Run the step for a day at its noon; what it counted."""
    row, _ = DayClose.objects.get_or_create(date=day, step="strategy", defaults={"position": 6})
    with clock.frozen(NOON + (day - DAY)):
        evaluating.strategy(StepRun(day=day, step="strategy", cursor=row.cursor))
    return {name: count for name, count in DayClose.objects.get(date=day).result.items() if count}


def phone(account: Account) -> Account:
    ContactPointFactory(customer=account.customer, kind="mobile", clear=f"1380000{account.pk % 10_000:04d}")
    return account


def treated() -> set[tuple[str, int, str]]:
    return set(Treatment.objects.values_list("code", "account_id", "outcome"))


def message(version: Version, code: str, *templates: str, **fields: Any) -> None:
    rule(version, code, action="message", templates=list(templates), **fields)


def test_a_person_gets_one_message_for_all_that_is_late(version: Version) -> None:
    message(version, "second", "first-late", buckets=["M2"], days_from=30)
    message(version, "first", "overdue-sms", "first-late")
    deploy(version)
    one = late(40, bucket="M2")
    other = late(3, customer=one.customer)
    assert night() == {"queued": 1}
    queued = Message.objects.get()
    assert queued.key == f"second:{one.customer_id}:2026-11-23"
    assert queued.accounts == [one.pk, other.pk]
    assert treated() == {("second", one.pk, "queued")}
    treatment = Treatment.objects.get()
    assert (treatment.message, treatment.decision, treatment.arm) == (queued, queued.decision, "champion")
    assert (treatment.anchor_on, treatment.business_day) == (DAY - timedelta(days=40), DAY)


def test_accounts_that_fit_alike_share_the_message_and_are_done_with(version: Version) -> None:
    message(version, "first", "first-late", days_from=1)
    deploy(version)
    one = late(2)
    other = late(5, customer=one.customer)
    night()
    assert treated() == {("first", one.pk, "queued"), ("first", other.pk, "queued")}
    assert night(DAY + timedelta(days=1)) == {}
    assert Message.objects.count() == 1


def test_what_is_refused_goes_by_the_next_template(version: Version) -> None:
    message(version, "first", "overdue-sms", "first-late")
    deploy(version)
    by_mail, by_phone = late(), phone(late())
    nowhere = late(customer=CustomerFactory(locale="en"))
    assert night() == {"queued": 2, "refused": 1}
    sent = {queued.customer_id: (queued.channel, queued.template) for queued in Message.objects.all()}
    assert sent == {
        by_mail.customer_id: ("email", "first-late"),
        by_phone.customer_id: ("sms", "overdue-sms"),
    }
    refused = Treatment.objects.get(outcome="refused")
    assert (refused.account, refused.decision.channel, refused.decision.rule) == (nowhere, "email", "contact-point")
    asked = ContactDecision.objects.filter(customer=by_mail.customer).order_by("id").values_list("channel", "allowed")
    assert list(asked) == [("sms", False), ("email", True)]


def test_a_channel_that_drains_is_passed_over_and_one_that_is_paused_keeps_it(version: Version) -> None:
    message(version, "first", "overdue-sms", "first-late")
    deploy(version)
    account = phone(late())
    ChannelControl.objects.filter(channel="sms").update(state="draining")
    ChannelControl.objects.filter(channel="email").update(state="paused")
    assert night() == {"queued": 1}
    assert Message.objects.get().channel == "email"
    assert not ContactDecision.objects.filter(customer=account.customer, channel="sms").exists()


def test_where_every_channel_drains_it_is_put_off_to_the_next_day(version: Version) -> None:
    message(version, "first", "first-late")
    deploy(version)
    late()
    ChannelControl.objects.update(state="draining")
    assert night() == {"put_off": 1}
    assert not Treatment.objects.exists()
    ChannelControl.objects.update(state="open")
    assert night(DAY + timedelta(days=1)) == {"queued": 1}


def test_before_the_due_date_it_names_what_falls_due_by_then(version: Version) -> None:
    message(version, "soon", "pre-due", stage="before-due", days_from=3, days_to=3)
    deploy(version)
    account = due_in(3)
    nearer = due_in(1, customer=account.customer)
    due_in(5, customer=account.customer)
    assert night() == {"queued": 1}
    queued = Message.objects.get()
    assert (queued.kind, queued.accounts) == ("pre-due", [account.pk, nearer.pk])
    assert treated() == {("soon", account.pk, "queued")}
    content = content_of([queued], DAY)[queued.pk]
    assert [(due.account_ref, due.amount) for due in content.values["dues"]] == [
        (account.ref, Decimal("2310.00")),
        (nearer.ref, Decimal("2310.00")),
    ]
    account.bills.update(allocated=Decimal(2310))
    nearer.bills.update(allocated=Decimal(2310))
    assert content_of([queued], DAY) == {}


def test_a_promise_is_recalled_and_no_more_once_it_is_done(version: Version) -> None:
    message(version, "soon", "promise-sms", stage="promise", days_from=1, days_to=2)
    deploy(version)
    account = phone(late())
    made = promise(account, 2, account=account)
    assert night() == {"queued": 1}
    queued = Message.objects.get()
    assert (queued.kind, queued.context["instalments"]) == ("promise", [made.instalments.get().pk])
    words = texts_of([("promise-sms", 1)])["promise-sms", 1]
    for language in ("en", "zh-hans"):
        text = render(words[language], language, content_of([queued], DAY)[queued.pk].values)
        assert "CNY 50.00" in text.body
    made.status = "cancelled"
    made.save()
    assert content_of([queued], DAY) == {}


def test_a_call_is_asked_for_once_on_the_case(version: Version) -> None:
    queue = Queue.objects.get(code="call")
    rule(version, "call", action="call", queue=queue, every_days=1, title="Early call")
    deploy(version)
    one = late()
    late(customer=one.customer)
    assert night() == {"calls": 1}
    task = CallTask.objects.get()
    assert (task.case.customer_id, task.queue, task.wanted_on, task.reason) == (
        one.customer_id,
        queue,
        DAY,
        "Early call",
    )
    assert Treatment.objects.filter(outcome="call").count() == 2
    assert task.case.version == 2
    assert Event.objects.filter(verb="case.call-asked", customer_id=one.customer_id).count() == 1
    assert night(DAY + timedelta(days=1)) == {}
    assert CallTask.objects.count() == 1


def test_proposals_are_each_accounts_and_lapse_when_it_is_not_late(version: Version) -> None:
    rule(version, "freeze", action="freeze")
    rule(version, "refer", action="refer", days_from=90)
    deploy(version)
    one = late(3)
    two = late(95, customer=one.customer)
    assert night() == {"proposed": 3}
    assert set(Proposal.objects.values_list("kind", "account_id", "status")) == {
        ("freeze", one.pk, "open"),
        ("freeze", two.pk, "open"),
        ("refer", two.pk, "open"),
    }
    one.standing.delete()
    assert night(DAY + timedelta(days=1)) == {"lapsed": 1}
    lapsed = Proposal.objects.get(status="lapsed")
    assert (lapsed.account, lapsed.closed_by_name, lapsed.version) == (one, "strategy", 2)
    assert Event.objects.filter(verb="proposal.lapsed", account_id=one.pk).count() == 1


def test_the_hold_out_gets_nothing_and_each_arm_its_own(version: Version) -> None:
    challenger = new_version(901)
    message(version, "champion", "first-late")
    message(challenger, "challenger", "overdue-sms")
    deploy(version, challenger, share=30, holdout=30)
    accounts = [phone(late()) for _ in range(40)]
    counted = night()
    arms = {account.pk: arm_of(account.customer_id, "salt", 30, 30) for account in accounts}
    assert dict(Treatment.objects.values_list("account_id", "arm")) == arms
    assert len(set(arms.values())) == 3
    for arm, outcome, channel in (("champion", "queued", "email"), ("challenger", "queued", "sms")):
        found = Treatment.objects.filter(arm=arm)
        assert set(found.values_list("outcome", "message__channel")) == {(outcome, channel)}
    held = Treatment.objects.filter(arm="holdout")
    assert set(held.values_list("outcome", "message", "decision")) == {("held-out", None, None)}
    assert counted == {"queued": 40 - held.count(), "held_out": held.count()}
    assert night(DAY + timedelta(days=1)) == {}


def test_what_was_paid_or_held_since_it_was_found_is_passed_over(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    message(version, "first", "first-late")
    rule(version, "freeze", action="freeze")
    deploy(version)
    paid, held, stays = late(), late(), late()
    find = evaluating.match

    def then_changed(*args: Any, **values: Any) -> int:
        people = find(*args, **values)
        paid.standing.delete()
        HoldFactory(account=held, kind="treatment")
        return people

    monkeypatch.setattr(evaluating, "match", then_changed)
    assert night() == {"queued": 1, "proposed": 1}
    assert treated() == {("first", stays.pk, "queued"), ("freeze", stays.pk, "proposed")}


def test_no_table_is_left_behind(version: Version) -> None:
    message(version, "first", "first-late")
    deploy(version)
    late()
    night()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.strategy_match')")
        assert cursor.fetchone() == (None,)


def test_bills_that_come_are_no_matter_for_who_is_late(version: Version) -> None:
    message(version, "soon", "pre-due", stage="before-due", days_from=1, days_to=9)
    deploy(version)
    BillFactory(account=late(), due_on=DAY + timedelta(days=3))
    assert night() == {}


def test_before_the_first_deployment_nothing_is_done(version: Version) -> None:
    late()
    assert night() == {"queued": 1}  # by the installed one
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE strategy_deployment DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM strategy_deployment")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE strategy_deployment ENABLE TRIGGER USER")
    late()
    assert night(DAY + timedelta(days=1)) == {}
