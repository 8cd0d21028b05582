"""What the demo's people ask for can be decided by one of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account
from accounts.selectors.owed import owed_now
from accounts.services import posting
from delinquency.demo.decisions import Deeds, _late
from staff.models import AuthorityLimit, LimitKind, Role, User
from tests.restructuring.conftest import account, chen, today
from tests.restructuring.deeds import ACTOR, TODAY, bill, close_through, pay

__all__ = ["account", "chen", "today"]


@pytest.fixture
def small(account: Account) -> Account:
    """A late account that owes less than the other."""
    made = posting.open_account(
        actor=ACTOR, ref="A2", customer_id=account.customer_id, product_code="instalment", currency="CNY"
    )
    bill(made, "C1", date(2026, 1, 1), date(2026, 1, 20), "1000")
    return made


def test_of_late_accounts_the_first_that_the_supervisor_may_decide_about(
    account: Account, small: Account, chen: User
) -> None:
    owed = [owed_now([one.pk])[one.pk].total for one in (account, small)]
    AuthorityLimit.objects.create(
        role=Role.objects.get(code="supervisor"),
        kind=LimitKind.ACCELERATION,
        currency="CNY",
        effective_from=TODAY,
        most=min(owed),
        source="test",
    )
    deeds = Deeds.__new__(Deeds)
    deeds.supervisor, deeds.late = chen, iter([account, small])
    assert deeds.decidable(LimitKind.ACCELERATION) == small


def test_nobody_is_asked_about_whom_a_known_payment_will_clear(account: Account, small: Account, monkeypatch) -> None:
    monkeypatch.setattr("delinquency.demo.decisions.FEE_WORTH_A_DECISION", Decimal(1))
    close_through(TODAY)
    assert set(_late("M2")) == {account, small}
    pay(small, "P1", 1000, TODAY + timedelta(days=3))
    assert set(_late("M2")) == {account}
