"""The stock of a past day is what that day's own night was shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account, Hold, HoldKind
from accounts.services import holds, posting
from delinquency.close_of_day import close_day
from runs import clock
from strategy.history import prepare, stock_on
from strategy.stock import COLUMNS, Stock, stock_tonight
from tests.close_of_day.book import ACTOR, FIRST, NOON, make_book

pytestmark = pytest.mark.django_db

LAST = FIRST + timedelta(days=9)


def rows(stock: Stock) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(COLUMNS)} FROM ({stock.sql}) s ORDER BY account_id, stage, anchor_on", stock.parameters
        )
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def at(day: date, hour: int) -> datetime:
    """An hour of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, hour - 8, tzinfo=UTC)


def what_happens(day: date) -> None:
    """At noon of some days: money, a deferral that begins and is lifted, a hold of contact, a bill."""
    account = dict(Account.objects.values_list("ref", "pk"))
    if day == FIRST + timedelta(days=2):
        posting.post_payment(
            actor=ACTOR, account_id=account["A-new0"], ref="P-1", amount=Decimal("50.00"), effective_on=day
        )
        posting.post_payment(
            actor=ACTOR, account_id=account["A-new1"], ref="P-2", amount=Decimal("250.00"), effective_on=day
        )
        posting.post_payment(
            actor=ACTOR, account_id=account["A-ahead"], ref="P-3", amount=Decimal("80.00"), effective_on=day
        )
        posting.post_bill(
            actor=ACTOR,
            account_id=account["A-ahead"],
            ref="B-next",
            statement_on=day,
            due_on=day + timedelta(days=3),
            principal=Decimal("120.00"),
        )
    if day == FIRST + timedelta(days=3):
        holds.place_hold(
            actor=ACTOR,
            account_id=account["A-old0"],
            kind=HoldKind.DEFERRAL,
            starts_on=day,
            ends_on=day + timedelta(days=3),
        )
        holds.place_hold(
            actor=ACTOR,
            account_id=account["A-old1"],
            kind=HoldKind.CONTACT,
            starts_on=day,
            ends_on=day + timedelta(days=2),
        )
    if day == FIRST + timedelta(days=5):
        deferral = Hold.objects.get(kind=HoldKind.DEFERRAL)
        holds.lift_hold(actor=ACTOR, hold_id=deferral.pk, last_day=day - timedelta(days=1), reason="Paid")


def test_every_past_day_shows_what_its_night_was_shown() -> None:
    make_book()
    shown: dict[date, list[dict[str, Any]]] = {}
    day = FIRST
    while day <= LAST:
        with clock.frozen(max(at(day, 12), NOON)):
            what_happens(day)
        with clock.frozen(at(day, 23) + timedelta(minutes=30)):
            close_day(actor=ACTOR, day=day)
            shown[day] = rows(stock_tonight(day))
        day += timedelta(days=1)
    prepare(FIRST, LAST)
    for day, expected in shown.items():
        assert expected, day
        assert rows(stock_on(day)) == expected, day
    stages = {row["stage"] for found in shown.values() for row in found}
    assert stages == {"late", "before-due"}
    assert {row["promise"] for found in shown.values() for row in found} >= {"none", "broken"}
