"""Which rules are kept back by one before them: what is said is so in the night as well."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from strategy.models import Version
from strategy.order import behind
from strategy.services import versions
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.strategy.conftest import DAY, late, rule
from tests.strategy.test_matching import matched
from tests.strategy.test_rules import GOOD

WIDE: dict[str, Any] = {
    "products": [],
    "buckets": [],
    "kinds": [],
    "risk_classes": [],
    "languages": [],
    "currency": "",
    "reachable_by": "",
    "every_days": None,
    "templates": ["mail"],
}


def kept_back(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, bool]]:
    rules = [
        SimpleNamespace(**{**GOOD, **WIDE, "code": code, **fields})
        for code, fields in (("one", before), ("two", after))
    ]
    found = behind(rules, frozenset({"notice"}))
    assert all((one.code, one.before) == ("two", "one") for one in found)
    return [("two", one.is_never) for one in found]


DAILY = {"every_days": 1}
ONE_DAY = {"days_from": 5, "days_to": 5}


@pytest.mark.parametrize(
    ("before", "after", "is_never"),
    [
        (DAILY, {}, True),
        (DAILY, {"days_from": 8, "days_to": 9, "buckets": ["M1"], "currency": "CNY", "amount_from": 5}, True),
        ({**DAILY, "buckets": ["M1", "M2"]}, {"buckets": ["M2"]}, True),
        ({**DAILY, "currency": "CNY", "amount_from": 5}, {"currency": "CNY", "amount_from": 5}, True),
        ({**DAILY, "days_to": 9}, {"days_to": 9, "promise": "open", "reachable_by": "sms"}, True),
        ({**DAILY, "action": "call"}, {"action": "call"}, True),
        (ONE_DAY, ONE_DAY, False),
        ({**ONE_DAY, "every_days": 7}, {**ONE_DAY, "products": ["plain"]}, False),
    ],
    ids=str,
)
def test_these_are_kept_back(before: dict[str, Any], after: dict[str, Any], is_never: bool) -> None:
    assert kept_back(before, after) == [("two", is_never)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"every_days": 2}, {}),
        ({"days_from": 1, "days_to": 30}, ONE_DAY),
        ({**DAILY, "days_to": 9}, {}),
        ({**DAILY, "days_from": 2}, {}),
        ({**DAILY, "buckets": ["M1"]}, {}),
        ({**DAILY, "buckets": ["M1"]}, {"buckets": ["M1", "M2"]}),
        ({**DAILY, "currency": "CNY"}, {}),
        ({**DAILY, "currency": "CNY", "amount_from": 5}, {"currency": "CNY", "amount_from": 4}),
        ({**DAILY, "currency": "CNY", "amount_to": 5}, {"currency": "CNY"}),
        ({**DAILY, "promise": "open"}, {"promise": "none"}),
        ({**DAILY, "reachable_by": "sms"}, {}),
        (DAILY, {"action": "call"}),
        (DAILY, {"stage": "promise"}),
        # They reach the hold-out, and make room where they cannot go.
        (DAILY, {"templates": ["notice"]}),
        ({**DAILY, "templates": ["notice"]}, {}),
        ({**DAILY, "action": "bureau-notice"}, {}),
    ],
    ids=str,
)
def test_these_have_their_turn(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert kept_back(before, after) == []


def test_so_it_is_in_the_night(version: Version) -> None:
    rule(version, "daily", action="message", templates=["x"], every_days=1)
    rule(version, "never", action="message", templates=["x"], days_from=2)
    rule(version, "seldom", days_from=3, days_to=3)
    rule(version, "same-day", days_from=3, days_to=3)
    account = late(3)
    before = [
        (account.customer_id, account.pk, code, DAY - timedelta(days=3), DAY - timedelta(days=1))
        for code in ("daily", "seldom")
    ]
    assert matched(version) == {("daily", account.pk), ("seldom", account.pk)}
    # Done under an earlier strategy: then the other has its turn, and the one behind what is done daily has not.
    assert matched(version, earlier=before) == {("daily", account.pk), ("same-day", account.pk)}


@pytest.mark.django_db
def test_the_editor_the_strategy_and_who_asks_for_activation_are_told() -> None:
    writer = UserFactory(role="supervisor", team=None)
    draft = versions.draft(actor=writer, title="Two", based_on=Version.objects.get(number=1).pk)
    for code, fields in (("daily", {"every_days": 1}), ("never", {"days_from": 5})):
        draft.refresh_from_db()
        given = {"code": code, "title": code.title(), "days_from": 1, "action": "freeze", **fields}
        versions.add_rule(actor=writer, version_id=draft.pk, seen_edits=draft.edits, fields=given)
    client = signed_in(writer)
    for name in ("strategy-edit", "strategy-version", "strategy-activate"):
        page = client.get(reverse(name, args=[draft.number])).content.decode()
        assert page.count("Never reached: “Daily” before it fits whatever this one fits, every day.") == 1, name
