"""Promises to pay: taken within limits, judged by the ledger as money comes and goes, and never a change of lateness."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Payment, Standing
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, posting
from accounts.services.loading import create_staging, load_staged
from audit.models import Event
from audit.services import SystemActor
from cases.errors import StaleScreen
from cases.models import Case, Promise, PromiseInstalment, WorkTerms
from cases.services.judging import judge, judge_day
from cases.services.promises import cancel_promise, take_promise
from compliance.models import Contact
from delinquency.close_of_day import close_day
from runs import clock
from runs import services as runs
from runs.bulk import reserve_keys
from runs.models import DayClose
from runs.services import StepRun
from staff.models import User
from tests.factories import DecisionFactory, EntryFactory, TeamFactory, UserFactory
from tests.sizes import sized

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 10)

pytestmark = pytest.mark.django_db


def at(day: date, hour: int = 4) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.frozen(at(TODAY)):
        yield


def late_account(
    ref: str = "A1", amount: str = "1000.00", currency: str = "CNY", customer_id: int | None = None
) -> Account:
    """An account whose one bill has been late since 1 March; the first has a case, the team's."""
    if customer_id is None:
        customer_id = customers.register_customer(actor=ACTOR, ref=f"K-{ref}", name="王小明").pk
    account = posting.open_account(
        actor=ACTOR, ref=ref, customer_id=customer_id, product_code="plain", currency=currency
    )
    posting.post_bill(
        actor=ACTOR, account_id=account.pk, ref=f"B-{ref}", statement_on=date(2026, 2, 9), due_on=date(2026, 3, 1),
        principal=Decimal(amount),
    )  # fmt: skip
    Case.objects.update(team=TeamFactory())
    return account


def pay(account: Account, amount: str, on: date, ref: str | None = None) -> Payment:
    return posting.post_payment(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref or f"P{Payment.objects.count()}",
        amount=Decimal(amount),
        effective_on=on,
    )


def promise(*parts: tuple[int, str], by: User | None = None, **options: object) -> Promise:
    """So many days ahead, so much."""
    case = Case.objects.get()
    return take_promise(
        actor=by or UserFactory(role="supervisor"),
        case_id=case.pk,
        seen_version=case.version,
        instalments=[(days(ahead), Decimal(amount)) for ahead, amount in parts],
        **options,
    )


def close_through(day: date) -> None:
    with clock.frozen(at(day, 15)):
        close_day(actor=ACTOR, through=day)


def verdict(of: Promise) -> tuple[str, Decimal, list[str]]:
    of.refresh_from_db()
    return of.status, of.got, list(of.instalments.order_by("number").values_list("status", flat=True))


def verbs(of: Promise) -> list[str]:
    return list(
        Event.objects.filter(subject_type="promise", subject_id=of.pk).order_by("pk").values_list("verb", flat=True)
    )


def everything_agrees() -> None:
    assert list(differences(*account_range())) == []


# --- taking


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
    with pytest.raises(Invalid, match="A3 is in USD; promises of this case are in CNY"):
        promise((1, "1.00"), account_id=dollars.pk)
    assert promise((1, "250.00"), account_id=other.pk).account_id == other.pk


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


# --- judged by the ledger


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


def take(account: Account, *parts: tuple[int, str], **options: object) -> Promise:
    case = Case.objects.get(customer_id=account.customer_id)
    return take_promise(
        actor=UserFactory(role="supervisor"),
        case_id=case.pk,
        seen_version=case.version,
        instalments=[(days(ahead), Decimal(amount)) for ahead, amount in parts],
        **options,
    )


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
            match chance.choice(["promise", "pay", "reverse", "there and back", "close", "close", "close"]):
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
                case "close":
                    close_through(day)
                    day += timedelta(days=1)
        everything_agrees()
    assert set(Promise.objects.values_list("status", flat=True)) & {"kept", "partly", "broken"}


@pytest.mark.parametrize(("day", "amount"), [(date(9999, 12, 31), "1"), (days(1), "NaN"), (days(1), "1E+999")])
def test_a_day_or_an_amount_beyond_all_bounds_is_refused_in_words(day: date, amount: str) -> None:
    late_account()
    case = Case.objects.get()
    with pytest.raises(Invalid, match=r"too far ahead|no amount to promise"):
        take_promise(
            actor=UserFactory(role="supervisor"), case_id=case.pk, seen_version=case.version,
            instalments=[(day, Decimal(amount))],
        )  # fmt: skip
