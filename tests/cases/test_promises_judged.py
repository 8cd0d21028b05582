"""Promises judged by the ledger as money comes and goes, and never a change of lateness."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Payment, Standing
from accounts.selectors.verify import account_range, differences
from accounts.services import posting
from accounts.services.loading import create_staging, load_staged
from audit.models import Event
from cases.models import Case, Dispute, Promise, PromiseInstalment, WorkTerms
from cases.services.judging import judge, judge_day
from cases.services.promises import take_promise
from runs import clock
from runs import services as runs
from runs.bulk import reserve_keys
from runs.models import DayClose
from runs.services import StepRun
from tests.cases.promise_deeds import (
    ACTOR,
    TODAY,
    at,
    close_through,
    days,
    everything_agrees,
    late_account,
    open_or_answer,
    pay,
    promise,
    take,
    verbs,
    verdict,
)
from tests.factories import EntryFactory, UserFactory
from tests.sizes import sized

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("promise_day")]


def test_a_promise_paid_by_its_date_is_kept_at_once_and_early_is_kept() -> None:
    account = late_account()
    taken = promise((5, "600.00"))
    pay(account, "250.00", days(1))
    assert verdict(taken) == ("open", Decimal("250.00"), ["open"])
    pay(account, "350.00", days(2))
    assert verdict(taken) == ("kept", Decimal("600.00"), ["kept"])
    assert verbs(taken) == ["promise.taken", "promise.kept"]
    assert taken.closed_at is not None
    assert Event.objects.get(verb="promise.kept").before == {"status": "open", "instalments": ["open"]}
    everything_agrees()


def test_money_of_before_the_promise_does_not_count_and_of_the_last_day_of_grace_does() -> None:
    account = late_account()
    taken = promise((5, "600.00"))
    pay(account, "100.00", days(-1))
    assert verdict(taken) == ("open", Decimal("0.00"), ["open"])
    pay(account, "600.00", days(7))
    assert verdict(taken) == ("open", Decimal("0.00"), ["open"])
    pay(account, "600.00", days(6))
    assert verdict(taken) == ("kept", Decimal("600.00"), ["kept"])


@pytest.mark.parametrize(
    ("paid", "status", "broken_on"), [(None, "broken", days(4)), ("599.99", "partly", None), ("600.00", "kept", None)]
)
def test_the_close_of_the_last_day_of_grace_judges(paid: str | None, status: str, broken_on: date | None) -> None:
    account = late_account()
    taken = promise((3, "600.00"))
    close_through(days(3))
    assert verdict(taken)[0] == "open"
    if paid:
        with clock.frozen(at(days(4))):
            pay(account, paid, days(4))
    close_through(days(4))
    assert verdict(taken)[0] == status
    assert verbs(taken) == ["promise.taken", f"promise.{status}"]
    case = Case.objects.get()
    assert (case.promise_broken_on, case.wait_for) == (broken_on, "")
    everything_agrees()


def test_the_days_of_grace_are_those_in_force_when_the_promise_was_made() -> None:
    late_account()
    taken = promise((3, "600.00"))
    first = WorkTerms.objects.get()
    first.pk, first.effective_from, first.promise_grace_days = None, days(1), 9
    first.save()
    close_through(days(4))
    assert verdict(taken)[0] == "broken"


def test_late_recorded_money_makes_a_broken_promise_kept_and_a_reversal_takes_it_away_again() -> None:
    account = late_account()
    taken = promise((3, "600.00"))
    close_through(days(5))
    case = Case.objects.get()
    assert case.promise_broken_on == days(4)
    version = case.version
    with clock.frozen(at(days(6))):
        payment = pay(account, "600.00", days(3))
        assert verdict(taken) == ("kept", Decimal("600.00"), ["kept"])
        case.refresh_from_db()
        assert case.promise_broken_on is None
        assert case.version > version
        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    assert verdict(taken) == ("broken", Decimal("0.00"), ["broken"])
    case.refresh_from_db()
    assert case.promise_broken_on == days(4)
    assert verbs(taken) == ["promise.taken", "promise.broken", "promise.kept", "promise.broken"]
    again = Event.objects.filter(verb="promise.broken").latest("pk")
    assert (again.before["status"], again.after["status"]) == ("kept", "broken")
    everything_agrees()


def test_a_kept_promise_is_open_again_when_its_money_is_taken_back_in_time() -> None:
    account = late_account()
    taken = promise((5, "600.00"))
    payment = pay(account, "600.00", days(1))
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned", effective_on=days(2))
    assert verdict(taken) == ("open", Decimal("0.00"), ["open"])
    assert taken.closed_at is None
    assert verbs(taken)[-1] == "promise.reopened"
    assert Case.objects.get().wait_for == "promise"
    everything_agrees()


def test_a_kept_promise_that_another_followed_is_replaced_when_its_money_is_taken_back() -> None:
    account = late_account()
    first = promise((5, "300.00"))
    payment = pay(account, "300.00", days(1))
    second = promise((6, "500.00"))
    assert (verdict(first)[0], verdict(second)[0]) == ("kept", "open")
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    assert verdict(first) == ("cancelled", Decimal("0.00"), ["cancelled"])
    assert verdict(second) == ("open", Decimal("0.00"), ["open"])
    everything_agrees()


def test_of_two_kept_promises_whose_money_is_taken_back_at_once_the_newer_is_open() -> None:
    account = late_account()
    payment = pay(account, "300.00", days(1))
    first, second = promise((5, "300.00")), promise((6, "200.00"))
    assert (verdict(first)[0], verdict(second)[0]) == ("kept", "kept")
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    assert (verdict(first)[0], verdict(second)[0]) == ("cancelled", "open")
    everything_agrees()


def test_a_promise_on_one_account_is_kept_by_money_on_it_alone_and_else_by_any_in_its_currency() -> None:
    account = late_account()
    other = late_account("A2", "250.00", customer_id=account.customer_id)
    dollars = late_account("A3", "900.00", currency="USD", customer_id=account.customer_id)
    stranger = late_account("A4", "900.00")
    taken = take(account, (3, "100.00"), account_id=other.pk)
    for payer in (account, dollars, stranger):
        pay(payer, "100.00", days(1))
    assert verdict(taken)[0] == "open"
    pay(other, "100.00", days(1))
    assert verdict(taken)[0] == "kept"

    with clock.frozen(at(days(2))):
        anywhere = take(account, (3, "100.00"))
        pay(dollars, "100.00", days(3))
        assert verdict(anywhere)[0] == "open"
        pay(other, "60.00", days(3))
        pay(account, "40.00", days(3))
        assert verdict(anywhere)[0] == "kept"
    everything_agrees()


def test_waivers_and_adjustments_are_no_payments() -> None:
    account = late_account()
    taken = promise((3, "600.00"))
    EntryFactory(account=account, kind="waiver", amount=Decimal("-600.00"), effective_on=days(1))
    EntryFactory(account=account, kind="adjustment", amount=Decimal("-600.00"), effective_on=days(1))
    judge(actor=ACTOR, customer_ids=[account.customer_id])
    assert verdict(taken) == ("open", Decimal("0.00"), ["open"])


def test_a_missed_instalment_raises_the_case_while_the_promise_goes_on_and_the_whole_is_judged_with_the_last() -> None:
    account = late_account()
    taken = promise((2, "100.00"), (5, "100.00"), (8, "100.00"))
    close_through(days(3))
    assert verdict(taken) == ("open", Decimal("0.00"), ["broken", "open", "open"])
    assert Case.objects.get().promise_broken_on == days(3)
    with clock.frozen(at(days(5))):
        pay(account, "150.00", days(5))
    # Money fills the earliest first: 100 late for the first, 50 in time for the second.
    assert verdict(taken) == ("open", Decimal("150.00"), ["broken", "open", "open"])
    close_through(days(6))
    assert verdict(taken) == ("open", Decimal("150.00"), ["broken", "partly", "open"])
    with clock.frozen(at(days(8))):
        pay(account, "150.00", days(8))
    assert verdict(taken) == ("partly", Decimal("300.00"), ["broken", "partly", "kept"])
    assert verbs(taken) == ["promise.taken", "promise.judged", "promise.judged", "promise.partly"]
    assert Case.objects.get().promise_broken_on == days(3)
    everything_agrees()


def test_a_broken_instalment_stays_with_the_case_when_another_promise_replaces_it() -> None:
    late_account()
    promise((1, "100.00"), (9, "100.00"))
    close_through(days(2))
    with clock.frozen(at(days(3))):
        case = Case.objects.get()
        take_promise(
            actor=UserFactory(role="supervisor"), case_id=case.pk, seen_version=case.version,
            instalments=[(days(9), Decimal("50.00"))],
        )  # fmt: skip
    assert Case.objects.get().promise_broken_on == days(2)
    everything_agrees()


def test_a_promise_never_changes_how_late_an_account_is() -> None:
    """Two equal accounts, one with a promise, day by day through kept and broken: the same days, bucket and amount."""
    promised, plain = late_account("A1"), late_account("A2")
    take(promised, (3, "400.00"), (8, "300.00"))
    for ahead in range(11):
        if ahead == 3:
            with clock.frozen(at(days(3))):
                pay(promised, "400.00", days(3))
                pay(plain, "400.00", days(3))
        close_through(days(ahead))
        one, other = (
            Standing.objects.filter(account=account).values(
                "overdue_since", "clock_from_on", "clock_stopped_on", "bucket", "kind", "risk_class", "overdue_amount"
            )[0]
            for account in (promised, plain)
        )
        assert one == other
    assert Promise.objects.get().status == "partly"
    everything_agrees()


def test_an_import_of_payments_judges_too() -> None:
    account = late_account()
    taken = promise((3, "600.00"))
    with transaction.atomic(), connection.cursor() as cursor:
        create_staging(cursor)
        cursor.execute(
            """INSERT INTO staged_payment (id, account_id, ref, amount, effective_on, recorded_at, channel)
               VALUES (%s, %s, 'P-loaded', 600, %s, %s, 'bank')""",
            (reserve_keys(Payment, 1)[0], account.pk, days(2), clock.now()),
        )
        load_staged(cursor, actor=ACTOR)
    assert verdict(taken) == ("kept", Decimal("600.00"), ["kept"])
    everything_agrees()


def test_verify_book_finds_a_verdict_and_a_raised_case_that_the_ledger_does_not_confirm() -> None:
    account = late_account()
    taken = promise((3, "600.00"))
    pay(account, "100.00", days(1))
    everything_agrees()
    Promise.objects.update(status="kept")
    PromiseInstalment.objects.update(got=Decimal("7.00"))
    Case.objects.update(promise_broken_on=days(3))
    found = {(one.what, one.kept, one.replayed) for one in differences(*account_range())}
    assert found == {
        (f"promise {taken.pk}", "kept 100.00 open 7.00", "open 100.00 open 100.00"),
        (f"case {Case.objects.get().ref}, promise broken on", str(days(3)), "None"),
    }


def test_the_day_judges_each_promise_once_and_a_second_run_adds_nothing() -> None:
    for number in range(5):
        take(late_account(f"A{number}"), (1, "10.00"))
    close_through(days(2))
    step = DayClose.objects.get(date=days(2), step="promises")
    assert (step.done, step.result) == (5, {"promises_kept": 0, "promises_partly": 0, "promises_broken": 5})
    told = Event.objects.count()
    DayClose.objects.filter(date=days(2), step="promises").update(status="running", cursor=0)
    with clock.frozen(at(days(2), 15)):
        judge_day(StepRun(day=days(2), step="promises"))
    assert Event.objects.count() == told
    assert Promise.objects.filter(status="broken").count() == 5
    everything_agrees()


def test_the_days_work_takes_the_same_queries_for_two_promises_and_for_twenty() -> None:
    counts = []
    for day, number in ((days(3), 2), (days(5), 20)):
        with clock.frozen(at(day - timedelta(days=2))):
            for one in range(number):
                account = late_account(f"A{number}-{one}")
                case = Case.objects.get(customer_id=account.customer_id)
                take_promise(
                    actor=UserFactory(role="supervisor"), case_id=case.pk, seen_version=case.version,
                    instalments=[(day - timedelta(days=1), Decimal("5.00"))],
                )  # fmt: skip
        runs.begin_step(day=day, step="promises", position=4)
        with CaptureQueriesContext(connection) as queries:
            judge_day(StepRun(day=day, step="promises"))
        counts.append(len(queries))
    assert Promise.objects.filter(status="broken").count() == 22
    assert counts[0] == counts[1]


@pytest.mark.parametrize("seed", range(sized(2, 4)))
def test_a_random_walk_of_promises_money_reversals_and_days_always_verifies(seed: int) -> None:
    """And what was paid and then taken back leaves every verdict as if it had never come."""
    chance = random.Random(seed)
    account = late_account(amount="5000.00")
    day = TODAY
    for _step in range(30):
        with clock.frozen(at(day)):
            match chance.choice(["promise", "pay", "reverse", "there and back", "dispute", "close", "close", "close"]):
                case "promise" if chance.random() < 0.3 or not Promise.objects.filter(status="open").exists():
                    first, second = sorted(chance.sample(range(8), 2))
                    case = Case.objects.get()
                    take_promise(
                        actor=UserFactory(role="supervisor"),
                        case_id=case.pk,
                        seen_version=case.version,
                        instalments=[
                            (day + timedelta(days=first), Decimal(30)),
                            (day + timedelta(days=second), Decimal(20)),
                        ],
                    )
                case "pay":
                    pay(account, str(chance.randint(1, 60)), day + timedelta(days=chance.randint(-6, 3)))
                case "reverse":
                    payments = list(Payment.objects.filter(reversal=None).order_by("pk"))
                    if payments:
                        posting.reverse_payment(actor=ACTOR, payment_id=chance.choice(payments).pk, reason="returned")
                case "there and back":
                    was = list(Promise.objects.exclude(status="cancelled").order_by("pk").values_list("status", "got"))
                    paid = pay(account, "50", day - timedelta(days=chance.randint(0, 5)))
                    posting.reverse_payment(actor=ACTOR, payment_id=paid.pk, reason="returned")
                    now = list(Promise.objects.exclude(status="cancelled").order_by("pk").values_list("status", "got"))
                    assert now == was
                case "dispute":
                    open_or_answer()
                case "close":
                    close_through(day)
                    day += timedelta(days=1)
        everything_agrees()
    with clock.frozen(at(day)):
        if Dispute.objects.filter(status="open").exists():
            open_or_answer()
    close_through(day + timedelta(days=9))
    everything_agrees()
    assert set(Promise.objects.values_list("status", flat=True)) & {"kept", "partly", "broken"}
