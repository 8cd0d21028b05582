"""Deciding about waivers: four eyes, and what the present no longer fits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.errors import Conflict
from accounts.models import Relief
from approvals import services as approvals
from approvals.models import Request
from runs import clock
from tests.factories import UserFactory
from tests.waivers.conftest import TODAY, WHOLE, approve, ask, fee, pay
from waivers.models import Waiver, WaiverPolicy
from waivers.selectors import Wanted
from waivers.services import asking

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checked")]


def test_nobody_approves_her_own_by_service_or_sql(account, chen) -> None:
    UserFactory(role="supervisor")
    waiver = ask(chen, account)
    with pytest.raises(Conflict, match="You asked for this yourself"):
        approve(chen, waiver)
    with pytest.raises(IntegrityError, match="request_decided_by_another"), transaction.atomic():
        Request.objects.filter(pk=waiver.request_id).update(
            status="approved", decided_by=chen, decided_at=clock.now(), decided_by_name="Chen"
        )
    waiver.refresh_from_db()
    assert waiver.status == "asked"
    assert fee(account) == WHOLE


def test_no_waiver_is_granted_behind_the_request_by_sql(account, lin) -> None:
    UserFactory(role="supervisor")
    waiver = ask(lin, account, condition_amount=Decimal(5), condition_on=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="its request is not approved"), transaction.atomic():
        Waiver.objects.filter(pk=waiver.pk).update(status="waiting", decided_on=TODAY)
    with pytest.raises(DatabaseError, match="may not be removed"), transaction.atomic():
        waiver.delete()


def test_what_was_decided_stays(account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account, condition_amount=Decimal(5), condition_on=TODAY + timedelta(days=9)))
    for values in ({"amount": 5}, {"condition_on": TODAY}, {"status": "asked"}, {"asked_by": chen.pk}):
        with pytest.raises(DatabaseError, match=r"decided|who asked"), transaction.atomic():
            Waiver.objects.filter(pk=waiver.pk).update(**values)


def test_beyond_her_authority_it_is_anothers_to_decide(account, lin) -> None:
    senior, _chief = UserFactory(role="senior-collector"), UserFactory(role="supervisor")
    waiver = ask(lin, account, basis="amount", amount=Decimal("200.01"))
    with pytest.raises(Conflict, match=r"200\.01 CNY is more than you may decide. Ask one of: Supervisor"):
        approve(senior, waiver)


# --- The present


def test_the_fee_was_paid_meanwhile(account, lin, chen) -> None:
    waiver = ask(lin, account)
    pay(account, "100500")
    with pytest.raises(
        Conflict, match=r"only 1,450\.00 CNY is left, not the 1,950\.00 asked for. Since then: payment P1 of"
    ):
        approve(chen, waiver)
    waiver.refresh_from_db()
    assert (waiver.status, Relief.objects.count()) == ("asked", 0)
    assert fee(account) == Decimal(1450)


def test_a_payment_that_leaves_the_fee_is_no_hindrance(account, lin, chen) -> None:
    waiver = ask(lin, account)
    pay(account, "5000")
    assert approve(chen, waiver).status == "granted"


def test_a_policy_that_changed_or_a_cap_that_is_used_up_refuses(account, lin, chen) -> None:
    waiver = ask(lin, account)
    WaiverPolicy.objects.filter(code="discretion").update(yearly_cap=1000)
    with pytest.raises(Conflict, match="By now the policy does not let it pass"):
        approve(chen, waiver)


def test_what_was_sent_back_is_asked_for_again_changed(account, lin, chen) -> None:
    waiver = ask(lin, account)
    approvals.send_back(actor=chen, request_id=waiver.request.pk, seen_version=1, comment="Half of it")
    wanted = Wanted(account.pk, "lender-error", "percent", percent=Decimal(50))
    with pytest.raises(PermissionDenied):
        asking.ask_again(actor=chen, waiver_id=waiver.pk, seen_version=2, wanted=wanted, reason="Half")
    asking.ask_again(actor=lin, waiver_id=waiver.pk, seen_version=2, wanted=wanted, reason="Half")
    approvals.approve(actor=chen, request_id=waiver.request.pk, seen_version=3)
    waiver.refresh_from_db()
    assert (waiver.status, waiver.granted) == ("granted", Decimal(975))


def test_a_rejected_one_frees_the_account(account, lin, chen) -> None:
    waiver = ask(lin, account)
    approvals.reject(actor=chen, request_id=waiver.request.pk, seen_version=1, comment="No")
    waiver = Waiver.objects.get()
    assert (waiver.is_refused, waiver.shown_status) == (True, "Rejected")
    assert ask(lin, account).status == "asked"
