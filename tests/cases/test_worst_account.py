"""Which of a customer's late accounts a case speaks of."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account
from accounts.selectors.verify import account_range, differences
from accounts.services import holds, posting
from cases.models import Case
from runs import clock
from tests.close_of_day.book import ACTOR, NOON, owe
from tests.nights import close_night

pytestmark = pytest.mark.django_db


def test_an_account_that_overtakes_a_deferred_one_becomes_the_worst_without_a_change_of_standing() -> None:
    with clock.frozen(NOON):
        deferred = Account.objects.get(pk=owe("two", due_on=date(2026, 3, 10)))
        holds.place_hold(
            actor=ACTOR, account_id=deferred.pk, kind="deferral", starts_on=date(2026, 3, 16), ends_on=None, reason=""
        )
        running = posting.open_account(
            actor=ACTOR, ref="A-running", customer_id=deferred.customer_id, product_code="plain", currency="CNY"
        )
        posting.post_bill(
            actor=ACTOR,
            account_id=running.pk,
            ref="B-running",
            statement_on=date(2026, 3, 1),
            due_on=date(2026, 3, 28),
            principal=Decimal("10.00"),
        )
        clocks = []
        for days in range(5):
            close_night(date(2026, 3, 30) + timedelta(days=days))
            assert list(differences(*account_range())) == []
            case = Case.objects.get(customer=deferred.customer_id)
            clocks.append((case.clock_from_on, case.clock_stopped_on))
    assert clocks[0] == (date(2026, 3, 10), date(2026, 3, 15))
    assert clocks[-1] == (date(2026, 3, 28), None)
