"""Reversals, refunds, write-offs and acceleration are asked for, and done where another person approves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from accounts.errors import Conflict, Invalid
from accounts.models import Acceleration, Account, Bill, Relief, Reversal
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.services.posting import reverse_payment
from approvals import services as approvals
from approvals.models import Request
from delinquency.close_of_day import close_day
from desk import asking
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.freezing.conftest import ACTOR, TODAY, on, pay
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def approve(by, request: Request) -> None:
    approvals.approve(actor=by, request_id=request.pk, seen_version=request.version)


def owed(account: Account):
    assert list(differences(*account_range())) == []
    return owed_now([account.pk])[account.pk]


def test_a_payment_is_reversed_with_its_reason_code_once(account, lin, chen) -> None:
    payment = pay(account, "100")
    with pytest.raises(Invalid, match="no payment “P9”"):
        asking.ask(actor=lin, account=account, kind="reversal", payment_ref="P9", code="bounced", reason="x")
    before = owed(account).total
    request = asking.ask(
        actor=lin, account=account, kind="reversal", payment_ref="P1", code="chargeback", reason="Her bank"
    )
    assert not Reversal.objects.exists()
    with pytest.raises(PermissionDenied):
        approve(UserFactory(), request)
    approve(chen, request)
    assert Reversal.objects.get(payment=payment).reason == "chargeback: Her bank"
    assert owed(account).total == before + 100
    with pytest.raises(Conflict, match="reversed already"):
        asking.ask(actor=lin, account=account, kind="reversal", payment_ref="P1", code="bounced", reason="x")


def test_reversed_meanwhile_it_is_refused(account, lin, chen) -> None:
    payment = pay(account, "100")
    request = asking.ask(actor=lin, account=account, kind="reversal", payment_ref="P1", code="bounced", reason="x")
    reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="x")
    with pytest.raises(Conflict, match="P1 is reversed already"):
        approve(chen, request)


def test_waiting_credit_is_refunded_as_far_as_it_is_there(account, lin, chen) -> None:
    pay(account, "5000")
    credit = owed(account).waiting_credit
    with pytest.raises(Conflict, match="waits as credit by now"):
        asking.ask(actor=lin, account=account, kind="refund", amount=credit + 1, reason="x")
    request = asking.ask(actor=lin, account=account, kind="refund", amount=credit, reason="Paid twice")
    approve(chen, request)
    assert (owed(account).waiting_credit, owed(account).total) == (0, 0)
    assert Bill.objects.get(ref=f"REFUND-{request.pk}").kind == "refund"


def test_an_account_is_written_off_whole_unless_money_came(account, lin, chen) -> None:
    request = asking.ask(actor=lin, account=account, kind="write-off", reason="Died without estate")
    pay(account, "100")
    with pytest.raises(Conflict, match="is owed by now, not the"):
        approve(chen, request)
    approvals.withdraw(actor=lin, request_id=request.pk, seen_version=1)
    approve(chen, asking.ask(actor=lin, account=account, kind="write-off", reason="Died without estate"))
    account.refresh_from_db()
    assert (account.status, owed(account).total) == ("charged-off", 0)
    assert set(Relief.objects.values_list("kind", flat=True)) == {"write-off"}


@pytest.mark.parametrize("closed", [2, 3], ids=["in the day", "after its close"])
def test_late_fees_that_accrued_until_the_decision_are_written_off_too(account, lin, chen, closed: int) -> None:
    with on(TODAY):
        close_day(actor=ACTOR)
    request = asking.ask(actor=lin, account=account, kind="write-off", reason="Died without estate")
    with on(TODAY + timedelta(days=3)):
        close_day(actor=ACTOR, through=TODAY + timedelta(days=closed))
        assert owed(account).total > request.amount
        assert owed(account).late_fee_now == owed(account).total - 1000
        approve(chen, request)
        account.refresh_from_db()
        assert account.status == "charged-off"
    # Of a day that is closed nothing is written off any more: the next begins without.
    with on(TODAY + timedelta(days=4)):
        close_day(actor=ACTOR, through=TODAY + timedelta(days=4))
        assert owed(account).total == 0


def test_the_whole_balance_is_called_due_and_the_call_withdrawn(account, lin, chen) -> None:
    with pytest.raises(Invalid, match=f"expected a day from .* to {TODAY}"):
        asking.ask(
            actor=lin,
            account=account,
            kind="acceleration",
            notified_on=TODAY + timedelta(days=1),
            due_on=TODAY,
            reason="x",
        )
    due = TODAY + timedelta(days=30)
    approve(
        chen, asking.ask(actor=lin, account=account, kind="acceleration", notified_on=TODAY, due_on=due, reason="Late")
    )
    called = Acceleration.objects.get()
    assert (called.due_on, called.notified_on) == (due, TODAY)
    with pytest.raises(Conflict, match="called due already"):
        asking.ask(actor=lin, account=account, kind="acceleration", notified_on=TODAY, due_on=due, reason="x")
    approve(chen, asking.ask(actor=lin, account=account, kind="deceleration", reason="She agreed to a plan"))
    called.refresh_from_db()
    assert called.withdrawn_at is not None
    assert list(differences(*account_range())) == []


@pytest.mark.django_db(transaction=True)
def test_a_payment_during_a_write_off_and_the_approval_leave_the_book_whole(account, lin, chen) -> None:
    request = asking.ask(actor=lin, account=account, kind="write-off", reason="x")

    def approved() -> str:
        try:
            approve(chen, request)
        except Conflict:
            return "conflict"
        return "done"

    found = at_once([approved, lambda: pay(account, "100")])
    account.refresh_from_db()
    assert (found[0], account.status) in [("done", "charged-off"), ("conflict", "active")]
    assert list(differences(*account_range())) == []


def test_on_its_page(account, lin, chen) -> None:
    hers = signed_in(lin)
    assert hers.post("/money/A1/", {"verb": "refund"}).status_code == 422
    assert hers.post("/money/A1/", {"verb": "nonsense"}).status_code == 400
    answer = hers.post("/money/A1/", {"verb": "write-off", "write-off-reason": "Lost"}, follow=True)
    assert "another person decides" in answer.content.decode()
    request = Request.objects.get()
    assert "Write an account off" in signed_in(chen).get(f"/approvals/{request.pk}/").content.decode()
