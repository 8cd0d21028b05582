"""Calls that are asked for on cases."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from accounts.errors import Invalid
from accounts.models import Customer, Standing
from audit.models import Event
from audit.services import SystemActor
from cases.models import CallTask, Case, Queue
from cases.selectors.queues import cases_of, held, working
from cases.services import call_tasks
from cases.services.contacts import log_inbound
from cases.services.follow import follow
from cases.services.queues import remove_queue
from compliance.models import Contact
from runs import clock
from tests.cases.deeds import back, call, values
from tests.clients import signed_in
from tests.factories import DAY, MOMENT, BusinessDayFactory, CustomerFactory, UserFactory
from tests.strategy.conftest import new_version, rule
from tests.whole_cases import workable_case

ACTOR = SystemActor("test")


@pytest.fixture
def case(db: None) -> Case:
    BusinessDayFactory()
    return workable_case()


def ask(*cases: Case, day: object = DAY, queue: str = "call") -> int:
    key = Queue.objects.get(code=queue).pk
    asked = [call_tasks.Asked(case.customer_id, key, day, "Early call", "strategy: call") for case in cases]  # type: ignore[arg-type]  # a date
    with clock.frozen(MOMENT):
        return call_tasks.ask_many(actor=ACTOR, asked=asked)


def test_asked_for_once_a_case_and_queue(case: Case) -> None:
    nobody = CustomerFactory()
    assert ask(case, Case(customer=nobody)) == 1
    assert ask(case) == 0
    assert ask(case, queue="new") == 1
    assert ask() == 0
    case.refresh_from_db()
    assert case.version == 3
    event = Event.objects.filter(verb="case.call-asked").first()
    assert (event.subject_id, event.customer_id, event.after) == (
        case.pk,
        case.customer_id,
        {"wanted_on": "2026-11-22", "why": "Early call"},
    )


def test_found_in_its_queue_from_its_day_on(case: Case) -> None:
    user = UserFactory()
    queue = Queue.objects.get(code="call")
    ask(case, day=DAY + timedelta(days=1))
    with clock.frozen(MOMENT):
        assert not cases_of(queue, user, DAY).exists()
        assert list(working(Case.objects.all(), "call", DAY + timedelta(days=1), user)) == [case]
    with clock.frozen(MOMENT + timedelta(days=1)):
        assert list(cases_of(queue, user, DAY)) == [case]
        assert held(user, [queue])[queue.pk].cases == 1


@pytest.mark.parametrize(("outcome", "done"), [("no-answer", True), ("not-made", False)])
def test_done_by_a_call_that_was_made(case: Case, outcome: str, done: bool) -> None:
    ask(case)
    with clock.frozen(MOMENT):
        call(case, UserFactory(), outcome)
    task = CallTask.objects.get()
    assert (task.done_at is not None, task.contact is not None) == (done, done)


def test_done_when_the_customer_calls_and_not_when_she_writes(case: Case) -> None:
    ask(case)
    with clock.frozen(MOMENT):
        log_inbound(actor=UserFactory(), case_id=case.pk, seen_version=None, channel="email", outcome="right-party")
        assert CallTask.objects.get().done_at is None
        log_inbound(actor=UserFactory(), case_id=case.pk, seen_version=None, channel="voice", outcome="right-party")
    assert CallTask.objects.get().done_at == MOMENT


def test_over_when_nothing_is_late_any_more(case: Case) -> None:
    other = workable_case(team=case.team)
    ask(case, other)
    Standing.objects.filter(account__customer=case.customer).delete()
    with clock.frozen(MOMENT):
        assert follow(actor=ACTOR, customer_ids=[case.customer_id, other.customer_id], day=DAY)["cured"] == 1
    assert list(CallTask.objects.filter(done_at=None).values_list("case", flat=True)) == [other.pk]


def test_the_case_page_shows_it(case: Case) -> None:
    ask(case)
    with clock.frozen(MOMENT):
        page = signed_in(UserFactory()).get(f"/cases/{case.ref}/").content.decode()
    assert "Call asked for" in page
    assert "Early call" in page


def test_a_queue_in_which_a_strategy_asks_for_calls_stays(case: Case) -> None:
    queue = Queue.objects.get(code="call")
    rule(new_version(), "call", action="call", queue=queue)
    chief = UserFactory(role="supervisor")
    response = signed_in(chief).post(f"/queues/{queue.pk}/change/", {"remove": "1"}, follow=True)
    assert "A strategy asks for calls in the queue" in response.content.decode()
    assert Queue.objects.filter(pk=queue.pk).exists()
    other = Queue.objects.get(code="early")
    remove_queue(actor=chief, queue_id=other.pk)
    assert not Queue.objects.filter(pk=other.pk).exists()


SOON = DAY + timedelta(days=3)


def test_who_asks_to_be_called_back_is_in_the_queue_on_that_day_and_not_before(case: Case) -> None:
    ask(case)
    lin, queue = UserFactory(display_name="Lin"), Queue.objects.get(code="call")
    with clock.frozen(MOMENT):
        back(case, lin, SOON, time(15, 30))
        assert not cases_of(queue, lin, DAY).exists()
    task = CallTask.objects.get(done_at=None)
    assert (task.wanted_on, task.wanted_at, task.queue, task.source) == (SOON, time(15, 30), queue, "Lin")
    event = Event.objects.filter(verb="case.call-asked").first()
    assert (event.actor_id, event.after["wanted_on"], event.after["wanted_at"]) == (lin.pk, SOON.isoformat(), "15:30")
    with clock.frozen(MOMENT + timedelta(days=3, hours=4)):
        assert list(cases_of(queue, lin, DAY)) == [case]
        page = " ".join(signed_in(lin).get(f"/cases/{case.ref}/").content.decode().split())
    assert f"from {SOON} on · at 15:30 on the customer’s clock" in page
    assert "The customer asks to be called back." in page


def test_the_day_that_she_names_last_stands_in_place_of_the_earlier(case: Case) -> None:
    lin = UserFactory()
    with clock.frozen(MOMENT):
        back(case, lin, SOON)
        back(case, lin, SOON + timedelta(days=1), channel="chat")
    assert CallTask.objects.get(done_at=None).wanted_on == SOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("on", "at", "field"),
    [
        (DAY - timedelta(days=1), None, "call_back_on"),
        (DAY + timedelta(days=181), None, "call_back_on"),
        (DAY, time(11, 59), "call_back_at"),
        (DAY, time(12, 1), None),
        (DAY, None, "call_back_at"),
        (DAY + timedelta(days=180), time(9), None),
    ],
)
def test_a_call_back_is_for_a_day_and_an_hour_to_come(case: Case, on: date, at: time | None, field: str | None) -> None:
    with clock.frozen(MOMENT):
        if field is None:
            back(case, UserFactory(), on, at)
        else:
            with pytest.raises(Invalid) as refused:
                back(case, UserFactory(), on, at)
            assert refused.value.field == field
    assert CallTask.objects.exists() is Contact.objects.exists() is (field is None)


def test_the_hour_is_one_of_the_customers_clock(case: Case) -> None:
    Customer.objects.update(time_zone="America/New_York")
    with clock.frozen(MOMENT):  # noon here, the evening before there
        back(case, UserFactory(), DAY, time(9))
    assert CallTask.objects.get().wanted_at == time(9)


@pytest.mark.parametrize("verb", ["contact", "inbound"])
def test_the_form_wants_the_day_for_this_outcome_alone(case: Case, verb: str) -> None:
    where, page = f"/cases/{case.ref}/{verb}/", signed_in(role="supervisor")
    with clock.frozen(MOMENT):
        typed = values(verb, case, outcome="call-back", call_back_at="15:30")
        assert "“Call back on” is empty. Fill it in." in page.post(where, typed).content.decode()
        assert not Contact.objects.exists()
        refused = page.post(where, typed | {"call_back_on": DAY - timedelta(days=1)}).content.decode()
        assert "cannot be: give a day from" in refused
        said = page.post(where, typed | {"call_back_on": SOON}, follow=True).content.decode()
        assert f"Asks to be called back. The call is asked for on {SOON}." in said
        assert CallTask.objects.get().wanted_at == time(15, 30)
        other = values(verb, case, outcome="refused", call_back_on="nonsense")
        assert page.post(where, other).status_code == 302 or verb == "contact"  # the gate lets her rest
    assert CallTask.objects.count() == 1
