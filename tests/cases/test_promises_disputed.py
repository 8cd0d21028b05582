"""A promise whose debt is said to be paid already is not broken while somebody looks for the money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Account
from audit.models import Event
from cases.models import Case
from runs import clock
from tests.cases.promise_deeds import (
    answer,
    at,
    close_through,
    days,
    dispute,
    everything_agrees,
    late_account,
    pay,
    promise,
    verbs,
    verdict,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("promise_day")]


@pytest.fixture
def account() -> Account:
    return late_account()


@pytest.mark.parametrize("first", ["promise", "dispute"])
def test_no_window_ends_while_it_is_disputed_as_paid_and_then_the_ledger_says(account: Account, first: str) -> None:
    if first == "dispute":
        disputed = dispute()
    taken = promise((2, "600.00"))
    if first == "promise":
        disputed = dispute()
    close_through(days(4))
    assert verdict(taken) == ("open", Decimal(0), ["open"])
    assert Case.objects.get().promise_broken_on is None
    everything_agrees()
    with clock.frozen(at(days(5))):
        answer(disputed)
    assert verdict(taken) == ("broken", Decimal(0), ["broken"])
    case = Case.objects.get()
    assert case.promise_broken_on == days(3)
    everything_agrees()
    assert Event.objects.filter(subject_type="promise", subject_id=taken.pk, verb="promise.broken").count() == 1


def test_money_that_was_found_keeps_it_by_the_day_on_which_it_came(account: Account) -> None:
    taken, disputed = promise((2, "600.00")), dispute(account=account)
    close_through(days(4))
    with clock.frozen(at(days(5))):
        pay(account, "600.00", days(1))
        assert verdict(taken)[0] == "kept"
        answer(disputed, "upheld")
    assert verbs(taken) == ["promise.taken", "promise.kept"]
    everything_agrees()


def test_what_was_broken_before_stays_so_and_money_that_moves_meanwhile_changes_nothing(account: Account) -> None:
    taken = promise((1, "600.00"), (3, "100.00"))
    close_through(days(2))
    with clock.frozen(at(days(3))):
        disputed = dispute()
    close_through(days(5))
    assert verdict(taken) == ("open", Decimal(0), ["broken", "open"])
    with clock.frozen(at(days(6))):
        pay(account, "50.00", days(6))
        assert verdict(taken) == ("open", Decimal(0), ["broken", "open"])
        answer(disputed)
    assert verdict(taken) == ("broken", Decimal(0), ["broken", "broken"])
    everything_agrees()


@pytest.mark.parametrize("case", ["another reason", "another debt"])
def test_any_other_dispute_lets_it_be_judged(account: Account, case: str) -> None:
    other = late_account("A2", customer_id=account.customer_id)
    taken = promise((1, "600.00"), account_id=account.pk)
    if case == "another debt":
        dispute(account=other)
    else:
        dispute("amount")
    close_through(days(2))
    assert verdict(taken)[0] == "broken"
    everything_agrees()
