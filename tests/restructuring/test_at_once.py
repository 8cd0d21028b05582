"""What happens to one account at the same moment, on real connections: one wins, the other is told why, the book adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Relief
from accounts.selectors.owed import owed_now
from accounts.services import posting
from accounts.services.relief import grant
from audit.models import Event
from reminders import services as outbox
from restructuring.models import Plan
from restructuring.services.asking import ask_plan
from restructuring.services.codes import send_code, sign_by_code
from runs import clock
from tests.factories import UserFactory
from tests.restructuring.deeds import ACTOR, TODAY, approve, ask, noon, pay, proved, running, unsigned_plans
from tests.restructuring.test_codes import other_than, read
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(noon(TODAY)):
        yield


def outcome(work: Callable[[], object]) -> Callable[[], str]:
    def run() -> str:
        with clock.frozen(noon(TODAY)):
            try:
                work()
            except Conflict as conflict:
                return str(conflict)
        return "done"

    return run


def test_two_approvers_at_once_take_the_plan_over_once(account: Account, lin, chen, terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    other = UserFactory(role="supervisor")
    found = at_once([outcome(lambda by=by: approve(by, plan)) for by in (chen, other)])
    assert sorted(found)[1] == "done" or sorted(found)[0] == "done"
    assert found.count("done") == 1
    assert Plan.objects.get().status == "running"
    assert proved(account) == plan.total + 300


def test_a_payment_during_the_approval_is_met_by_the_plan_or_refuses_it(account: Account, lin, chen, terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    before = proved(account)
    approved, paid = at_once([outcome(lambda: approve(chen, plan)), outcome(lambda: pay(account, "P1", "100"))])
    assert paid == "done"
    plan.refresh_from_db()
    if approved == "done":
        assert plan.status == "running"
        assert proved(account) == before + plan.plan_interest - 100
    else:
        assert "1,000.00 then, 900.00 now" in approved
        assert plan.status == "asked"
        assert proved(account) == before - 100


def test_a_waiver_and_a_plan_for_the_same_fee_do_not_both_take_it(account: Account, lin, chen, terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    fee = owed_now([account.pk])[account.pk].late_fee_now

    def waive() -> None:
        grant(actor=ACTOR, account_id=account.pk, ref="W1", kind="waiver", amount=fee, effective_on=TODAY, reason="x")

    approved, waived = at_once([outcome(lambda: approve(chen, plan)), outcome(waive)])
    assert [approved, waived].count("done") == 1
    told = waived if approved == "done" else approved
    assert "is left" in told or "late fees: " in told
    assert sum(Relief.objects.filter(bill=None).values_list("amount", flat=True)) == fee
    proved(account)


def test_of_two_who_ask_at_once_one_has_asked(account: Account, chen, terms) -> None:
    found = at_once(
        [
            outcome(lambda by=by: ask_plan(actor=by, account_id=account.pk, terms=terms, reason="x"))
            for by in (UserFactory(), UserFactory())
        ]
    )
    assert sorted(found)[-1] == "done" or sorted(found)[0] == "done"
    assert found.count("done") == 1
    assert Plan.objects.count() == 1


def test_money_and_its_reversal_at_once_leave_a_plan_that_fits_its_bills(account: Account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    whole = plan.total + Decimal(300)
    first = pay(account, "P1", whole)
    at_once(
        [
            outcome(lambda: posting.reverse_payment(actor=ACTOR, payment_id=first.pk, reason="returned")),
            outcome(lambda: pay(account, "P2", whole)),
        ]
    )
    plan.refresh_from_db()
    assert plan.status == "kept"
    assert proved(account) == 0


def test_of_two_who_enter_the_code_at_once_one_has_signed(agreed, mobile, gateway, lin) -> None:
    code = send_code(actor=lin, plan_id=agreed.plan_id, language="en", contact_point_id=mobile.pk).code
    outbox.deliver("sms", seconds=30)
    typed = read(gateway)
    found = at_once(
        [
            outcome(lambda: sign_by_code(actor=lin, plan_id=agreed.plan_id, code_id=code.pk, entered=typed))
            for _ in range(2)
        ]
    )
    assert found.count("done") == 1
    assert any("not to be signed any more" in said for said in found)
    assert Event.objects.filter(verb="agreement.signed").count() == 1


def test_wrong_codes_entered_at_once_are_all_counted(agreed, mobile, gateway, lin) -> None:
    code = send_code(actor=lin, plan_id=agreed.plan_id, language="en", contact_point_id=mobile.pk).code
    outbox.deliver("sms", seconds=30)
    typed = other_than(read(gateway))

    def guess() -> None:
        with pytest.raises(Invalid):
            sign_by_code(actor=lin, plan_id=agreed.plan_id, code_id=code.pk, entered=typed)

    assert at_once([outcome(guess) for _ in range(4)]) == ["done"] * 4
    code.refresh_from_db()
    assert code.left == 1
