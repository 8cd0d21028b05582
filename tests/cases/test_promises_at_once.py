"""Promises and money at the same moment, on real connections: nothing is lost, and of a case one promise is open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction

from cases.errors import StaleScreen
from cases.models import Case, Promise
from cases.services.promises import take_promise
from runs import clock
from staff.models import User
from tests.cases.promise_deeds import TODAY, at, days, everything_agrees, late_account, pay, verdict
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("promise_day")]


def take(by: User, seen: int | None = None) -> Promise:
    """With what the case shows now, looked at again as often as it moved meanwhile."""
    while True:
        case = Case.objects.get()
        try:
            return take_promise(
                actor=by, case_id=case.pk, seen_version=case.version if seen is None else seen,
                instalments=[(days(3), Decimal("100.00"))],
            )  # fmt: skip
        except StaleScreen:
            if seen is not None:
                raise


def beside(work: Callable[[], object]) -> threading.Thread:
    """`work` begun on a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_a_lock() -> None:
    """Until another connection waits for what this one holds."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("Nobody waits.")


def test_of_ten_promises_taken_from_the_same_screen_one_is_taken() -> None:
    late_account()
    seen, by = Case.objects.get().version, UserFactory(role="supervisor")

    def one(_number: int) -> bool:
        try:
            take(by, seen)
        except StaleScreen:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(one, range(10))) == [False] * 9 + [True]
    assert [one.status for one in Promise.objects.all()] == ["open"]


def test_of_ten_promises_taken_one_after_another_at_once_the_last_is_open() -> None:
    late_account()
    by = UserFactory(role="supervisor")

    def one(_number: int) -> None:
        try:
            take(by)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(one, range(10)))
    assert [one.status for one in Promise.objects.order_by("pk")] == ["cancelled"] * 9 + ["open"]
    everything_agrees()


def test_money_that_arrives_while_a_promise_is_being_taken_counts_for_it() -> None:
    account = late_account()
    by = UserFactory(role="supervisor")
    with clock.frozen(at(TODAY, 5)):
        with transaction.atomic():
            with clock.frozen(at(TODAY)):
                taken = take(by)
            payment = beside(lambda: pay(account, "100.00", TODAY))
            wait_for_a_lock()
        payment.join()
    assert verdict(taken) == ("kept", Decimal("100.00"), ["kept"])
    everything_agrees()


def test_a_promise_taken_while_money_arrives_knows_of_it() -> None:
    account = late_account()
    by = UserFactory(role="supervisor")
    with transaction.atomic():
        pay(account, "100.00", days(1))
        taking = beside(lambda: take(by))
        wait_for_a_lock()
    taking.join()
    assert verdict(Promise.objects.get()) == ("kept", Decimal("100.00"), ["kept"])
    everything_agrees()
