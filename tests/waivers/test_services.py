"""Asking, deciding, waiting for a payment, lapsing, taking back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Relief, ReliefReversal
from accounts.selectors.owed import owed_now
from accounts.services import posting, relief
from approvals import services as approvals
from approvals.models import Request
from audit.models import Event
from cases.selectors.debts import debts
from compliance.models import CustomerFlag
from delinquency.close_of_day import close_day
from runs import clock
from tests.factories import UserFactory
from tests.waivers.conftest import ACTOR, TODAY, approve, ask, book_agrees, late_account, on, pay
from waivers.models import Waiver, WaiverPolicy
from waivers.selectors import Wanted, preview
from waivers.services import asking, granting

pytestmark = pytest.mark.django_db
WHOLE = Decimal("1950.00")


@pytest.fixture(autouse=True)
def _checked(db: None, today: None) -> Iterator[None]:
    """After each test the book agrees with itself, and the constraints that wait for the commit hold."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    book_agrees()


def fee(account: Account) -> Decimal:
    return owed_now([account.pk])[account.pk].late_fee_now


def verbs(waiver: Waiver) -> list[str]:
    events = Event.objects.filter(subject_type="waiver", subject_id=waiver.pk).order_by("pk")
    return list(events.values_list("verb", flat=True))


# --- Asking and deciding


def test_a_waiver_is_asked_for_decided_by_another_and_taken_off_at_once(account, lin, chen) -> None:
    waiver = ask(lin, account)
    assert (waiver.status, waiver.amount, waiver.policy.code) == ("asked", WHOLE, "discretion")
    request = Request.objects.get()
    assert waiver.request == request
    assert (request.kind, request.amount, request.currency, request.subject_ref) == ("waiver", WHOLE, "CNY", "A1")
    assert request.preview["fee"] == "1950.00"
    assert (request.preview["fee_after"], request.preview["owed_after"]) == ("0.00", "100000.00")
    assert fee(account) == WHOLE
    approve(chen, waiver)
    assert (waiver.status, waiver.granted) == ("granted", WHOLE)
    made = Relief.objects.get()
    assert (made.ref, made.kind, made.amount, made.bill) == (f"W{waiver.pk}-1", "waiver", WHOLE, None)
    owed = owed_now([account.pk])[account.pk]
    assert (owed.late_fee_now, owed.total) == (0, Decimal(100000))
    assert verbs(waiver) == ["waiver.asked", "waiver.granted"]


def test_the_case_says_the_same_of_the_fee_as_the_money_desk(account, lin, chen) -> None:
    """Also once a relief took the account to the open day, whose own fee nobody can be asked for yet."""
    for percent in (None, 10, 90):
        if percent is not None:
            approve(chen, ask(lin, account, basis="percent", percent=Decimal(percent)))
        (shown,), owed = debts(account.customer_id, TODAY - timedelta(days=1)), owed_now([account.pk])[account.pk]
        assert (shown.late_fee, shown.owed) == (owed.late_fee_now, owed.total)


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"basis": "amount", "amount": Decimal("100.25")}, "100.25"),
        ({"basis": "percent", "percent": Decimal("33.33")}, "649.94"),
        ({"basis": "percent", "percent": Decimal(100)}, "1950.00"),
    ],
)
def test_part_of_the_fee_by_amount_or_percent(account, lin, chen, fields, amount) -> None:
    waiver = approve(chen, ask(lin, account, **fields))
    assert waiver.granted == Decimal(amount)
    assert fee(account) == WHOLE - Decimal(amount)


def test_what_one_bill_caused(account, lin, chen) -> None:
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref="B2",
        statement_on=date(2026, 1, 20),
        due_on=date(2026, 2, 9),
        principal=Decimal(50000),
    )
    second = account.bills.get(ref="B2")
    # 25.00 on each of the 19 days from 10 to 28 February, beside the 1,950.00 of the first.
    waiver = approve(chen, ask(lin, account, basis="bill", bill_id=second.pk))
    assert waiver.granted == Decimal("475.00")
    assert fee(account) == WHOLE


def test_a_policy_grants_a_little_by_itself(lin) -> None:
    account = late_account("2", "2000")
    pay(account, "100", day=TODAY - timedelta(days=3))
    waiver = ask(lin, account, reason_code="first")
    assert (waiver.status, waiver.request, waiver.policy.code) == ("granted", None, "first-time")
    assert Request.objects.count() == 0
    assert fee(account) == 0
    assert verbs(waiver) == ["waiver.asked", "waiver.granted"]


