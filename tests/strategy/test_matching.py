"""Which rule applies to whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from cases.models import Promise, PromiseInstalment
from strategy.matching import Earlier, match
from strategy.models import Version
from strategy.rules import arm_of
from strategy.stock import COLUMNS, stock_tonight
from tests.factories import MOMENT, AccountFactory, CaseFactory, ContactPointFactory, CustomerFactory, HoldFactory
from tests.strategy.conftest import DAY, due_in, late, new_version, rule, split

_EARLIER = ("customers", "accounts", "codes", "anchors", "days")


def _whole(one: tuple[Any, ...]) -> tuple[Any, ...]:
    """What was done before; queued, unless it tells an outcome and until when that is tried again."""
    return one if len(one) > len(_EARLIER) else (*one, "queued", None)


def matched(*versions: Any, earlier: list[tuple[Any, ...]] = (), day: Any = DAY, **shares: int) -> set[tuple[str, int]]:
    """(code, account) of all that applies."""
    return {(row["code"], row["account_id"]) for row in rows(*versions, earlier=earlier, day=day, **shares)}


def rows(*versions: Any, earlier: list[tuple[Any, ...]] = (), day: Any = DAY, **shares: int) -> list[dict[str, Any]]:
    before = Earlier(
        """SELECT * FROM unnest(%(earlier_customers)s::bigint[], %(earlier_accounts)s::bigint[], %(earlier_codes)s::text[],
                %(earlier_anchors)s::date[], %(earlier_days)s::date[], %(earlier_outcomes)s::text[], %(earlier_untils)s::date[])
           AS e (customer_id, account_id, code, anchor_on, business_day, outcome, again_until)""",
        dict(
            zip(
                [f"earlier_{name}" for name in (*_EARLIER, "outcomes", "untils")],
                [list(column) for column in zip(*(_whole(one) for one in earlier), strict=True)] or [[]] * 7,
                strict=True,
            )
        ),
    )
    match(stock_tonight(day), split(*versions, **shares), day, earlier=before)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM strategy_match ORDER BY account_id, code")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.django_db
def test_the_stock_has_the_agreed_columns() -> None:
    stock = stock_tonight(DAY)
    with connection.cursor() as cursor:
        cursor.execute(stock.sql, stock.parameters)
        assert tuple(column[0] for column in cursor.description) == COLUMNS


def test_days_count_from_the_stages_own_date(version: Version) -> None:
    rule(version, "late", days_from=2, days_to=4)
    rule(version, "soon", stage="before-due", days_from=1, days_to=3, action="message", templates=["pre-due"])
    for days in (1, 5):
        late(days)
    wanted = {("late", late(days).pk) for days in (2, 4)}
    for days in (-1, 0, 4):
        due_in(days)
    wanted |= {("soon", due_in(days).pk) for days in (1, 3)}
    assert matched(version) == wanted


def test_a_deferral_stops_the_days(version: Version) -> None:
    rule(version, "late", days_from=2, days_to=4)
    account = late(30, clock_stopped_on=DAY - timedelta(days=27))
    assert matched(version) == {("late", account.pk)}


CONDITIONS: list[tuple[Mapping[str, Any], bool]] = [
    ({}, True),
    ({"products": ["plain", "revolving"]}, True),
    ({"products": ["revolving"]}, False),
    ({"buckets": ["M1"]}, True),
    ({"buckets": ["M2", "M3"]}, False),
    ({"kinds": ["single"]}, True),
    ({"kinds": ["full"]}, False),
    ({"risk_classes": ["special-mention"]}, True),
    ({"risk_classes": ["loss"]}, False),
    ({"languages": ["en"]}, True),
    ({"languages": ["zh-hans"]}, False),
    ({"currency": "CNY"}, True),
    ({"currency": "USD"}, False),
    ({"currency": "CNY", "amount_from": Decimal("10480.55")}, True),
    ({"currency": "CNY", "amount_from": Decimal("10480.56")}, False),
    ({"currency": "CNY", "amount_to": Decimal("10480.55")}, True),
    ({"currency": "CNY", "amount_to": Decimal("10480.54")}, False),
    ({"currency": "USD", "amount_from": Decimal(1)}, False),
    ({"promise": "none"}, True),
    ({"promise": "open"}, False),
    ({"promise": "broken"}, False),
    ({"reachable_by": "email"}, True),
    ({"reachable_by": "sms"}, False),
    ({"buckets": ["M1"], "products": ["revolving"]}, False),
]


@pytest.mark.parametrize(("conditions", "fits"), CONDITIONS, ids=str)
def test_each_condition(version: Version, conditions: dict[str, Any], fits: bool) -> None:
    rule(version, "one", **conditions)
    account = late()
    assert matched(version) == ({("one", account.pk)} if fits else set())


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh-Hans", "zh-hans"), ("zh-hant", "zh-hans"), ("en-GB", "en"), ("", "zh-hans"), ("fr", "en")],
)
def test_the_language_is_that_in_which_we_write(version: Version, locale: str, language: str) -> None:
    from reminders.rendering import language_for

    rule(version, "one", languages=[language])
    account = late(customer=CustomerFactory(locale=locale))
    assert language_for(locale) == language
    assert matched(version) == {("one", account.pk)}


@pytest.mark.parametrize("wrong", [{"relationship": "co-debtor"}, {"permitted": None}, {"verification": "unverified"}])
def test_reachable_by_her_own_usable_contact_point(version: Version, wrong: dict[str, Any]) -> None:
    rule(version, "one", reachable_by="sms")
    ContactPointFactory(customer=late().customer, kind="mobile", clear="13800001111", **wrong)
    account = late()
    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002222")
    assert matched(version) == {("one", account.pk)}


def promise(late_account: Any, days: int, **fields: Any) -> Promise:
    case = late_account.customer.cases.get()
    made = Promise.objects.create(
        **{"case": case, "currency": "CNY", "amount": 50, "made_on": DAY, "made_at": MOMENT, **fields}
    )
    PromiseInstalment.objects.create(
        promise=made, number=1, due_on=DAY + timedelta(days=days), amount=50, status=made.status
    )
    return made


def test_promises_open_and_broken(version: Version) -> None:
    rule(version, "open", promise="open")
    rule(version, "broken", promise="broken")
    rule(version, "soon", stage="promise", days_from=1, days_to=2, action="message", templates=["x"])
    kept = late()
    promise(kept, 2, account=kept)
    far = late()
    promise(far, 3)
    over = late()
    promise(over, 0)
    unnamed = late()
    second = late(customer=unnamed.customer)
    promise(unnamed, 1)
    broken = late()
    promise(broken, 1, status="broken")
    broken.customer.cases.update(promise_broken_on=DAY)
    late()
    assert matched(version) == {
        *(("open", account.pk) for account in (kept, far, over, unnamed, second)),
        ("broken", broken.pk),
        ("soon", kept.pk),
        ("soon", unnamed.pk),
    }


def test_only_what_is_billed_and_unmet_of_who_is_not_late_falls_due(version: Version) -> None:
    rule(version, "soon", stage="before-due", days_from=1, days_to=9, action="message", templates=["x"])
    due_in(3, allocated=Decimal(2310))
    due_in(3, statement_on=DAY + timedelta(days=1))
    was_late = late()
    from tests.factories import BillFactory

    BillFactory(account=was_late, due_on=DAY + timedelta(days=3))
    account = due_in(3, allocated=Decimal(310))
    (found,) = rows(version)
    assert (found["account_id"], found["amount"], found["anchor_on"]) == (
        account.pk,
        Decimal(2000),
        DAY + timedelta(days=3),
    )


@pytest.mark.parametrize(("kind", "left_out"), [("contact", True), ("treatment", True), ("fees", False)])
def test_accounts_on_hold_are_left_out(version: Version, kind: str, left_out: bool) -> None:
    rule(version, "one")
    rule(version, "soon", stage="before-due", days_from=1, days_to=9, action="message", templates=["x"])
    for account in (late(), due_in(3)):
        HoldFactory(account=account, kind=kind)
    assert bool(matched(version)) is not left_out


def test_of_a_person_the_first_rule_in_order_writes_and_calls(version: Version) -> None:
    # The later rule stands first in the database, and its account has the lower key.
    rule(version, "second", buckets=["M1"], action="message", templates=["x"], position=20_002)
    rule(version, "first", buckets=["M2"], action="message", templates=["x"], position=20_001)
    one = late(bucket="M1")
    both = [late(customer=one.customer, bucket="M2") for _ in range(2)]
    other = late(bucket="M1")
    assert matched(version) == {*(("first", account.pk) for account in both), ("second", other.pk)}


def test_of_each_account_the_first_rule_in_order_proposes(version: Version) -> None:
    rule(version, "first", buckets=["M2"])
    rule(version, "second")
    rule(version, "plan", action="plan")
    one = late(bucket="M1")
    two = late(customer=one.customer, bucket="M2")
    assert matched(version) == {("second", one.pk), ("first", two.pk), ("plan", one.pk), ("plan", two.pk)}


def test_a_rule_applies_once_in_a_spell_and_then_the_next_has_its_turn(version: Version) -> None:
    rule(version, "first", action="message", templates=["x"])
    rule(version, "second", days_from=3, action="message", templates=["x"])
    account = late(3)
    key, person = account.pk, account.customer_id
    anchor, yesterday = DAY - timedelta(days=3), DAY - timedelta(days=1)
    assert matched(version) == {("first", key)}
    assert matched(version, earlier=[(person, key, "first", anchor, yesterday)]) == {("second", key)}
    earlier_spell = (person, key, "first", anchor - timedelta(days=90), DAY - timedelta(days=90))
    assert matched(version, earlier=[earlier_spell]) == {("first", key)}
    both = [(person, key, code, anchor, yesterday) for code in ("first", "second")]
    assert matched(version, earlier=both) == set()


def test_a_repeated_rule_waits_its_days(version: Version) -> None:
    rule(version, "weekly", action="message", templates=["x"], every_days=7)
    rule(version, "freeze-weekly", every_days=7)
    account = late(30)
    second = late(20, customer=account.customer)
    for ago, due in ((0, False), (6, False), (7, True)):
        before = [
            (account.customer_id, account.pk, code, DAY - timedelta(days=30), DAY - timedelta(days=ago))
            for code in ("weekly", "freeze-weekly")
        ]
        wanted = {("weekly", account.pk), ("weekly", second.pk), ("freeze-weekly", account.pk)} if due else set()
        # A message is the person's, a proposal the account's.
        assert matched(version, earlier=before) == wanted | {("freeze-weekly", second.pk)}


def test_arms_are_the_same_in_sql_and_python_and_have_their_shares(version: Version) -> None:
    challenger = new_version(901)
    rule(version, "champion")
    rule(challenger, "challenger")
    rule(version, "law", action="bureau-notice", templates=["demand-letter"])
    for _ in range(200):
        late()
    found = rows(version, challenger, share=30, holdout=20)
    assert len(found) == 200 + sum(row["code"] == "law" for row in found)
    counts = {"champion": 0, "challenger": 0, "holdout": 0}
    for row in found:
        arm = arm_of(row["customer_id"], "salt", 20, 30)
        assert row["arm"] == arm
        assert row["held_out"] is (arm == "holdout" and row["code"] != "law")
        assert row["code"] in (("challenger",) if arm == "challenger" else ("champion", "law"))
        counts[arm] += row["code"] != "law"
    assert 30 <= counts["challenger"] <= 90
    assert 20 <= counts["holdout"] <= 70


def test_shares_are_even_over_many_and_salts_are_independent() -> None:
    people = range(1, 100_001)
    first = [arm_of(person, "a", 10, 20) for person in people]
    second = [arm_of(person, "b", 10, 20) for person in people]
    assert abs(first.count("holdout") / 100_000 - 0.10) < 0.005
    assert abs(first.count("challenger") / 100_000 - 0.20) < 0.005
    both = sum(one == two == "holdout" for one, two in zip(first, second, strict=True))
    assert abs(both / 100_000 - 0.01) < 0.002


def test_a_notice_that_the_law_demands_reaches_the_hold_out(version: Version) -> None:
    rule(version, "message", action="message", templates=["overdue-sms"])
    rule(version, "notice", action="message", templates=["demand-letter"])
    account = late()
    found = {(row["code"], row["held_out"]) for row in rows(version, holdout=100)}
    assert found == {("message", True), ("notice", False)}
    assert matched(version, holdout=0) == {("message", account.pk)}


def test_an_announcement_without_templates_takes_nobodys_place(version: Version) -> None:
    rule(version, "old", action="bureau-notice")
    rule(version, "message", action="message", templates=["overdue-sms"])
    account = late()
    assert matched(version) == {("message", account.pk)}


def test_an_account_with_two_bills_ahead_is_there_once_for_the_first(version: Version) -> None:
    from tests.factories import BillFactory

    rule(version, "soon", stage="before-due", days_from=1, days_to=9, action="message", templates=["x"])
    account = due_in(5)
    BillFactory(account=account, due_on=DAY + timedelta(days=2))
    (found,) = rows(version)
    assert found["anchor_on"] == DAY + timedelta(days=2)


def test_one_statement_whatever_the_size(version: Version, django_assert_num_queries: Any) -> None:
    rule(version, "one")
    for _ in range(3):
        late()
    CaseFactory(customer=AccountFactory().customer)
    with django_assert_num_queries(6):
        match(stock_tonight(DAY), split(version), DAY)
