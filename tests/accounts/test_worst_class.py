"""The policy that carries a customer's worst risk class to all his accounts: dated, and off unless somebody dates it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Account, RiskTable
from accounts.selectors.explain import explain
from accounts.selectors.standings import Asked, standings_csv
from accounts.services import customers, posting
from audit.services import SystemActor
from runs import clock

ACTOR = SystemActor("test")
DAY = date(2026, 6, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_accounts() -> Iterator[list[Account]]:
    """One customer: one account late since January, one that owes nothing. And a stranger who owes nothing."""
    with clock.frozen(datetime(2026, 6, 2, 4, tzinfo=UTC)):
        made = []
        for ref, customer in (("late", "K1"), ("clean", "K1"), ("other", "K2")):
            owner = next((account.customer_id for account in made if account.customer.ref == customer), None)
            owner = owner or customers.register_customer(actor=ACTOR, ref=customer, name="王小明").pk
            made.append(
                posting.open_account(actor=ACTOR, ref=ref, customer_id=owner, product_code="plain", currency="CNY")
            )
        posting.post_bill(
            actor=ACTOR,
            account_id=made[0].pk,
            ref="B1",
            statement_on=date(2026, 1, 1),
            due_on=date(2026, 1, 20),
            principal=Decimal(100),
        )
        yield made


def classes() -> dict[str, str]:
    rows = csv.DictReader(io.StringIO("".join(standings_csv(Asked(DAY), processes=1)), newline=""))
    return {row["account_ref"]: row["risk_class"] for row in rows}


def test_each_account_has_its_own_class_unless_the_policy_says_otherwise() -> None:
    assert classes() == {"late": "substandard", "clean": "normal", "other": "normal"}


def test_under_the_policy_the_worst_class_is_that_of_all_of_the_customers_accounts(two_accounts: list[Account]) -> None:
    RiskTable.objects.update(worst_spreads=True)
    assert classes() == {"late": "substandard", "clean": "substandard", "other": "normal"}
    told = explain(two_accounts[1], as_of=DAY)
    assert told.how_late.risk_class == "substandard"
    assert any("that of account late" in sentence for sentence in told.sentences)
    assert explain(two_accounts[2], as_of=DAY).how_late.risk_class == "normal"
