"""Which days may be asked for: nothing is called due in the past, nor out of sight; what was expected is said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from accounts.services.posting import post_bill
from approvals import services as approvals
from desk import asking
from tests.freezing.conftest import ACTOR, TODAY, on

pytestmark = pytest.mark.django_db
DAY, YEAR = timedelta(days=1), timedelta(days=366)


def test_a_final_date_is_neither_past_nor_before_a_bill_nor_beyond_ten_years(account, lin, chen) -> None:
    last = date(2036, 5, 1)
    for day in (date(2020, 1, 1), TODAY - DAY, last + DAY):
        with pytest.raises(Invalid, match=f"{day} cannot be .* from {TODAY} to {last}"):
            asking.final_date(account, final_due_on=day)
    for day in (TODAY, last):
        assert asking.final_date(account, final_due_on=day).amount > 1000
    due = TODAY + 20 * DAY
    post_bill(actor=ACTOR, account_id=account.pk, ref="B2", statement_on=TODAY, due_on=due, principal=500)
    with pytest.raises(Invalid, match=f"from {due} to"):
        asking.final_date(account, final_due_on=due - DAY)
    request = asking.ask(actor=lin, account=account, kind="final-date", final_due_on=due, reason="x")
    with on(due + DAY), pytest.raises(Conflict, match="expired"):
        approvals.approve(actor=chen, request_id=request.pk, seen_version=1)


def test_a_final_date_that_came_while_it_waited_is_refused(account, lin, chen) -> None:
    request = asking.ask(actor=lin, account=account, kind="final-date", final_due_on=TODAY, reason="x")
    with on(TODAY + DAY), pytest.raises(Conflict, match=f"{TODAY} cannot be the final due date"):
        approvals.approve(actor=chen, request_id=request.pk, seen_version=1)


@pytest.mark.parametrize(
    ("notified_on", "due_on", "why"),
    [
        (TODAY + DAY, TODAY + DAY, "Notified on"),
        (TODAY - YEAR - DAY, TODAY, f"from {TODAY - YEAR} to {TODAY}"),
        (TODAY, TODAY - DAY, "All due on"),
        (TODAY, TODAY + YEAR + DAY, f"to {TODAY + YEAR}"),
    ],
)
def test_days_of_an_acceleration(notified_on: date, due_on: date, why: str, account) -> None:
    with pytest.raises(Invalid, match=why):
        asking.acceleration(account, notified_on=notified_on, due_on=due_on)


def test_a_notice_is_not_older_than_the_account(account) -> None:
    Account.objects.update(opened_on=TODAY - 9 * DAY)
    account.refresh_from_db()
    with pytest.raises(Invalid, match=f"from {TODAY - 9 * DAY}"):
        asking.acceleration(account, notified_on=TODAY - 10 * DAY, due_on=TODAY)
    assert asking.acceleration(account, notified_on=TODAY - 9 * DAY, due_on=TODAY + YEAR).amount