def test_the_second_in_a_year_is_not_the_first(lin) -> None:
    account = late_account("2", "2000")
    pay(account, "100", day=TODAY - timedelta(days=3))
    ask(lin, account, reason_code="first", basis="amount", amount=Decimal(10))
    waiver = ask(lin, account, reason_code="first", basis="amount", amount=Decimal(10))
    assert (waiver.status, waiver.policy.code) == ("asked", "repayment")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"basis": "amount", "amount": Decimal("1950.01")},
            "1,950.01 is more than there is to waive: at most 1,950.00 CNY",
        ),
        ({"basis": "amount", "amount": Decimal(0)}, "0 is no amount"),
        ({"basis": "percent", "percent": Decimal(101)}, "101 is no percentage"),
        ({"basis": "bill", "bill_id": 0}, "Choose a bill of account A1"),
        ({"condition_on": TODAY}, "enter both, or neither"),
        ({"condition_on": TODAY - timedelta(days=1), "condition_amount": Decimal(5)}, "2026-02-28 is no day"),
        ({"condition_on": TODAY, "condition_amount": Decimal(-5)}, "-5 is no amount"),
        (
            {"condition_on": TODAY, "condition_amount": Decimal("100000.01")},
            r"100,000\.01 cannot be agreed as the payment: once this is waived, 100,000\.00 CNY is owed",
        ),
        ({"reason_code": "first"}, "“First time late, and repays”: no money came"),
        ({"reason_code": "hardship", "basis": "amount", "amount": Decimal(1)}, ""),
        ({"needs_id": 4711}, "W4711 is none that this could wait for"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(account, lin, fields, said) -> None:
    if not said:
        assert ask(lin, account, **fields).policy.code == "discretion"
        return
    with pytest.raises(Invalid, match=said):
        ask(lin, account, **fields)
    assert not Waiver.objects.exists()
    assert not Request.objects.exists()


def test_hardship_needs_the_flag_and_the_cap_is_for_the_year(account, lin, chen) -> None:
    WaiverPolicy.objects.exclude(code="hardship").update(in_use=False)
    with pytest.raises(Invalid, match="“Hardship relief”: the customer is not in hardship"):
        ask(lin, account, reason_code="hardship")
    CustomerFlag.objects.create(
        customer=account.customer,
        kind="hardship",
        from_on=TODAY,
        evidence="x",
        placed_at=clock.now(),
        placed_by_name="x",
    )
    WaiverPolicy.objects.filter(code="hardship").update(yearly_cap=1600)
    approve(chen, ask(lin, account, reason_code="hardship", basis="amount", amount=Decimal(1500)))
    with pytest.raises(Invalid, match=r"more than the 100\.00 CNY that may still be waived"):
        ask(lin, account, reason_code="hardship", basis="amount", amount=Decimal("100.01"))
    with on(TODAY + timedelta(days=366)):
        close_day(actor=ACTOR, day=TODAY + timedelta(days=365))
        found = preview(Wanted(account.pk, "hardship", "amount", Decimal(1500)))
        assert found.policy is not None


def test_one_is_asked_for_at_a_time_and_only_by_who_may(account, lin, chen) -> None:
    ask(lin, account, basis="amount", amount=Decimal(1))
    with pytest.raises(Conflict, match="Lin asked for a waiver on account A1 already"):
        ask(chen, account, basis="amount", amount=Decimal(2))
    for user in (UserFactory(role="auditor"), UserFactory(role="")):
        with pytest.raises(PermissionDenied):
            ask(user, late_account(user.username))
    far = UserFactory(team=None)
    with pytest.raises(PermissionDenied):
        ask(far, late_account("9"))


# --- Four eyes


def test_nobody_approves_her_own_by_service_or_sql(account, chen) -> None:
    waiver = ask(chen, account)
    with pytest.raises(Conflict, match="You asked for this yourself"):
        approve(chen, waiver)
    with pytest.raises(IntegrityError, match="request_decided_by_another"), transaction.atomic():
        Request.objects.filter(pk=waiver.request_id).update(
            status="approved", decided_by=chen, decided_at=clock.now(), decided_by_name="Chen"
        )
    waiver.refresh_from_db()
    assert waiver.status == "asked"
    assert fee(account) == WHOLE


def test_no_waiver_is_granted_behind_the_request_by_sql(account, lin) -> None:
    waiver = ask(lin, account, condition_amount=Decimal(5), condition_on=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="its request is not approved"), transaction.atomic():
        Waiver.objects.filter(pk=waiver.pk).update(status="waiting", decided_on=TODAY)
    with pytest.raises(DatabaseError, match="may not be removed"), transaction.atomic():
        waiver.delete()


def test_what_was_decided_stays(account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account, condition_amount=Decimal(5), condition_on=TODAY + timedelta(days=9)))
    for values in ({"amount": 5}, {"condition_on": TODAY}, {"status": "asked"}, {"asked_by": chen.pk}):
        with pytest.raises(DatabaseError, match=r"decided|who asked"), transaction.atomic():
            Waiver.objects.filter(pk=waiver.pk).update(**values)


