"""Several at the same moment, on real connections."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.errors import Conflict
from accounts.models import Account
from accounts.selectors.verify import account_range, differences
from approvals import services as approvals
from approvals.errors import StaleScreen
from freezing.models import CoreCommand
from freezing.services import commands, sending
from tests.factories import UserFactory
from tests.freezing.conftest import TODAY, freeze, late_account, on, pay
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(work: Callable[[], object]) -> Callable[[], str]:
    def run() -> str:
        try:
            work()
        except StaleScreen:
            return "stale"
        except Conflict:
            return "conflict"
        return "done"

    return run


def test_two_approvers_command_once(account, lin) -> None:
    deciders = [UserFactory(role="supervisor") for _ in range(3)]
    request = commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason="x")
    found = at_once(
        [outcome(lambda by=by: approvals.approve(actor=by, request_id=request.pk, seen_version=1)) for by in deciders]
    )
    assert sorted(found) == ["done", "stale", "stale"]
    assert CoreCommand.objects.count() == 1


def test_a_payment_and_an_approval_at_once_leave_no_order_half_done(account, lin, chen) -> None:
    request = commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason="x")
    found = at_once(
        [
            outcome(lambda: approvals.approve(actor=chen, request_id=request.pk, seen_version=1)),
            outcome(lambda: pay(account)),
        ]
    )
    request.refresh_from_db()
    assert found[1] == "done"
    # Approved before the money came, or refused because it had come.
    assert (found[0], CoreCommand.objects.count(), request.status) in [
        ("done", 1, "approved"),
        ("conflict", 0, "pending"),
    ]
    assert list(differences(*account_range())) == []


def test_many_senders_tell_each_command_once_at_a_time(account, lin, chen, core) -> None:
    others = [late_account(str(number)) for number in range(2, 8)]
    for one in (account, *others):
        freeze(lin, chen, one)
    at_once([lambda: sending.send_due(seconds=5)] * 4)
    assert sorted(CoreCommand.objects.values_list("status", "attempts")) == [("sent", 1)] * 7
    assert len(core.heard) == len(set(core.heard)) == 7
    with on(TODAY, 1):
        at_once([lambda: sending.send_due(seconds=5)] * 4)
    assert set(CoreCommand.objects.values_list("status", flat=True)) == {"confirmed"}
    assert set(Account.objects.values_list("status", flat=True)) == {"frozen"}
