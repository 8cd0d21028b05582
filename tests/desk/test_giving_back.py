"""Money that is nobody's goes back where one asks and another approves; until then it may still be posted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from accounts.errors import Conflict
from accounts.models import Payment, PaymentFile, UnmatchedPayment
from accounts.services.unmatched import match
from approvals import services as approvals
from approvals.models import Request
from desk import giving_back
from runs import clock
from staff.models import AuthorityLimit
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.freezing.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(account):
    return UserFactory(role="data-entry", team=None, display_name="Wu")


@pytest.fixture
def waiting(account) -> UnmatchedPayment:
    return arrived("X1", "70.50")


def arrived(ref: str, amount: str) -> UnmatchedPayment:
    file = PaymentFile.objects.create(
        received_at=clock.now(), business_day=TODAY, actor_name="Import", received=1, received_amount=Decimal(amount)
    )
    return UnmatchedPayment.objects.create(
        ref=ref, account_ref="a-1", amount=amount, effective_on=TODAY, recorded_at=clock.now(), file=file
    )


def approve(by, request: Request) -> None:
    approvals.approve(actor=by, request_id=request.pk, seen_version=request.version)


def test_one_asks_and_another_gives_back(waiting, clerk, chen) -> None:
    with pytest.raises(PermissionDenied):
        giving_back.ask(actor=UserFactory(), unmatched_id=waiting.pk, reason="x")
    request = giving_back.ask(actor=clerk, unmatched_id=waiting.pk, reason="Unknown sender")
    waiting.refresh_from_db()
    assert (waiting.status, request.amount, request.currency) == ("waiting", Decimal("70.50"), "")
    with pytest.raises(Conflict, match="asked for the same"):
        giving_back.ask(actor=chen, unmatched_id=waiting.pk, reason="x")
    with pytest.raises(PermissionDenied):
        approve(clerk, request)
    approve(chen, request)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.decided_by_name, waiting.reason) == ("returned", "Chen", "Unknown sender")
    with pytest.raises(Conflict, match="X1 is “Returned"):
        giving_back.ask(actor=clerk, unmatched_id=waiting.pk, reason="x")


def test_nobody_gives_back_what_she_asked_for_nor_more_than_her_limit(waiting, clerk, chen) -> None:
    UserFactory(role="supervisor")
    request = giving_back.ask(actor=chen, unmatched_id=waiting.pk, reason="x")
    with pytest.raises(Conflict, match="yourself"):
        approve(chen, request)
    limits = AuthorityLimit.objects.filter(kind="refund", role__code="supervisor", currency="")
    was = limits.values_list("most", flat=True).get()
    limits.update(most=None)
    much = giving_back.ask(actor=clerk, unmatched_id=arrived("X2", "20000.01").pk, reason="x")
    limits.update(most=was)
    with pytest.raises(Conflict, match=r"20,000\.01 is more than you may decide"):
        approve(chen, much)


def test_matched_meanwhile_it_is_refused_with_what_changed(waiting, clerk, chen) -> None:
    request = giving_back.ask(actor=clerk, unmatched_id=waiting.pk, reason="x")
    match(actor=clerk, unmatched_id=waiting.pk, account_ref="A1", reason="Hers")
    with pytest.raises(Conflict, match=f"X1 is “Matched” since {TODAY}, by Wu"):
        approve(chen, request)
    assert Payment.objects.get(ref="X1").amount == Decimal("70.50")


def test_on_the_pages(waiting, clerk, chen) -> None:
    desk, address = signed_in(clerk), f"/payments/unmatched/{waiting.pk}/"
    assert "Chen" in desk.get(address).content.decode(), "who must decide"
    assert desk.post(address, {"verb": "give-back", "back-reason": " "}).status_code == 422
    page = desk.post(address, {"verb": "give-back", "back-reason": "Unknown"}, follow=True).content.decode()
    assert "another person decides" in page
    assert "Ask to give it back" not in page
    assert "Post it on an account" in page, "it may be matched still"
    assert "Asked to be given back" in desk.get("/payments/unmatched/").content.decode()
    request = Request.objects.get()
    hers = signed_in(chen)
    assert "a-1" in hers.get(f"/approvals/{request.pk}/").content.decode()
    hers.post(f"/approvals/{request.pk}/", {"verb": "send-back", "seen_version": "1", "comment": "Which bank?"})
    assert "Which bank?" in desk.get(address).content.decode()
    assert desk.post(address, {"verb": "give-back", "back-reason": "Bank of X"}).status_code == 302
    hers.post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": "3", "comment": ""})
    assert "Returned to who sent it" in desk.get(address).content.decode()


def test_what_became_a_payment_has_its_currency(waiting, clerk) -> None:
    match(actor=clerk, unmatched_id=waiting.pk, account_ref="A1", reason="Hers")
    desk = signed_in(clerk)
    for address in (f"/payments/unmatched/{waiting.pk}/", "/payments/unmatched/?status=matched"):
        assert "¥70.50" in desk.get(address).content.decode()
