"""Several at the same moment, on real connections: one wins, the others are told why, and the book agrees."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Relief
from accounts.selectors.owed import owed_now
from accounts.services import posting, relief
from approvals import services as approvals
from approvals.errors import StaleScreen
from approvals.models import Request
from delinquency.close_of_day import close_day
from tests.factories import UserFactory
from tests.threads import at_once
from tests.waivers.conftest import ACTOR, TODAY, WHOLE, approve, ask, book_agrees, pay
from waivers.models import Waiver
from waivers.services import granting

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(work: Callable[[], object]) -> Callable[[], str]:
    def run() -> str:
        try:
            work()
        except StaleScreen:
            return "stale"
        except Conflict:
            return "conflict"
        except Invalid:
            return "invalid"
        return "done"

    return run


def approving(by: object, waiver: Waiver) -> Callable[[], object]:
    return lambda: approvals.approve(actor=by, request_id=waiver.request.pk, seen_version=1)  # type: ignore[arg-type,union-attr]


def left(account: Account) -> Decimal:
    return owed_now([account.pk])[account.pk].late_fee_now


def test_of_many_approvers_at_once_one_grants(account, lin) -> None:
    deciders = [UserFactory(role="supervisor") for _ in range(5)]
    waiver = ask(lin, account)
    found = at_once([outcome(approving(by, waiver)) for by in deciders])
    assert sorted(found) == ["done"] + ["stale"] * 4
    assert Relief.objects.count() == 1
    assert left(account) == 0
    book_agrees()


def test_a_payment_of_the_fee_that_arrives_during_the_approval(account, lin, chen) -> None:
    """Either the waiver comes first, and the payment pays the bill and waits; or the payment, and the waiver is refused."""
    waiver = ask(lin, account)
    found = at_once([outcome(approving(chen, waiver)), outcome(lambda: pay(account, "101950"))])
    waiver.refresh_from_db()
    owed = owed_now([account.pk])[account.pk]
    assert (found, waiver.status, owed.waiting_credit) in [
        (["done", "done"], "granted", WHOLE),
        (["conflict", "done"], "asked", 0),
    ]
    assert owed.total == 0
    book_agrees()


def test_the_agreed_payment_that_arrives_during_the_approval_counts_either_way(account, lin, chen) -> None:
    waiver = ask(lin, account, condition_amount=Decimal(100000), condition_on=TODAY)
    found = at_once([outcome(approving(chen, waiver)), outcome(lambda: pay(account, "100000"))])
    assert found == ["done", "done"]
    waiver.refresh_from_db()
    assert (waiver.status, waiver.granted) == ("granted", WHOLE)
    assert owed_now([account.pk])[account.pk].total == 0
    book_agrees()


def test_the_fee_is_taken_over_by_something_else_at_the_same_moment(account, lin, chen) -> None:
    """As a plan that closes the debt would: whoever comes second is told."""
    waiver = ask(lin, account)
    found = at_once(
        [
            outcome(approving(chen, waiver)),
            outcome(
                lambda: relief.grant(
                    actor=ACTOR, account_id=account.pk, ref="PLAN", kind="closure", amount=WHOLE, effective_on=TODAY,
                    reason="Plan",
                )
            ),
        ]
    )  # fmt: skip
    assert sorted(found) == ["conflict", "done"]
    assert Relief.objects.count() == 1
    assert left(account) == 0
    book_agrees()


def test_several_who_ask_at_once_for_one_account(account) -> None:
    UserFactory(role="supervisor")
    authors = [UserFactory() for _ in range(5)]
    found = at_once([outcome(lambda by=by: ask(by, account)) for by in authors])
    assert sorted(found) == ["conflict"] * 4 + ["done"]
    assert Waiver.objects.count() == Request.objects.count() == 1


def test_taking_back_while_the_payment_bounces(account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account, condition_amount=Decimal(100000), condition_on=TODAY))
    payment = pay(account, "100000")
    request = granting.ask_to_take_back(actor=lin, waiver_id=waiver.pk, reason="Agreed by mistake")
    found = at_once(
        [
            outcome(lambda: approvals.approve(actor=chen, request_id=request.pk, seen_version=1)),
            outcome(lambda: posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="Bounced")),
        ]
    )
    assert found == ["done", "done"]
    waiver.refresh_from_db()
    assert waiver.status == "taken-back"
    assert left(account) == WHOLE
    book_agrees()


def test_the_agreed_payment_that_arrives_while_its_day_is_closed(account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account, condition_amount=Decimal(100000), condition_on=TODAY))
    at_once([lambda: close_day(actor=ACTOR, day=TODAY), lambda: pay(account, "100000")])
    waiver.refresh_from_db()
    assert (waiver.status, waiver.granted) == ("granted", WHOLE)
    assert owed_now([account.pk])[account.pk].late_fee_now == 0
    book_agrees()
