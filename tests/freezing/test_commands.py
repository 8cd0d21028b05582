"""Freezing is asked for, decided by another, told to the core system until it answers, and then so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from accounts.selectors.verify import account_range, differences
from accounts.services import acceleration, posting, watches
from accounts.services.status import change_status
from approvals import services as approvals
from audit.models import Event
from delinquency.close_of_day import close_day
from freezing.models import CoreCommand, FreezePolicy
from freezing.services import commands, policies, sending
from runs import clock
from runs.models import DayClose
from strategy.models import Proposal, Rule
from tests.factories import UserFactory
from tests.freezing.conftest import ACTOR, TODAY, approved, freeze, late_account, on, pay
from tests.said import in_chinese

pytestmark = pytest.mark.django_db


def status(account: Account) -> str:
    return Account.objects.values_list("status", flat=True).get(pk=account.pk)


def send(minutes: int = 0) -> CoreCommand:
    """Send what is due so many minutes later; the latest command."""
    with on(TODAY, minutes):
        sending.send_due(seconds=5)
    return CoreCommand.objects.latest("pk")


def verbs(command: CoreCommand) -> list[str]:
    found = Event.objects.filter(subject_type="corecommand", subject_id=command.pk).order_by("pk")
    return list(found.values_list("verb", flat=True))


def proposed(account: Account) -> Proposal:
    return Proposal.objects.create(account=account, kind="freeze", rule=Rule.objects.earliest("pk"), business_day=TODAY)


# --- The way of a freeze


def test_asked_approved_sent_confirmed(account, lin, chen, core) -> None:
    one = proposed(account)
    command = freeze(lin, chen, account)
    one.refresh_from_db()
    assert (command.status, status(account), one.status) == ("asked", "active", "taken")
    command = send()
    assert (command.status, command.attempts, status(account)) == ("sent", 1, "active")
    command = send(1)
    assert (command.status, command.attempts, status(account)) == ("confirmed", 2, "frozen")
    assert verbs(command) == ["core-command.asked", "core-command.sent", "core-command.confirmed"]
    assert core.heard == [("freeze", str(command.key))] * 2, "the same key at every attempt"
    assert list(differences(*account_range())) == []
    assert not sending.send_due(seconds=1)


def test_a_refusal_ends_it_and_it_may_be_asked_for_anew(account, lin, chen, core) -> None:
    core.script = ["refused"]
    freeze(lin, chen, account)
    command = send()
    assert (command.status, status(account)) == ("refused", "active")
    assert freeze(lin, chen, account).status == "asked"


def test_without_an_answer_it_is_told_again_later_each_time(account, lin, chen, settings, core) -> None:
    url, settings.CORE_URL = settings.CORE_URL, "http://127.0.0.1:9"
    freeze(lin, chen, account)
    pauses = []
    for attempt in range(3):
        command = send(attempt * 10)
        with on(TODAY, attempt * 10):
            pauses.append(command.due_at - clock.now())
            assert not sending.send_due(seconds=1), "not before its time"
    assert pauses == [timedelta(seconds=seconds) for seconds in (30, 60, 120)]
    assert (command.status, command.attempts, command.answer) == (
        "asked",
        3,
        "core: no connection: ConnectionRefusedError",
    )
    assert sending.pause_after(500) == timedelta(hours=1)
    settings.CORE_URL = url
    assert send(60).status == "sent"


def test_a_wrong_secret_or_a_strange_answer_is_no_answer(account, lin, chen, settings, core, monkeypatch) -> None:
    freeze(lin, chen, account)
    core.script = ["perhaps"]
    assert (send().status, send().answer) == ("asked", "core: 200")
    monkeypatch.setattr("freezing.core.signature", lambda *parts: "v1=forged")
    assert (send(10).status, send(10).answer) == ("asked", "core: 403")


def test_where_nothing_is_set_it_waits_and_says_so(account, lin, chen, settings) -> None:
    settings.CORE_URL = ""
    freeze(lin, chen, account)
    assert (send().status, send().answer) == ("asked", "CORE_URL and CORE_SECRET are not set: nothing is sent.")


def test_a_worker_that_died_leaves_it_to_the_next(account, lin, chen, core, monkeypatch) -> None:
    freeze(lin, chen, account)

    def die(*args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(sending, "settle", die)
        with pytest.raises(SystemExit):
            send()
    assert send(1).attempts == 1, "the claim holds"
    command = send(3)
    assert (command.status, command.attempts) == ("confirmed", 2)
    assert len({key for _verb, key in core.heard}) == 1


def test_what_was_closed_meanwhile_stays_closed(account, lin, chen, core) -> None:
    freeze(lin, chen, account)
    change_status(actor=ACTOR, account_id=account.pk, to="charged-off", reason="Lost")
    send()
    assert (send(1).status, status(account)) == ("confirmed", "charged-off")


# --- Who, and what is in the way


def test_only_who_may_asks_and_nobody_decides_her_own(account, lin, chen) -> None:
    with pytest.raises(PermissionDenied):
        commands.ask(actor=UserFactory(role="auditor"), account_id=account.pk, verb="freeze", reason="x")
    with pytest.raises(Account.DoesNotExist):
        commands.ask(actor=UserFactory(team=None), account_id=account.pk, verb="freeze", reason="x")
    with pytest.raises(Invalid, match="Say why"):
        commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason=" ")
    UserFactory(role="supervisor")
    request = commands.ask(actor=chen, account_id=account.pk, verb="freeze", reason="x")
    with pytest.raises(Conflict, match="You asked for this yourself"):
        approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    with pytest.raises(PermissionDenied):
        approvals.approve(actor=lin, request_id=request.pk, seen_version=1)
    with pytest.raises(IntegrityError, match="request_decided_by_another"), transaction.atomic():
        type(request).objects.filter(pk=request.pk).update(
            status="approved", decided_by=chen, decided_at=clock.now(), decided_by_name="Chen"
        )
    assert not CoreCommand.objects.exists()


def test_paid_meanwhile_it_is_refused_with_what_changed(account, lin, chen) -> None:
    request = commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason="x")
    pay(account)
    with pytest.raises(Conflict, match="Account A1 is not late any more"):
        approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    assert not CoreCommand.objects.exists()


def test_one_command_at_a_time(account, lin, chen) -> None:
    freeze(lin, chen, account)
    with pytest.raises(Conflict, match="under way"):
        commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason="x")
    with pytest.raises(IntegrityError, match="core_command_one_open"), transaction.atomic():
        CoreCommand.objects.create(
            account=account, verb="freeze", reason="x", asked_by_name="x", asked_at=clock.now(), due_at=clock.now()
        )


@pytest.fixture
def frozen(account, lin, chen, core) -> Account:
    freeze(lin, chen, account)
    send()
    send(1)
    account.refresh_from_db()
    assert account.status == "frozen"
    return account


def test_it_is_unfrozen_only_once_cured(frozen, lin, chen, core) -> None:
    with pytest.raises(Conflict, match=r"A1 is late: 1,000\.00 CNY is overdue") as refused:
        commands.ask(actor=lin, account_id=frozen.pk, verb="unfreeze", reason="x")
    pay(frozen)
    watch = watches.place(
        actor=ACTOR, account_id=frozen.pk, floor="special-mention", starts_on=TODAY, ends_on=None, reason="Plan"
    )
    with pytest.raises(Conflict, match="A1 stays frozen: A watch period runs") as bound:
        commands.ask(actor=lin, account_id=frozen.pk, verb="unfreeze", reason="x")
    assert in_chinese(refused) == "账户 A1 逾期：1,000.00 CNY 已逾期。"
    assert in_chinese(bound) == "账户 A1 保持冻结：观察期尚未结束。"
    watches.withdraw(actor=ACTOR, watch_id=watch.pk, reason="Over")
    called = acceleration.accelerate(
        actor=ACTOR, account_id=frozen.pk, due_on=TODAY + timedelta(days=9), notified_on=TODAY, reason="x"
    )
    with pytest.raises(Conflict, match="The whole balance was called due"):
        commands.ask(actor=lin, account_id=frozen.pk, verb="unfreeze", reason="x")
    acceleration.withdraw(actor=ACTOR, acceleration_id=called.pk, reason="Paid")
    approved(chen, commands.ask(actor=lin, account_id=frozen.pk, verb="unfreeze", reason="Paid all"))
    send(10)
    assert (send(11).status, status(frozen)) == ("confirmed", "active")
    assert [verb for verb, _key in core.heard] == ["freeze", "freeze", "unfreeze", "unfreeze"]


def test_one_account_alone_unless_the_rule_says_the_whole_customer(account, lin, chen) -> None:
    other = late_account("2", account.customer_id, due=TODAY + timedelta(days=20))
    assert freeze(lin, chen, account).account == account
    assert CoreCommand.objects.count() == 1
    FreezePolicy.objects.update(whole_customer=True)
    third = late_account("3")
    fourth = late_account("4", third.customer_id, due=TODAY + timedelta(days=20))
    request = commands.ask(actor=lin, account_id=third.pk, verb="freeze", reason="x")
    assert [one["ref"] for one in request.preview["accounts"]] == ["A3", "A4"]
    approved(chen, request)
    assert set(CoreCommand.objects.filter(request=request).values_list("account", flat=True)) == {third.pk, fourth.pk}
    assert not CoreCommand.objects.filter(account=other).exists()


def test_what_was_answered_stays(frozen) -> None:
    command = CoreCommand.objects.get()
    for values in ({"status": "asked", "answered_at": None}, {"answer": "x"}):
        with pytest.raises(DatabaseError, match="stays so"), transaction.atomic():
            CoreCommand.objects.filter(pk=command.pk).update(**values)
    with pytest.raises(DatabaseError, match="may not be removed"), transaction.atomic():
        command.delete()


def test_verify_book_finds_an_account_that_is_active_against_the_core_system(frozen) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET status = 'active' WHERE id = %s", [frozen.pk])
    assert [(one.account, one.kept, one.replayed) for one in differences(*account_range())] == [
        ("A1", "active", "frozen")
    ]


# --- The policy


def night(day=TODAY) -> dict[str, int]:
    with on(day, 60 * 10):
        close_day(actor=ACTOR, through=day)
    return DayClose.objects.get(date=day, step="freezes").result


def test_people_decide_unless_the_policy_says_otherwise(account) -> None:
    proposed(account)
    assert night() == {}
    assert not CoreCommand.objects.exists()


def test_the_policy_freezes_what_is_proposed_and_late_enough(account) -> None:
    FreezePolicy.objects.update(freezes=True)
    early = late_account("2", due=TODAY - timedelta(days=30))
    one, two = proposed(account), proposed(early)
    assert night() == {"frozen": 1}
    command = CoreCommand.objects.get()
    assert (command.account, command.asked_by_name, command.request) == (account, "policy of freezing", None)
    for row in (one, two):
        row.refresh_from_db()
    assert (one.status, two.status) == ("taken", "open")
    assert night(TODAY + timedelta(days=1)) == {}, "what is under way is left alone"


def test_the_policy_unfreezes_what_is_cured(frozen, core) -> None:
    FreezePolicy.objects.update(unfreezes=True)
    assert night() == {}
    with on(TODAY + timedelta(days=1)):
        pay(frozen)
    assert night(TODAY + timedelta(days=1)) == {"unfrozen": 1}
    assert CoreCommand.objects.latest("pk").verb == "unfreeze"


def test_what_the_night_itself_cures_is_unfrozen_in_that_night(frozen, core) -> None:
    FreezePolicy.objects.update(unfreezes=True)
    posting.post_payment(
        actor=ACTOR, account_id=frozen.pk, ref="P1", amount=Decimal(2000), effective_on=TODAY + timedelta(days=1)
    )
    assert night() == {}
    assert night(TODAY + timedelta(days=1)) == {"unfrozen": 1}


def test_policies_begin_tomorrow_at_the_earliest(account, chen) -> None:
    says = {"freezes": True, "days_late": 91, "whole_customer": False, "unfreezes": False, "source": "Board"}
    with pytest.raises(Invalid, match="2026-05-01 is too early"):
        policies.add_policy(actor=chen, effective_from=TODAY, **says)
    policies.add_policy(actor=chen, effective_from=TODAY + timedelta(days=1), **says)
    with pytest.raises(Conflict, match="2026-05-02 on already"):
        policies.add_policy(actor=chen, effective_from=TODAY + timedelta(days=1), **says)
    assert Decimal(Event.objects.get(verb="freeze-policy.added").after["days_late"]) == 91