def test_beyond_her_authority_it_is_anothers_to_decide(account, lin) -> None:
    senior = UserFactory(role="senior-collector")
    waiver = ask(lin, account, basis="amount", amount=Decimal("200.01"))
    with pytest.raises(Conflict, match=r"200\.01 CNY is more than you may decide. Ask one of: Supervisor"):
        approve(senior, waiver)


# --- The present


def test_the_fee_was_paid_meanwhile(account, lin, chen) -> None:
    waiver = ask(lin, account)
    pay(account, "100500")
    with pytest.raises(
        Conflict, match=r"only 1,450\.00 CNY is left, not the 1,950\.00 asked for. Since then: payment P1 of"
    ):
        approve(chen, waiver)
    waiver.refresh_from_db()
    assert (waiver.status, Relief.objects.count()) == ("asked", 0)
    assert fee(account) == Decimal(1450)


def test_a_payment_that_leaves_the_fee_is_no_hindrance(account, lin, chen) -> None:
    waiver = ask(lin, account)
    pay(account, "5000")
    assert approve(chen, waiver).status == "granted"


def test_a_policy_that_changed_or_a_cap_that_is_used_up_refuses(account, lin, chen) -> None:
    waiver = ask(lin, account)
    WaiverPolicy.objects.filter(code="discretion").update(yearly_cap=1000)
    with pytest.raises(Conflict, match="By now the policy does not let it pass"):
        approve(chen, waiver)


def test_what_was_sent_back_is_asked_for_again_changed(account, lin, chen) -> None:
    waiver = ask(lin, account)
    approvals.send_back(actor=chen, request_id=waiver.request.pk, seen_version=1, comment="Half of it")
    wanted = Wanted(account.pk, "lender-error", "percent", percent=Decimal(50))
    with pytest.raises(PermissionDenied):
        asking.ask_again(actor=chen, waiver_id=waiver.pk, seen_version=2, wanted=wanted, reason="Half")
    asking.ask_again(actor=lin, waiver_id=waiver.pk, seen_version=2, wanted=wanted, reason="Half")
    approvals.approve(actor=chen, request_id=waiver.request.pk, seen_version=3)
    waiver.refresh_from_db()
    assert (waiver.status, waiver.granted) == ("granted", Decimal(975))


def test_a_rejected_one_frees_the_account(account, lin, chen) -> None:
    waiver = ask(lin, account)
    approvals.reject(actor=chen, request_id=waiver.request.pk, seen_version=1, comment="No")
    waiver = Waiver.objects.get()
    assert (waiver.is_refused, waiver.shown_status) == (True, "Rejected")
    assert ask(lin, account).status == "asked"


# --- Waiting for a payment


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


# --- Taking back


def test_it_is_taken_back_by_the_same_path(account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account))
    request = granting.ask_to_take_back(actor=lin, waiver_id=waiver.pk, reason="It was the wrong account")
    assert (request.kind, request.amount) == ("waiver-back", WHOLE)
    assert fee(account) == 0
    approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    waiver.refresh_from_db()
    assert waiver.status == "taken-back"
    assert fee(account) == WHOLE
    with pytest.raises(Conflict, match="there is nothing to take back"):
        granting.ask_to_take_back(actor=lin, waiver_id=waiver.pk, reason="Again")
    with pytest.raises(DatabaseError, match="stays so"), transaction.atomic():
        Waiver.objects.filter(pk=waiver.pk).update(status="granted")


def test_one_that_waits_is_taken_back_and_what_depends_on_it_fails(account, lin, chen) -> None:
    terms = {"condition_amount": Decimal(1000), "basis": "amount", "amount": Decimal(100)}
    first = approve(chen, ask(lin, account, condition_on=TODAY + timedelta(days=3), **terms))
    second = approve(chen, ask(lin, account, condition_on=TODAY + timedelta(days=6), needs_id=first.pk, **terms))
    request = granting.ask_to_take_back(actor=lin, waiver_id=first.pk, reason="She disputes the debt")
    approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("taken-back", "lapsed")
    pay(account, "5000")
    assert fee(account) == WHOLE
