"""Waivers that wait for a payment or for another waiver: what brings them, and what makes them lapse."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.errors import Conflict, Invalid
from accounts.models import Relief, ReliefReversal
from accounts.selectors.owed import owed_now
from accounts.services import posting, relief
from approvals import services as approvals
from delinquency.close_of_day import close_day
from tests.waivers.conftest import ACTOR, TODAY, WHOLE, approve, ask, book_agrees, fee, late_account, on, pay, verbs
from waivers.models import Waiver
from waivers.selectors import Wanted, preview

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checked")]


@pytest.fixture
def waiting(account, lin, chen) -> Waiver:
    """The whole fee, if 100,000.00 comes within ten days."""
    return approve(chen, ask(lin, account, condition_amount=Decimal(100000), condition_on=TODAY + timedelta(days=10)))


def test_a_conditional_one_covers_what_accrues_until_its_day(waiting) -> None:
    assert (waiting.status, waiting.amount, waiting.granted) == ("waiting", Decimal("2450.00"), None)
    assert not Relief.objects.exists()


def test_it_takes_effect_in_the_moment_in_which_the_payment_arrives(account, waiting) -> None:
    pay(account, "40000", "P1")
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    pay(account, "60000", "P2")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.granted) == ("granted", WHOLE)
    owed = owed_now([account.pk])[account.pk]
    assert (owed.total, owed.late_fee_now, owed.waiting_credit) == (0, 0, 0)
    assert verbs(waiting) == ["waiver.asked", "waiver.waits", "waiver.granted"]


@pytest.mark.parametrize(
    ("reason", "how", "granted"),
    [
        # A tenth of what it finds, not of what would have accrued by the last day.
        ("lender-error", {"basis": "percent", "percent": Decimal(10)}, Decimal("195.00")),
        # Half the fee is the most that who repays is let off.
        ("repayment", {"basis": "amount", "amount": Decimal(990)}, Decimal("975.00")),
        ("lender-error", {"basis": "amount", "amount": Decimal(2000)}, WHOLE),
    ],
)
def test_paid_early_it_takes_no_larger_part_of_the_fee_than_was_decided(
    account, lin, chen, reason: str, how: dict, granted: Decimal
) -> None:
    terms = {"condition_amount": Decimal(1000), "condition_on": TODAY + timedelta(days=20)}
    waiver = approve(chen, ask(lin, account, reason_code=reason, **how, **terms))
    assert waiver.amount > granted
    pay(account, "1000")
    waiver.refresh_from_db()
    assert (waiver.status, waiver.granted) == ("granted", granted)


def test_a_payment_that_is_taken_back_takes_the_waiver_along(account, waiting) -> None:
    payment = pay(account, "100000")
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="Bounced")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.relief, waiting.granted) == ("waiting", None, None)
    assert ReliefReversal.objects.count() == 1
    assert fee(account) == WHOLE
    pay(account, "100000", "P2")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.relief.ref) == ("granted", f"W{waiting.pk}-2")


def test_it_lapses_in_the_close_of_its_day_and_a_payment_recorded_late_still_brings_it(account, waiting) -> None:
    day = waiting.condition_on
    with on(day + timedelta(days=1)):
        close_day(actor=ACTOR, through=day - timedelta(days=1))
        waiting.refresh_from_db()
        assert waiting.status == "waiting"
        close_day(actor=ACTOR, day=day)
        waiting.refresh_from_db()
        assert waiting.status == "lapsed"
        assert verbs(waiting)[-1] == "waiver.lapsed"
        book_agrees()
        payment = pay(account, "100000", "P1", day)
        waiting.refresh_from_db()
        assert (waiting.status, waiting.granted) == ("granted", Decimal("2450.00"))
        book_agrees()
        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="Bounced")
        waiting.refresh_from_db()
        assert waiting.status == "lapsed"


def test_a_payment_during_the_decision_brings_it_at_once(account, lin, chen) -> None:
    waiver = ask(lin, account, condition_amount=Decimal(100000), condition_on=TODAY + timedelta(days=10))
    with on(TODAY, 5):
        pay(account, "101000")
        approve(chen, waiver)
    assert (waiver.status, waiver.granted) == ("granted", WHOLE)
    owed = owed_now([account.pk])[account.pk]
    assert (owed.total, owed.waiting_credit) == (0, Decimal(1000))


def test_where_the_fee_is_gone_by_then_there_is_nothing_to_grant(account, waiting) -> None:
    relief.grant(
        actor=ACTOR, account_id=account.pk, ref="X", kind="write-off", amount=WHOLE, effective_on=TODAY, reason="Lost"
    )
    pay(account, "100000")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.relief) == ("lapsed", None)
    relief.take_back(actor=ACTOR, relief_id=Relief.objects.get().pk, reason="Found")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.granted) == ("granted", WHOLE)


def test_what_depends_on_a_failed_one_is_blocked(account, lin, chen) -> None:
    terms = {"condition_amount": Decimal(1000), "basis": "amount", "amount": Decimal(100)}
    first = approve(chen, ask(lin, account, condition_on=TODAY + timedelta(days=3), **terms))
    second = approve(chen, ask(lin, account, condition_on=TODAY + timedelta(days=6), needs_id=first.pk, **terms))
    third = ask(lin, account, condition_on=TODAY + timedelta(days=9), needs_id=second.pk, **terms)
    with on(TODAY + timedelta(days=4)):
        close_day(actor=ACTOR, through=TODAY + timedelta(days=3))
        for one in (first, second):
            one.refresh_from_db()
            assert one.status == "lapsed"
        with pytest.raises(Conflict, match=f"It was to follow waiver {second}, which is “Lapsed”"):
            approve(chen, third)


def test_what_needs_one_that_is_refused_lapses_in_the_next_close(account, lin, chen) -> None:
    other = late_account("2", customer=account.customer)
    first = ask(lin, account)
    terms = {"condition_amount": Decimal(1000), "condition_on": TODAY + timedelta(days=6)}
    second = approve(chen, ask(lin, other, needs_id=first.pk, **terms))
    approvals.reject(actor=chen, request_id=first.request.pk, seen_version=1, comment="No")
    assert second.status == "waiting"
    book_agrees()
    with on(TODAY + timedelta(days=1)):
        close_day(actor=ACTOR, day=TODAY)
    second.refresh_from_db()
    assert second.status == "lapsed"
    book_agrees()


def test_a_later_stage_waits_for_the_earlier(account, lin, chen) -> None:
    first = approve(
        chen,
        ask(lin, account, basis="amount", amount=Decimal(100), condition_amount=Decimal(5000), condition_on=TODAY),
    )
    second = approve(
        chen,
        ask(
            lin, account, basis="amount", amount=Decimal(100), condition_amount=Decimal(1000),
            condition_on=TODAY, needs_id=first.pk,
        ),
    )  # fmt: skip
    with on(TODAY, 5):
        pay(account, "2000", "P1")
        second.refresh_from_db()
        assert second.status == "waiting", "its own payment came, the other's has not"
        pay(account, "3000", "P2")
    for one in (first, second):
        one.refresh_from_db()
        assert one.status == "granted"
    assert fee(account) == WHOLE - 200


def test_waivers_that_wait_are_not_promised_twice(account, waiting, lin) -> None:
    assert preview(Wanted(account.pk, "goodwill")).available == 0
    with pytest.raises(Invalid, match="is waived already once agreed payments come"):
        ask(lin, account)
