"""What is looked at and set up in tests of requests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from accounts.models import Account
from approvals.models import Request
from approvals.selectors import history
from staff.models import AuthorityLimit, Role
from tests.kinds import asked


def limit_of(account: Account) -> Decimal:
    return Account.objects.values_list("credit_limit", flat=True).get(pk=account.pk)


def verbs(request: Request) -> list[str]:
    return [event.verb for event in history(request)][::-1]


def allow(role: str, most: int | None, currency: str = "CNY") -> None:
    AuthorityLimit.objects.create(
        role=Role.objects.get(code=role), kind="test-amount", most=most, currency=currency,
        effective_from=date(2021, 1, 1), source="Test",
    )  # fmt: skip


def sql(statement: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def limited(by, account, amount: str, currency: str = "CNY") -> Request:
    return asked(by, account, kind="limited-credit-limit", amount=Decimal(amount), currency=currency)
