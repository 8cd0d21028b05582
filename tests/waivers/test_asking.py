"""Asking for waivers: what is taken off, under which policy, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from accounts.errors import Conflict, Invalid
from accounts.models import Relief
from accounts.selectors.owed import owed_now
from accounts.services import posting
from approvals.models import Request
from cases.selectors.debts import debts
from compliance.models import CustomerFlag
from delinquency.close_of_day import close_day
from runs import clock
from tests.factories import UserFactory
from tests.waivers.conftest import ACTOR, TODAY, WHOLE, approve, ask, fee, late_account, on, pay, verbs
from waivers.models import Waiver, WaiverPolicy
from waivers.selectors import Wanted, preview

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checked")]


def test_a_waiver_is_asked_for_decided_by_another_and_taken_off_at_once(account, lin, chen) -> None:
    waiver = ask(lin, account)
    assert (waiver.status, waiver.amount, waiver.policy.code) == ("asked", WHOLE, "discretion")
    request = Request.objects.get()
    assert waiver.request == request
    assert (request.kind, request.amount, request.currency, request.subject_ref) == ("waiver", WHOLE, "CNY", "A1")
    assert request.preview["fee"] == "1950.00"
    assert (request.preview["fee_after"], request.preview["owed_after"]) == ("0.00", "100000.00")
    assert fee(account) == WHOLE
    approve(chen, waiver)
    assert (waiver.status, waiver.granted) == ("granted", WHOLE)
    made = Relief.objects.get()
    assert (made.ref, made.kind, made.amount, made.bill) == (f"W{waiver.pk}-1", "waiver", WHOLE, None)
    owed = owed_now([account.pk])[account.pk]
    assert (owed.late_fee_now, owed.total) == (0, Decimal(100000))
    assert verbs(waiver) == ["waiver.asked", "waiver.granted"]


def test_the_case_says_the_same_of_the_fee_as_the_money_desk(account, lin, chen) -> None:
    """Also once a relief took the account to the open day, whose own fee nobody can be asked for yet."""
    for percent in (None, 10, 90):
        if percent is not None:
            approve(chen, ask(lin, account, basis="percent", percent=Decimal(percent)))
        (shown,), owed = debts(account.customer_id, TODAY - timedelta(days=1)), owed_now([account.pk])[account.pk]
        assert (shown.late_fee, shown.owed) == (owed.late_fee_now, owed.total)


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"basis": "amount", "amount": Decimal("100.25")}, "100.25"),
        ({"basis": "percent", "percent": Decimal("33.33")}, "649.94"),
        ({"basis": "percent", "percent": Decimal(100)}, "1950.00"),
    ],
)
def test_part_of_the_fee_by_amount_or_percent(account, lin, chen, fields, amount) -> None:
    waiver = approve(chen, ask(lin, account, **fields))
    assert waiver.granted == Decimal(amount)
    assert fee(account) == WHOLE - Decimal(amount)


def test_what_one_bill_caused(account, lin, chen) -> None:
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref="B2",
        statement_on=date(2026, 1, 20),
        due_on=date(2026, 2, 9),
        principal=Decimal(50000),
    )
    second = account.bills.get(ref="B2")
    # 25.00 on each of the 19 days from 10 to 28 February, beside the 1,950.00 of the first.
    waiver = approve(chen, ask(lin, account, basis="bill", bill_id=second.pk))
    assert waiver.granted == Decimal("475.00")
    assert fee(account) == WHOLE


def test_a_policy_grants_a_little_by_itself(lin) -> None:
    account = late_account("2", "2000")
    pay(account, "100", day=TODAY - timedelta(days=3))
    waiver = ask(lin, account, reason_code="first")
    assert (waiver.status, waiver.request, waiver.policy.code) == ("granted", None, "first-time")
    assert Request.objects.count() == 0
    assert fee(account) == 0
    assert verbs(waiver) == ["waiver.asked", "waiver.granted"]


def test_the_second_in_a_year_is_not_the_first(lin) -> None:
    UserFactory(role="supervisor")
    account = late_account("2", "2000")
    pay(account, "100", day=TODAY - timedelta(days=3))
    ask(lin, account, reason_code="first", basis="amount", amount=Decimal(10))
    waiver = ask(lin, account, reason_code="first", basis="amount", amount=Decimal(10))
    assert (waiver.status, waiver.policy.code) == ("asked", "repayment")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"basis": "amount", "amount": Decimal("1950.01")},
            "1,950.01 is more than there is to waive: at most 1,950.00 CNY",
        ),
        ({"basis": "amount", "amount": Decimal(0)}, "0 is no amount"),
        ({"basis": "percent", "percent": Decimal(101)}, "101 is no percentage"),
        ({"basis": "bill", "bill_id": 0}, "Choose a bill of account A1"),
        ({"condition_on": TODAY}, "enter both, or neither"),
        ({"condition_on": TODAY - timedelta(days=1), "condition_amount": Decimal(5)}, "2026-02-28 is no day"),
        ({"condition_on": TODAY, "condition_amount": Decimal(-5)}, "-5 is no amount"),
        (
            {"condition_on": TODAY, "condition_amount": Decimal("100000.01")},
            r"100,000\.01 cannot be agreed as the payment: once this is waived, 100,000\.00 CNY is owed",
        ),
        ({"reason_code": "first"}, "“First time late, and repays”: no money came"),
        ({"reason_code": "hardship", "basis": "amount", "amount": Decimal(1)}, ""),
        ({"needs_id": 4711}, "W4711 is none that this could wait for"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(account, lin, fields, said) -> None:
    UserFactory(role="supervisor")
    if not said:
        assert ask(lin, account, **fields).policy.code == "discretion"
        return
    with pytest.raises(Invalid, match=said):
        ask(lin, account, **fields)
    assert not Waiver.objects.exists()
    assert not Request.objects.exists()


def test_hardship_needs_the_flag_and_the_cap_is_for_the_year(account, lin, chen) -> None:
    WaiverPolicy.objects.exclude(code="hardship").update(in_use=False)
    with pytest.raises(Invalid, match="“Hardship relief”: the customer is not in hardship"):
        ask(lin, account, reason_code="hardship")
    CustomerFlag.objects.create(
        customer=account.customer,
        kind="hardship",
        from_on=TODAY,
        evidence="x",
        placed_at=clock.now(),
        placed_by_name="x",
    )
    WaiverPolicy.objects.filter(code="hardship").update(yearly_cap=1600)
    approve(chen, ask(lin, account, reason_code="hardship", basis="amount", amount=Decimal(1500)))
    with pytest.raises(Invalid, match=r"more than the 100\.00 CNY that may still be waived"):
        ask(lin, account, reason_code="hardship", basis="amount", amount=Decimal("100.01"))
    with on(TODAY + timedelta(days=366)):
        close_day(actor=ACTOR, day=TODAY + timedelta(days=365))
        found = preview(Wanted(account.pk, "hardship", "amount", Decimal(1500)))
        assert found.policy is not None


def test_one_is_asked_for_at_a_time_and_only_by_who_may(account, lin, chen) -> None:
    ask(lin, account, basis="amount", amount=Decimal(1))
    with pytest.raises(Conflict, match="Lin asked for a waiver on account A1 already"):
        ask(chen, account, basis="amount", amount=Decimal(2))
    for user in (UserFactory(role="auditor"), UserFactory(role="")):
        with pytest.raises(PermissionDenied):
            ask(user, late_account(user.username))
    far = UserFactory(team=None)
    with pytest.raises(PermissionDenied):
        ask(far, late_account("9"))
