"""Plans asked for about the end of a month, whose close posts the late fees that accrued."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.selectors.owed import owed_now
from delinquency.close_of_day import close_day
from restructuring.selectors.position import position
from runs import clock
from tests.restructuring.deeds import ACTOR, close_through, noon, proved, running

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("closed", [date(2026, 3, day) for day in (28, 29, 30)], ids=str)
@pytest.mark.parametrize("behind", [0, 1], ids=["the day itself", "the day after"])
def test_what_was_asked_for_is_decided_as_it_was_asked(closed: date, behind: int, account, lin, chen, terms) -> None:
    close_through(closed - timedelta(days=1))
    with clock.frozen(noon(closed + timedelta(days=behind))):
        close_day(actor=ACTOR, day=closed)
        owed = owed_now([account.pk])[account.pk]
        # The open day's own late fee is asked of nobody before it is over.
        assert position(account).owed.late_fee_now == owed.late_fee_now > 0
        plan = running(lin, chen, account, terms)
        assert (plan.status, plan.late_fee) == ("running", owed.late_fee_now)
        proved(account)
