"""Take next: to whom which case is given, and to one only, under any number of collectors."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.errors import Conflict
from audit.models import Event
from audit.services import SystemActor
from cases.models import Case, Queue
from cases.services import taking
from cases.services.assigning import assign, release, take
from cases.services.taking import take_next
from cases.services.waiting import NO_END
from compliance.models import ContactAgreement, ContactRule, CustomerFlag
from compliance.services import add_rule
from runs import clock
from staff.models import User
from tests.factories import (
    BusinessDayFactory,
    CaseFactory,
    ContactPointFactory,
    CustomerFactory,
    DecisionFactory,
    TeamFactory,
    UserFactory,
)
from tests.threads import at_once

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


def callable_case(**fields: object) -> Case:
    """A case whose customer has a number that may be called by day."""
    zone = fields.pop("time_zone", "Asia/Shanghai")
    case = CaseFactory(customer=CustomerFactory(time_zone=zone), **fields)
    number = f"138{case.customer_id:08d}"
    ContactPointFactory(customer=case.customer, kind="mobile", clear=number)
    return case


@pytest.mark.django_db
def test_the_highest_priority_that_is_free_and_waits_for_nothing_is_given() -> None:
    lin = UserFactory()
    callable_case(priority=9, assignee=UserFactory())
    callable_case(priority=8, wait_until=NO_END, wait_for="dispute")
    callable_case(priority=7, status="cured")
    callable_case(priority=6, team=TeamFactory(name="Team 2"))
    callable_case(priority=5, team=None)
    second = callable_case(priority=3, wait_until=NOON, wait_for="follow-up")  # its moment has come
    first = callable_case(priority=4)

    taken = take_next(actor=lin)
    assert taken == first
    first.refresh_from_db()
    assert (first.assignee, first.assigned_at, first.version) == (lin, NOON, 2)
    event = Event.objects.get(verb="case.taken")
    assert (event.actor_id, event.subject_id, event.after) == (lin.pk, first.pk, {"assignee": "Lin"})
    assert take_next(actor=lin) == second
    assert take_next(actor=lin) is None


@pytest.mark.django_db
def test_a_queue_narrows_and_orders() -> None:
    lin = UserFactory()
    callable_case(priority=9, bucket="M3")
    small = callable_case(priority=8, bucket="M1", overdue_amount=10)
    large = callable_case(priority=1, bucket="M1", overdue_amount=20)
    queue = Queue.objects.get(code="early")
    assert [take_next(actor=lin, queue=queue) for _ in range(3)] == [large, small, None]


@pytest.mark.django_db
def test_her_own_due_cases_come_first_until_somebody_was_in_contact() -> None:
    lin = UserFactory()
    new = callable_case(priority=99)
    due = callable_case(priority=2, assignee=lin, follow_up_on=TODAY, contacted_at=NOON - timedelta(days=3))
    broken = callable_case(priority=1, assignee=lin, promise_broken_on=TODAY - timedelta(days=1))
    callable_case(priority=50, assignee=lin)
    callable_case(priority=50, assignee=UserFactory(), follow_up_on=TODAY)

    assert take_next(actor=lin) == due
    assert take_next(actor=lin, leaving=due.pk) == broken
    assert take_next(actor=lin, leaving=broken.pk) == due
    with transaction.atomic():
        assert take_next(actor=lin, leaving=broken.pk, passed=[due.pk]) == new
        transaction.set_rollback(True)
    Case.objects.filter(pk__in=[due.pk, broken.pk]).update(contacted_at=NOON)
    assert take_next(actor=lin) == new
    assert Event.objects.count() == 1  # hers were hers already


@pytest.mark.django_db
def test_one_who_may_not_be_called_now_is_set_aside_until_then() -> None:
    lin = UserFactory()
    refused, free = callable_case(priority=2), callable_case(priority=1)
    for hour in range(1, 4):
        at = NOON - timedelta(hours=hour)
        DecisionFactory(
            customer=refused.customer,
            contact_point=refused.customer.contact_points.get(),
            channel="voice",
            purpose="collection",
            at=at,
            decided_at=at,
            reserved_until=NOON + timedelta(minutes=10),
        )
    assert take_next(actor=lin) == free
    refused.refresh_from_db()
    assert refused.wait_for == "gate"
    assert refused.wait_until is not None
    assert NOON < refused.wait_until < NOON + timedelta(days=2)
    assert (refused.assignee, refused.version) == (None, 1)
    assert [event.subject_id for event in Event.objects.filter(verb="case.taken")] == [free.pk]


@pytest.mark.django_db
def test_a_rule_that_comes_into_force_holds_for_the_next_take() -> None:
    lin = UserFactory()
    first, second = callable_case(priority=2), callable_case(priority=1)
    assert take_next(actor=lin) == first
    hours = ContactRule.objects.filter(pack="cn", code="contact-hours").latest("effective_from")
    closed = {**hours.parameters, "opens": "22:00", "closes": "23:00"}
    rule = add_rule(
        actor=SystemActor("t"), code="contact-hours", effective_from=TODAY + timedelta(1), parameters=closed, source="x"
    )
    assert take_next(actor=lin, leaving=first.pk) == second
    ContactRule.objects.filter(pk=rule.pk).update(effective_from=TODAY)
    second.refresh_from_db()
    release(actor=lin, case_id=second.pk, seen_version=second.version)
    assert take_next(actor=lin) is None


@pytest.mark.django_db
def test_a_queue_of_days_past_due_goes_by_the_day_up_to_which_the_book_is_closed() -> None:
    lin = UserFactory()
    BusinessDayFactory(date=TODAY - timedelta(days=1))
    first, second = (callable_case(priority=9 - n, clock_from_on=TODAY - timedelta(days=10 - n)) for n in (0, 1))
    queue = Queue(code="ten", query="days_min=9", sort="-priority")
    assert [take_next(actor=lin, queue=queue) for _ in range(2)] == [first, None]
    BusinessDayFactory(date=TODAY)
    assert take_next(actor=lin, queue=queue) == second


@pytest.mark.django_db
def test_at_night_only_those_with_agreed_hours_or_whose_day_it_is_are_given_and_nobody_is_set_aside() -> None:
    lin = UserFactory()
    asleep = callable_case(priority=9)
    agreed = callable_case(priority=5)
    ContactAgreement.objects.create(
        customer=agreed.customer,
        opens=time(20),
        closes=time(23, 59),
        from_on=TODAY - timedelta(days=1),
        evidence="x",
        agreed_at=NOON,
        recorded_by_name="x",
    )
    with clock.frozen(NIGHT - timedelta(minutes=30)):  # 23:30 in Shanghai
        assert take_next(actor=lin) == agreed
        assert take_next(actor=lin) is None
        day_there = callable_case(priority=1, time_zone="America/Chicago")
        assert take_next(actor=lin) == day_there
    asleep.refresh_from_db()
    assert (asleep.wait_for, asleep.assignee) == ("", None)


@pytest.mark.django_db
def test_one_without_any_usable_number_is_given_to_be_traced() -> None:
    case = CaseFactory()
    assert take_next(actor=UserFactory()) == case


@pytest.mark.django_db
def test_hardship_does_not_keep_one_without_a_number_from_being_traced() -> None:
    case = CaseFactory()
    CustomerFlag.objects.create(
        customer=case.customer, kind="hardship", from_on=TODAY, evidence="x", placed_at=NOON, placed_by_name="x"
    )
    assert take_next(actor=UserFactory()) == case


@pytest.mark.django_db
def test_who_died_without_a_number_is_not_given_to_be_traced() -> None:
    case = CaseFactory()
    CustomerFlag.objects.create(
        customer=case.customer, kind="deceased", from_on=TODAY, evidence="x", placed_at=NOON, placed_by_name="x"
    )
    assert take_next(actor=UserFactory()) is None
    case.refresh_from_db()
    assert case.wait_for == "flag"


@pytest.mark.django_db
def test_what_a_take_asks_is_written_for_the_day_and_asked_for_the_moment() -> None:
    lin = UserFactory()
    case = callable_case(wait_until=clock.now() + timedelta(minutes=30), wait_for="gate")
    assert take_next(actor=lin) is None
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        assert take_next(actor=lin) == case


@pytest.mark.django_db
def test_the_case_just_given_back_is_not_given_again_at_once() -> None:
    lin = UserFactory()
    first, second = callable_case(priority=9), callable_case(priority=1)
    assert take_next(actor=lin, leaving=first.pk) == second
    assert take_next(actor=lin, leaving=first.pk) is None
    assert take_next(actor=lin) == first


@pytest.mark.django_db
def test_the_vulnerable_go_to_who_may_contact_them() -> None:
    case = callable_case()
    CustomerFlag.objects.create(
        customer=case.customer, kind="vulnerable", from_on=TODAY, evidence="x", placed_at=NOON, placed_by_name="x"
    )
    assert take_next(actor=UserFactory()) is None
    able = UserFactory()
    able.user_permissions.add(Permission.objects.get(codename="contact_vulnerable"))
    assert take_next(actor=able) == case


@pytest.mark.django_db
def test_who_may_not_enter_gets_nothing() -> None:
    callable_case()
    assert take_next(actor=UserFactory(is_active=False)) is None


@pytest.mark.django_db
def test_it_costs_as_many_queries_with_many_cases_as_with_few() -> None:
    def queries(count: int) -> int:
        lin = UserFactory(team=TeamFactory(name=f"Of {count}"))
        for number in range(count):
            callable_case(team=lin.team, priority=number)
        User.objects.get(pk=lin.pk)
        with CaptureQueriesContext(connection) as captured:
            assert take_next(actor=lin)
        return len(captured)

    callable_case(team=TeamFactory(name="Another"))
    take_next(actor=UserFactory())  # the first of a process reads the rules and where customers live
    assert queries(2) == queries(20) == 5  # with the reading of her scope and permissions


@pytest.mark.django_db(transaction=True)
def test_fifty_collectors_at_once_get_every_case_that_may_be_given_and_none_twice() -> None:
    collectors = [UserFactory(team=TeamFactory(name=f"Team {n % 2 + 1}")) for n in range(50)]
    cases = [callable_case(team=TeamFactory(name=f"Team {n % 2 + 1}"), priority=n % 7) for n in range(120)]
    never = [
        callable_case(priority=99, wait_until=NO_END, wait_for="hold"),
        callable_case(priority=99, assignee=UserFactory()),
        callable_case(priority=99, team=TeamFactory(name="Team 3")),
        callable_case(priority=99, status="cured"),
    ]

    def work(collector: User) -> list[int]:
        taken = []
        while (case := take_next(actor=collector)) is not None:
            assert case.team_id == collector.team_id
            taken.append(case.pk)
        return taken

    got = at_once([lambda collector=collector: work(collector) for collector in collectors])

    given = Counter(pk for taken in got for pk in taken)  # type: ignore[attr-defined]
    assert set(given.values()) == {1}
    assert set(given) == {case.pk for case in cases}
    assert not set(given) & {case.pk for case in never}
    for collector, taken in zip(collectors, got, strict=True):
        assert set(Case.objects.filter(assignee=collector).values_list("pk", flat=True)) == set(taken)  # type: ignore[call-overload]
    assert Event.objects.filter(verb="case.taken").count() == len(cases)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_the_same_case_one_gets_it() -> None:
    case = callable_case()
    collectors = [UserFactory() for _ in range(8)]

    def attempt(collector: User) -> bool:
        try:
            take(actor=collector, case_id=case.pk, seen_version=1)
        except Conflict:
            return False
        return True

    assert sum(at_once([lambda collector=collector: attempt(collector) for collector in collectors])) == 1  # type: ignore[arg-type]
    assert Event.objects.filter(verb="case.taken").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_who_presses_in_many_windows_at_once_gets_one_case_and_keeps_nobody_waiting() -> None:
    people = [UserFactory() for _ in range(4)]
    for number in range(30):
        callable_case(priority=number)

    def press(person: User) -> Case | None:
        return take_next(actor=person, pressed_since=NOON - timedelta(seconds=2))

    got = at_once([lambda person=person: press(person) for person in people * 4])  # type: ignore[misc]

    assert len(set(got)) == len(people)
    for number, person in enumerate(people):
        assert set(got[number :: len(people)]) == set(Case.objects.filter(assignee=person))


@pytest.mark.django_db(transaction=True)
def test_a_case_locked_for_a_moment_is_still_given() -> None:
    case, lin = callable_case(), UserFactory()
    locked = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=case.pk)
            locked.set()
            connection.cursor().execute("SELECT pg_sleep(0.05)")

    def next_one() -> Case | None:
        locked.wait()
        return take_next(actor=lin)

    assert at_once([hold, next_one])[1] == case


@pytest.mark.django_db(transaction=True)
def test_a_due_case_of_hers_that_is_being_reassigned_is_not_given_to_her() -> None:
    lin, supervisor = UserFactory(), UserFactory(role="supervisor")
    due = callable_case(priority=9, assignee=lin, follow_up_on=TODAY)
    free = callable_case(priority=1)
    reassigned, given = threading.Event(), threading.Event()

    def reassign() -> None:
        with transaction.atomic():
            assert assign(actor=supervisor, case_ids=[due.pk], to=UserFactory()).done == [due.pk]
            reassigned.set()
            assert given.wait(10)

    def next_one() -> Case | None:
        reassigned.wait(10)
        try:
            return take_next(actor=lin)
        finally:
            given.set()

    assert at_once([reassign, next_one])[1] == free


@pytest.mark.django_db(transaction=True)
def test_a_due_case_reassigned_after_it_was_found_and_before_it_is_given_is_not_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lin, supervisor, other = UserFactory(), UserFactory(role="supervisor"), UserFactory()
    due = callable_case(priority=9, assignee=lin, follow_up_on=TODAY)
    free = callable_case(priority=1)
    atomic = transaction.atomic

    def reassigned_first() -> object:
        monkeypatch.setattr(taking, "transaction", transaction)
        at_once([lambda: assign(actor=supervisor, case_ids=[due.pk], to=other)])
        return atomic()

    monkeypatch.setattr(taking, "transaction", SimpleNamespace(atomic=reassigned_first))
    assert take_next(actor=lin) == free
    due.refresh_from_db()
    assert due.assignee == other
