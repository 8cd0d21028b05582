"""What is posted while a day closes: between its steps, and in a transaction that began before it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from accounts.models import Account, Standing
from accounts.selectors.verify import account_range, differences
from accounts.services import posting
from cases.models import Case
from delinquency.close_of_day import STEPS, StepFailed, close_day
from runs import clock
from runs.services import StepRun
from tests.close_of_day.book import ACTOR, DAY, FIRST, NOON, make_book


@contextmanager
def next_day() -> Iterator[None]:
    """The book, its first day closed at noon; then it is noon of the next."""
    with clock.frozen(NOON):
        make_book()
        close_day(actor=ACTOR, day=FIRST)
    with clock.frozen(NOON + timedelta(days=1)):
        yield


@pytest.mark.django_db
@pytest.mark.parametrize("ref", ["A-new0", "A-ahead"])
@pytest.mark.parametrize("effective_on", [date(2026, 3, 20), date(2026, 3, 30), DAY])
@next_day()
def test_what_is_posted_behind_a_step_that_failed_stands_on_the_day_that_closes(effective_on: date, ref: str) -> None:
    def fail(run: StepRun) -> None:
        raise RuntimeError

    with pytest.raises(StepFailed):
        close_day(actor=ACTOR, day=DAY, steps=(STEPS[0], ("accrue", fail), *STEPS[2:]))
    # Half way through a day the book agrees as well: what its ageing has passed is compared as of that day.
    assert list(differences(*account_range())) == []
    account = Account.objects.get(ref=ref)
    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P-x", amount=Decimal("1.00"), effective_on=effective_on
    )
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref="B-x",
        statement_on=date(2026, 3, 10),
        due_on=FIRST,
        principal=Decimal("50.00"),
    )
    assert list(differences(*account_range())) == []
    close_day(actor=ACTOR, day=DAY)
    assert Standing.objects.get(account=account).bucket == "M1"
    assert Case.objects.filter(customer=account.customer_id, status="open").exists()
    assert list(differences(*account_range())) == []


@pytest.mark.django_db(transaction=True)
@next_day()
def test_a_close_waits_for_a_posting_that_began_before_it() -> None:
    account = Account.objects.get(ref="A-ahead")

    def close() -> None:
        try:
            close_day(actor=ACTOR, day=DAY)
        finally:
            connection.close()

    beside = threading.Thread(target=close)
    with transaction.atomic():
        posting.post_bill(
            actor=ACTOR,
            account_id=account.pk,
            ref="B-x",
            statement_on=date(2026, 3, 10),
            due_on=FIRST,
            principal=Decimal("50.00"),
        )
        beside.start()
        beside.join(1)
        assert beside.is_alive()
    beside.join(60)
    assert Standing.objects.get(account=account).bucket == "M1"
    assert Case.objects.filter(customer=account.customer_id, status="open").exists()
    assert list(differences(*account_range())) == []
