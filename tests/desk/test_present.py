"""What is approved is what was shown: an account that changed in between is refused with what changed, a night alone is not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.errors import Conflict
from accounts.models import Account
from accounts.services.posting import reverse_payment
from accounts.services.status import change_status
from approvals import services as approvals
from approvals.models import Request
from delinquency.close_of_day import close_day
from desk import asking
from freezing.services import commands
from tests.clients import signed_in
from tests.freezing.conftest import ACTOR, TODAY, on, pay

pytestmark = pytest.mark.django_db
LATER = TODAY + timedelta(days=60)
VALUES = {
    "reversal": {"payment_ref": "P1", "code": "bounced"},
    "acceleration": {"notified_on": TODAY, "due_on": TODAY},
    "deceleration": {},
    "final-date": {"final_due_on": LATER},
}


def approve(by, request: Request) -> None:
    approvals.approve(actor=by, request_id=request.pk, seen_version=request.version)


def asked(kind: str, account: Account, lin, chen) -> Request:
    """A request about an account on which 300.00 were paid twice."""
    pay(account, "300", "P1")
    pay(account, "300", "P2")
    if kind == "deceleration":
        approve(chen, asking.ask(actor=lin, account=account, kind="acceleration", reason="x", **VALUES["acceleration"]))
    return asking.ask(actor=lin, account=account, kind=kind, reason="x", **VALUES[kind])


@pytest.mark.parametrize("kind", VALUES)
def test_paid_meanwhile_it_is_refused_with_what_changed_and_a_night_is_survived(kind: str, account, lin, chen) -> None:
    request = asked(kind, account, lin, chen)
    with on(TODAY + timedelta(days=1)):
        close_day(actor=ACTOR, through=TODAY)
        payment = pay(account, "100", "P3")
        with pytest.raises(Conflict, match=r"overdue 400\.00 then, 300\.00 now"):
            approve(chen, request)
        reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="x")
        approve(chen, request)


def test_a_payment_that_bounced_is_told_in_words_and_on_the_page(account, lin, chen) -> None:
    request = asked("acceleration", account, lin, chen)
    hers = signed_in(chen)
    page = hers.get(f"/approvals/{request.pk}/").content.decode()
    assert "When asked" in page
    assert "This changed" not in page
    reverse_payment(actor=ACTOR, payment_id=account.payments.get(ref="P2").pk, reason="Bounced")
    page = hers.get(f"/approvals/{request.pk}/").content.decode()
    assert "<li>overdue 400.00 then, 700.00 now</li>" in page
    answer = hers.post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": "1", "comment": ""})
    assert answer.status_code == 422
    assert "This changed since it was asked for: owed" in answer.content.decode()
    approvals.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="It bounced")
    again = asking.ask(actor=lin, account=account, kind="acceleration", reason="x", **VALUES["acceleration"])
    assert (again.pk, Decimal(again.preview["before"]["overdue"])) == (request.pk, 700)
    approve(chen, again)


def test_another_status_counts_unless_it_is_a_freeze(account, lin, chen) -> None:
    request = asked("final-date", account, lin, chen)
    change_status(actor=ACTOR, account_id=account.pk, to="charged-off", reason="x")
    with pytest.raises(Conflict, match="status “Active” then, “Charged off” now"):
        approve(chen, request)
    Account.objects.filter(pk=account.pk).update(status="frozen")
    approve(chen, request)


def test_a_freeze_is_of_what_was_shown_and_asked_again_once_sent_back(account, lin, chen) -> None:
    request = commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason="Late")
    pay(account, "100")
    with pytest.raises(Conflict, match=r"account A1: overdue 1,000\.00 then, 900\.00 now"):
        approve(chen, request)
    assert "overdue 1,000.00 then, 900.00 now" in signed_in(chen).get(f"/approvals/{request.pk}/").content.decode()
    approvals.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="She paid")
    assert signed_in(lin).post("/freezes/A1/", {"reason": "Late still"}).status_code == 302
    request.refresh_from_db()
    assert (request.status, request.reason) == ("pending", "Late still")
    approve(chen, request)
