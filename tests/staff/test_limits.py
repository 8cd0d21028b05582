"""What somebody may decide alone: by the day, by the currency, by the best of the roles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser

from staff.limits import NO_AUTHORITY, WITHOUT_LIMIT, ask_further, limit_of, limits_of, within
from staff.models import AuthorityLimit, Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 25)


def allow(role: str, most: int | None, on: date = date(2021, 1, 1), kind: str = "promise-days", currency: str = ""):
    return AuthorityLimit.objects.create(
        role=Role.objects.get(code=role), kind=kind, most=most, currency=currency, effective_from=on, source="Test"
    )


def test_the_installed_roles_have_their_limits() -> None:
    assert limit_of(UserFactory(), "promise-days", DAY) == 14
    assert limit_of(UserFactory(role="supervisor"), "hold-days", DAY) == 180


def test_who_has_no_role_that_decides_has_no_authority() -> None:
    for user in (UserFactory(role=""), UserFactory(role="auditor"), UserFactory(is_active=False), AnonymousUser()):
        assert limit_of(user, "promise-days", DAY) is NO_AUTHORITY
        assert not within(user, "promise-days", 0, DAY)


def test_even_a_superuser_decides_by_role_alone() -> None:
    assert limit_of(UserFactory(role="", is_superuser=True), "hold-days", DAY) is NO_AUTHORITY


def test_the_newest_row_in_force_counts_even_when_it_is_lower() -> None:
    allow("collector", 7, date(2026, 11, 25))
    allow("collector", 99, date(2026, 11, 26))
    user = UserFactory()
    assert limit_of(user, "promise-days", date(2026, 11, 24)) == 14
    assert limit_of(user, "promise-days", DAY) == 7
    assert limit_of(user, "promise-days", date(2026, 11, 26)) == 99
    assert limit_of(user, "promise-days", date(2019, 12, 31)) is NO_AUTHORITY


def test_of_several_roles_the_highest_counts() -> None:
    user = UserFactory()
    user.groups.add(Role.objects.get(code="supervisor"))
    assert limit_of(user, "promise-days", DAY) == 92


def test_a_role_without_limit_is_above_every_amount() -> None:
    user = UserFactory()
    user.groups.add(Role.objects.get(code="supervisor"))
    allow("collector", None)
    assert limit_of(user, "promise-days", DAY) is WITHOUT_LIMIT
    assert within(user, "promise-days", Decimal("1e9"), DAY)


def test_the_limit_itself_is_within_and_one_more_is_not() -> None:
    assert within(UserFactory(), "promise-days", 14, DAY)
    assert not within(UserFactory(), "promise-days", 15, DAY)


def test_a_limit_is_of_one_currency_only() -> None:
    allow("collector", 500, kind="waiver", currency="CNY")
    user = UserFactory()
    assert within(user, "waiver", Decimal("500.00"), DAY, "CNY")
    assert limit_of(user, "waiver", DAY, "USD") is NO_AUTHORITY
    assert limit_of(user, "waiver", DAY) is NO_AUTHORITY


def test_a_limit_costs_one_query(django_assert_num_queries) -> None:
    user = UserFactory()
    with django_assert_num_queries(1):
        limit_of(user, "promise-days", DAY)


def test_all_limits_at_once_are_each_limit(django_assert_num_queries) -> None:
    user = UserFactory()
    user.groups.add(Role.objects.get(code="supervisor"))
    allow("collector", 500, kind="waiver", currency="CNY")
    allow("supervisor", None, kind="waiver", currency="CNY")
    allow("supervisor", 70, kind="waiver", currency="USD")
    allow("auditor", 900, kind="write-off", currency="CNY")
    with django_assert_num_queries(1):
        found = limits_of(user, DAY)
    assert found == {
        ("hold-days", ""): 180, ("promise-days", ""): 92, ("waiver", "CNY"): WITHOUT_LIMIT, ("waiver", "USD"): 70,
        ("restructuring", "CNY"): 100_000, ("refund", "CNY"): 20_000, ("write-off", "CNY"): 50_000,
        ("acceleration", "CNY"): 50_000, ("refund", ""): 20_000,
    }  # fmt: skip
    assert all(limit_of(user, kind, DAY, currency) == limit for (kind, currency), limit in found.items())
    assert limits_of(UserFactory(is_active=False), DAY) == limits_of(AnonymousUser(), DAY) == {}


def test_who_may_decide_further_is_named_by_role() -> None:
    allow("collector", 500, kind="waiver", currency="CNY")
    allow("supervisor", 1000, kind="waiver", currency="CNY")
    allow("auditor", None, kind="waiver", currency="CNY")
    asked = {"kind": "waiver", "on": DAY, "currency": "CNY"}
    assert ask_further(value=1000, **asked) == " Ask one of: Auditor, Supervisor."
    assert ask_further(value=None, **asked) == " Ask one of: Auditor."
    assert ask_further(value=500, permission="accounts.change_hold", **asked) == " Ask one of: Supervisor."
    assert ask_further(value=1001, permission="accounts.change_hold", **asked) == ""
    assert ask_further(value=1, kind="waiver", on=DAY, currency="USD") == ""
