"""A day may be closed before it is over. What is posted then takes effect on the next day, and counts at once; but a bill due
today can be paid until midnight, so nobody is told to be late by a day that has not begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account, Standing
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.selectors.what_if import picture, pictures
from accounts.services import customers, posting
from accounts.services.posting import change_account
from accounts.services.relief import grant
from cases.models import Case
from cases.selectors.debts import debts
from delinquency.close_of_day import close_day
from runs import clock
from runs.selectors import open_day
from tests.restructuring.deeds import ACTOR, bill, noon

TODAY = date(2026, 3, 1)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def closed_early(db: None) -> Iterator[None]:
    """It is noon, and today is closed already."""
    with clock.frozen(noon(TODAY)):
        for number, due in enumerate((-40, -1, 0, 1), start=1):
            for name in ("touched", "left"):
                ref = f"{name}{number}"
                customer = customers.register_customer(actor=ACTOR, ref=f"K{ref}", name="王小明")
                account = posting.open_account(
                    actor=ACTOR, ref=ref, customer_id=customer.pk, product_code="instalment", currency="CNY"
                )
                bill(account, f"{ref}-1", date(2026, 1, 2), TODAY + timedelta(days=due), "1000")
                bill(account, f"{ref}-2", date(2026, 2, 1), date(2026, 6, 1), "500")
        close_day(actor=ACTOR, day=TODAY)
        yield


def of(name: str) -> list[Account]:
    return list(Account.objects.filter(ref__startswith=name).order_by("ref"))


def take_off(account: Account) -> None:
    """Five off the bill that is due in June: it has nothing to do with how late the account is."""
    later = account.bills.get(ref__endswith="-2")
    grant(
        actor=ACTOR,
        account_id=account.pk,
        ref=f"D-{account.ref}-{open_day()}",
        kind="discount",
        amount=Decimal(5),
        effective_on=open_day() or TOMORROW,
        bill_id=later.pk,
        reason="x",
    )


def told(account: Account) -> tuple[object, ...]:
    """Everything that is told of how late it is: by the case page, the previews, the lists; and the late fee."""
    (page,) = debts(account.customer_id, TODAY)
    owed, seen = owed_now([account.pk])[account.pk], picture(account.pk)
    row = (
        Standing.objects.filter(account=account)
        .values_list("bucket", "kind", "overdue_amount", "clock_from_on")
        .first()
    )
    first = page.bills[-1]
    return (
        *(page.days_past_due, page.how_late.overdue_amount, page.late_fee, first.is_late, str(first.state[1])),
        *(owed.overdue, owed.late_fee_now, seen.days_past_due, seen.bucket, seen.risk_class, row),
        Case.objects.filter(customer=account.customer_id, status="open").exists(),
    )


def test_what_is_posted_counts_and_nobody_is_late_by_tomorrow(closed_early) -> None:
    before = [told(account) for account in of("touched")]
    assert before == [told(account) for account in of("left")]
    assert [one[0] for one in before] == [40, 1, 0, 0]
    for account in of("touched"):
        was = owed_now([account.pk])[account.pk].total
        take_off(account)
        assert owed_now([account.pk])[account.pk].total == was - 5
    assert [told(account) for account in of("touched")] == before
    assert list(differences(*account_range())) == []


def test_a_preview_shows_what_is_decided_and_not_the_day_to_come(closed_early) -> None:
    account = of("touched")[2]
    now, then = pictures(account.pk, lambda facts: facts, open_day())
    assert (now.days_past_due, now.owed.overdue) == (then.days_past_due, then.owed.overdue) == (0, 0)


def test_on_the_day_itself_and_after_its_close_it_is_late(closed_early) -> None:
    for account in of("touched"):
        take_off(account)
    with clock.frozen(noon(TOMORROW)):
        assert list(differences(*account_range())) == []
        account = of("touched")[2]
        posting.post_payment(
            actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal(1), effective_on=clock.today()
        )
        # Touched on the day that it is told of: as on any day, it is late by a bill due yesterday.
        assert (picture(account.pk).days_past_due, told(account)[4]) == (1, "Unmet")
        assert list(differences(*account_range())) == []
        close_day(actor=ACTOR, day=TOMORROW)
        assert list(differences(*account_range())) == []
        days = {name: [picture(one.pk).days_past_due for one in of(name)] for name in ("touched", "left")}
        assert days["touched"] == days["left"] == [41, 2, 1, 0]


def test_a_final_date_that_is_today_passes_in_the_night_after_tomorrow_began(closed_early) -> None:
    account = of("touched")[3]
    change_account(
        actor=ACTOR,
        account_id=account.pk,
        seen_version=account.version,
        credit_limit=None,
        final_due_on=TODAY,
        reason="x",
    )
    take_off(account)
    assert picture(account.pk).days_past_due == 0
    assert list(differences(*account_range())) == []
    with clock.frozen(noon(TOMORROW)):
        close_day(actor=ACTOR, day=TOMORROW)
        assert (picture(account.pk).days_past_due, Standing.objects.get(account=account).kind) == (1, "full")
        assert list(differences(*account_range())) == []
