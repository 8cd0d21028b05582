"""Promises to pay: taken within limits, replaced and cancelled."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from accounts.errors import Conflict, Invalid
from accounts.services import customers, posting
from audit.models import Event
from cases.errors import StaleScreen
from cases.models import Case, Promise
from cases.services.promises import cancel_promise, take_promise
from compliance.models import Contact
from runs import clock
from tests.cases.promise_deeds import (
    ACTOR,
    TODAY,
    at,
    close_through,
    days,
    everything_agrees,
    late_account,
    pay,
    promise,
    verbs,
    verdict,
)
from tests.factories import DecisionFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("promise_day")]


def test_a_promise_is_taken_recorded_and_lets_the_case_wait() -> None:
    late_account()
    taken = promise((3, "600.00"), (9, "400.00"), note="Salary on the 12th")
    assert (taken.status, taken.amount, taken.currency, taken.made_on) == ("open", Decimal("1000.00"), "CNY", TODAY)
    assert [(one.number, one.due_on, one.amount) for one in taken.instalments.all()] == [
        (1, days(3), Decimal("600.00")),
        (2, days(9), Decimal("400.00")),
    ]
    case = Case.objects.get()
    assert case.wait_for == "promise"
    event = Event.objects.get(verb="promise.taken")
    assert event.after == {
        "amount": "1000.00",
        "currency": "CNY",
        "instalments": ["2026-03-13 600.00", "2026-03-19 400.00"],
    }
    assert event.customer_id == case.customer_id
    everything_agrees()


def test_a_new_promise_replaces_the_open_one() -> None:
    late_account()
    first = promise((3, "600.00"), (9, "400.00"))
    second = promise((5, "700.00"))
    assert verdict(first) == ("cancelled", Decimal("0.00"), ["cancelled", "cancelled"])
    assert first.closed_at is not None
    assert verdict(second)[0] == "open"
    assert verbs(first) == ["promise.taken", "promise.replaced"]
    assert Event.objects.get(verb="promise.replaced").after == {"status": "cancelled", "promise": second.pk}
    everything_agrees()


def test_the_same_money_does_not_keep_several_promises_of_a_day() -> None:
    account = late_account()
    pay(account, "400.00", TODAY)
    taken = promise((3, "300.00"))
    assert verdict(taken) == ("open", Decimal("0.00"), ["open"])
    with clock.frozen(at(TODAY, 5)):
        pay(account, "300.00", TODAY)
        assert verdict(taken) == ("kept", Decimal("300.00"), ["kept"])
    with clock.frozen(at(TODAY, 6)):
        assert verdict(promise((3, "200.00"))) == ("open", Decimal("0.00"), ["open"])
    everything_agrees()


@pytest.mark.parametrize(
    ("role", "ahead", "last", "others"),
    [
        ("collector", 15, "2026-03-24", " Ask one of: Senior collector, Supervisor."),
        ("senior-collector", 32, "2026-04-10", " Ask one of: Supervisor."),
        ("supervisor", 93, "2026-06-10", ""),
    ],
)
def test_the_last_day_of_a_promise_is_within_the_limit_of_who_takes_it(
    role: str, ahead: int, last: str, others: str
) -> None:
    late_account()
    with pytest.raises(Invalid) as refused:
        promise((1, "10.00"), (ahead, "10.00"), by=UserFactory(role=role))
    assert str(refused.value) == (f"{days(ahead)} is too far ahead: you may take promises until {last}.{others}")
    assert not Promise.objects.exists()
    assert promise((ahead - 1, "10.00"), by=UserFactory(role=role)).status == "open"


def test_a_role_without_a_limit_on_promises_may_take_none() -> None:
    late_account()
    with pytest.raises(Invalid, match=r"may decide this. Ask one of: Collector, Senior collector, Supervisor"):
        promise((1, "10.00"), by=UserFactory(role="auditor"))


AMOUNT = "is no amount to promise: expected more than 0, with two decimals at most."
ORDER = "Instalments go from today on, one after another."


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ([], "A promise needs a date and an amount."),
        ([(1, "1")] * 7, "7 instalments are too many: a promise has at most 6."),
        ([(1, "0")], f"0 {AMOUNT}"),
        ([(1, "-5")], f"-5 {AMOUNT}"),
        ([(1, "1.005")], f"1.005 {AMOUNT}"),
        ([(-1, "5")], f"2026-03-09 is too early: expected 2026-03-10 or later. {ORDER}"),
        ([(2, "5"), (2, "5")], f"2026-03-12 is too early: expected 2026-03-13 or later. {ORDER}"),
        ([(2, "600"), (3, "400.01")], "1,000.01 CNY is more than is owed: 1,000.00 CNY in all."),
    ],
)
def test_what_is_out_of_place_is_refused_with_what_was_expected(parts: list[tuple[int, str]], refusal: str) -> None:
    late_account()
    with pytest.raises(Invalid) as refused:
        promise(*parts)
    assert (str(refused.value), refused.value.field) == (refusal, "instalments")


def test_a_promise_on_an_account_is_at_most_what_that_account_owes() -> None:
    account = late_account()
    other = late_account("A2", "250.00", customer_id=account.customer_id)
    dollars = late_account("A3", "900.00", currency="USD", customer_id=account.customer_id)
    promise((1, "1250.00"))
    with pytest.raises(Invalid, match=r"250.01 CNY is more than is owed on A2: 250.00 CNY"):
        promise((1, "250.01"), account_id=other.pk)
    assert promise((1, "250.00"), account_id=other.pk).account_id == other.pk
    with pytest.raises(Invalid, match=r"900.01 USD is more than is owed on A3: 900.00 USD"):
        promise((1, "900.01"), account_id=dollars.pk)


def test_a_promise_on_a_debt_in_another_currency_is_in_that_and_kept_by_its_money_alone() -> None:
    account = late_account()
    dollars = late_account("A3", "900.00", currency="USD", customer_id=account.customer_id)
    taken = promise((1, "700.00"), account_id=dollars.pk)
    assert (taken.currency, taken.case.currency) == ("USD", "CNY")
    with clock.frozen(at(TODAY, 5)):
        pay(account, "700.00", TODAY)
        assert verdict(taken) == ("open", Decimal("0.00"), ["open"])
        pay(dollars, "700.00", TODAY)
        assert verdict(taken) == ("kept", Decimal("700.00"), ["kept"])
    everything_agrees()


def test_another_customers_account_and_contact_are_refused() -> None:
    late_account()
    stranger = customers.register_customer(actor=ACTOR, ref="K-other", name="李小明")
    account = posting.open_account(actor=ACTOR, ref="A9", customer_id=stranger.pk, product_code="plain", currency="CNY")
    contact = Contact.objects.create(
        customer=stranger, decision=DecisionFactory(customer=stranger), channel="voice", outcome="promise",
        at=clock.now(), actor_name="Lin", recorded_at=clock.now(),
    )  # fmt: skip
    for field, options in (("account", {"account_id": account.pk}), ("contact", {"contact_id": contact.pk})):
        with pytest.raises(Invalid) as refused:
            promise((1, "5.00"), **options)
        assert refused.value.field == field


def test_a_stale_screen_and_a_closed_case_are_refused() -> None:
    account = late_account()
    case = Case.objects.get()
    seen, supervisor = case.version, UserFactory(role="supervisor")
    promise((3, "10.00"), by=supervisor)
    options = {"actor": supervisor, "case_id": case.pk, "instalments": [(days(3), Decimal("20.00"))]}
    with pytest.raises(StaleScreen, match="Promise taken"):
        take_promise(seen_version=seen, **options)
    pay(account, "1000.00", TODAY)
    case.refresh_from_db()
    assert case.status == "cured"
    with pytest.raises(Conflict, match="closed"):
        take_promise(seen_version=case.version, **options)


def test_a_cancelled_promise_is_not_judged_any_more_and_says_why_it_was() -> None:
    account = late_account()
    taken = promise((1, "100.00"))
    case = Case.objects.get()
    supervisor = UserFactory(role="supervisor")
    with pytest.raises(Invalid, match="Say why"):
        cancel_promise(actor=supervisor, promise_id=taken.pk, seen_version=case.version, reason="  ")
    cancel_promise(actor=supervisor, promise_id=taken.pk, seen_version=case.version, reason="Entered on the wrong case")
    assert Event.objects.get(verb="promise.cancelled").reason == "Entered on the wrong case"
    pay(account, "100.00", TODAY)
    close_through(days(4))
    assert verdict(taken)[0] == "cancelled"
    case.refresh_from_db()
    assert case.wait_for == ""
    with pytest.raises(Conflict, match="Cancelled"):
        cancel_promise(actor=supervisor, promise_id=taken.pk, seen_version=case.version, reason="again")
    everything_agrees()


@pytest.mark.parametrize(("day", "amount"), [(date(9999, 12, 31), "1"), (days(1), "NaN"), (days(1), "1E+999")])
def test_a_day_or_an_amount_beyond_all_bounds_is_refused_in_words(day: date, amount: str) -> None:
    late_account()
    case = Case.objects.get()
    with pytest.raises(Invalid, match=r"too far ahead|no amount to promise"):
        take_promise(
            actor=UserFactory(role="supervisor"), case_id=case.pk, seen_version=case.version,
            instalments=[(day, Decimal(amount))],
        )  # fmt: skip
