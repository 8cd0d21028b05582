"""The lists of cases: the worklist, somebody's own, and what narrows and orders them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django_filters import DateFilter

from cases.filters import WorklistFilter
from cases.models import Case, Promise, PromiseInstalment, Queue
from runs import clock
from staff.models import User
from tests.factories import (
    DAY,
    MOMENT,
    AccountFactory,
    BusinessDayFactory,
    CaseFactory,
    ContactPointFactory,
    CustomerFactory,
    StandingFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15


def refs(client: Client, query: str = "") -> list[str]:
    """The references on the page, in order."""
    return [case.ref for case in client.get(f"/worklist/{query}").context["page"].object_list]


def late_for(days: int, **fields: object) -> Case:
    return CaseFactory(clock_from_on=DAY - timedelta(days=days), **fields)


def test_the_longest_overdue_comes_first_and_a_stopped_clock_stays_where_it_stopped(collector: Client) -> None:
    short, long = late_for(5), late_for(90)
    paused = CaseFactory(clock_from_on=DAY - timedelta(days=100), clock_stopped_on=DAY - timedelta(days=70))
    assert refs(collector) == [long.ref, paused.ref, short.ref]
    assert refs(collector, "?sort=days") == [short.ref, paused.ref, long.ref]
    shown = collector.get("/worklist/").context["page"].object_list
    assert [case.days_past_due for case in shown] == [90, 30, 5]


def test_cured_cases_are_not_worked(collector: Client) -> None:
    CaseFactory(status="cured", closed_on=DAY)
    assert refs(collector) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?bucket=M1", ["one"]),
        ("?bucket=M1&bucket=M3", ["three", "one"]),
        ("?amount_min=100", ["three", "two"]),
        ("?amount_max=100", ["two", "one"]),
        ("?amount_min=50&amount_max=150", ["two"]),
        ("?days_min=32", ["three", "two"]),
        ("?days_max=31", ["one"]),
        ("?risk_class=substandard", ["three"]),
        ("?opened_from=2026-11-01", ["one"]),
        ("?product=revolving", ["two"]),
        ("?sort=amount", ["one", "two", "three"]),
        ("?sort=-amount", ["three", "two", "one"]),
        ("?sort=bucket", ["one", "two", "three"]),
        ("?sort=name", ["one", "two", "three"]),
        ("?sort=-opened", ["one", "two", "three"]),
        ("?q=one", ["one"]),
        ("?q=CUS-2", ["two"]),
        ("?q=ACC-3", ["three"]),
        ("?q=Bao", []),
        ("?work=unassigned", ["two", "one"]),
        ("?work=mine", ["three"]),
        ("?work=new", ["two", "one"]),
        ("?work=follow-up", ["two"]),
        ("?work=promise-due", []),
        ("?work=promise-broken", ["three"]),
        ("?work=nonsense", ["three", "two", "one"]),
        ("?assignee=me", ["three"]),
        ("?assignee=nobody", ["two", "one"]),
        ("?sort=-priority", ["one", "two", "three"]),
        ("?sort=nonsense", ["three", "two", "one"]),
        ("?amount_min=nonsense", ["three", "two", "one"]),
        ("?page=99", ["three", "two", "one"]),
    ],
)
def test_the_worklist_is_narrowed_and_ordered(collector: Client, query: str, expected: list[str]) -> None:
    for number, (ref, name, days, bucket, amount) in enumerate(
        [("one", "An Yi", 9, "M1", 10), ("two", "Bao Er", 44, "M2", 100), ("three", "Chen San", 78, "M3", 1000)],
        start=1,
    ):
        case = late_for(
            days,
            ref=ref,
            bucket=bucket,
            overdue_amount=amount,
            customer=CustomerFactory(name=name, ref=f"CUS-{number}"),
            risk_class="substandard" if ref == "three" else "special-mention",
            opened_on=DAY - timedelta(days=days),
            products=["revolving" if ref == "two" else "plain"],
            priority=10 - number,
            assignee=User.objects.get(username="lin") if ref == "three" else None,
            contacted_at=MOMENT if ref == "three" else None,
            follow_up_on=clock.today() if ref == "two" else None,
            promise_broken_on=DAY if ref == "three" else None,
        )
        StandingFactory(account=AccountFactory(customer=case.customer, ref=f"ACC-{number}"))
    assert refs(collector, query) == expected


# How each column of a case can be asked for; one without an answer fails the test below.
ASKED_BY = {
    "ref": "q",
    "customer": "q",
    "bucket": "bucket",
    "risk_class": "risk_class",
    "overdue_amount": "amount_min",
    "clock_from_on": "days_min",
    "clock_stopped_on": "days_min",
    "opened_on": "opened_from",
    "products": "product",
    "team": "team",
    "assignee": "assignee",
    "follow_up_on": "work",
    "call_back_at": "work",
    "contacted_at": "work",
    "promise_broken_on": "work",
    "priority": "sort",
}


NOT_ASKED = {
    "id": "means nothing to a reader",
    "status": "the worklist is the open cases",
    "closed_on": "open cases have none",
    "currency": "shown with the amount; one lender, one currency so far",
    "late_accounts": "shown; the bucket says how bad it is",
    "opened_at": "the day is asked for, not the moment",
    "version": "guards against stale screens",
    "transactions": "guards against stale screens",
    "assigned_at": "who works it is asked for",
    "follow_up_note": "read on the case",
    "wait_until": "says who is given out next; the list shows when the customer may be called",
    "wait_for": "as the moment until which it waits",
}


def test_every_column_of_a_case_has_a_filter_or_a_reason_for_none() -> None:
    columns = {field.name for field in Case._meta.concrete_fields}
    assert columns == set(ASKED_BY) | set(NOT_ASKED)
    assert set(ASKED_BY.values()) <= set(WorklistFilter.base_filters)


def test_a_chip_of_a_day_writes_it_as_everything_else_does(collector: Client) -> None:
    name = next(name for name, one in WorklistFilter.base_filters.items() if isinstance(one, DateFilter))
    assert (name, "2026-03-02") in {
        (one, value) for one, _label, value in collector.get(f"/worklist/?{name}=2026-03-02").context["active"]
    }


def test_chips_name_the_filters_and_take_them_off(collector: Client) -> None:
    late_for(44, bucket="M2")
    page = collector.get("/worklist/?bucket=M2&days_min=40").content.decode()
    assert "Bucket: M2" in page
    assert "Days from: 40" in page
    assert 'href="?bucket=M2"' in page
    assert 'href="?days_min=40"' in page


def test_counts_beside_the_buckets_ignore_the_chosen_bucket_and_heed_the_rest(collector: Client) -> None:
    late_for(9, bucket="M1", overdue_amount=10)
    late_for(44, bucket="M2", overdue_amount=Decimal("100.50"))
    late_for(45, bucket="M2", overdue_amount=5)
    context = collector.get("/worklist/?bucket=M1&amount_min=10").context
    assert dict(context["buckets"])["M1"] == 1
    assert dict(context["buckets"])["M2"] == 1
    assert context["page"].paginator.count == 1
    assert context["totals"] == {"CNY": Decimal(10)}


@pytest.mark.parametrize("sort", ["days", "-days"])
def test_clocks_that_stand_still_have_their_place_among_those_that_run(collector: Client, sort: str) -> None:
    for number in range(30):
        # Every third clock stopped some days ago; days repeat, so that the keys decide.
        stopped = date(2026, 11, 10) if number % 3 == 0 else None
        CaseFactory(ref=f"K{number:02d}", clock_from_on=date(2026, 10, 1 + number // 2), clock_stopped_on=stopped)
    shown = refs(collector, f"?sort={sort}") + refs(collector, f"?sort={sort}&page=2")
    day = collector.get("/worklist/").context["day"]

    def days(case: Case) -> int:
        return ((case.clock_stopped_on or day) - case.clock_from_on).days

    sign = -1 if sort == "-days" else 1
    cases = Case.objects.filter(ref__startswith="K")
    wanted = [case.ref for case in sorted(cases, key=lambda case: (sign * days(case), case.pk))]
    assert [ref for ref in shown if ref.startswith("K")] == wanted


def test_pages_never_overlap(collector: Client) -> None:
    CaseFactory.create_batch(35)
    first, second = refs(collector), refs(collector, "?page=2")
    assert (len(first), len(second)) == (25, 10)
    assert not set(first) & set(second)


def test_htmx_gets_the_list_alone_and_a_restored_history_the_page(collector: Client) -> None:
    part = collector.get("/worklist/", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]
    whole = collector.get("/worklist/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in whole.content.decode()


def test_an_empty_worklist_says_what_to_do(client: Client) -> None:
    client.force_login(UserFactory())
    assert "manage.py close_day" in client.get("/worklist/").content.decode()
    BusinessDayFactory()
    assert "Nobody is late" in client.get("/worklist/").content.decode()
    assert "No open case matches" in client.get("/worklist/?q=nobody").content.decode()


def test_a_wrong_number_is_named_beside_its_field(collector: Client) -> None:
    assert "“much” is no number" in collector.get("/worklist/?amount_min=much").content.decode()


def test_ones_own_cases_come_by_what_is_due_then_by_priority(collector: Client) -> None:
    lin = User.objects.get(username="lin")
    today = clock.today()
    for ref, priority, follow_up in (
        ("low", 1, None),
        ("high", 9, None),
        ("due", 2, today),
        ("later", 5, today + timedelta(days=1)),
    ):
        CaseFactory(ref=ref, assignee=lin, priority=priority, follow_up_on=follow_up)
    CaseFactory(ref="free", priority=99)
    page = collector.get("/")
    assert [case.ref for case in page.context["rows"]] == ["due", "high", "later", "low"]
    assert page.context["everywhere"] == 4
    assert page.context["totals"] == {"CNY": 4 * Decimal("10480.55")}
    narrowed = collector.get("/?work=follow-up")
    assert [case.ref for case in narrowed.context["rows"]] == ["due"]
    assert narrowed.context["page"].paginator.count == 1
    assert {kind: number for kind, _name, number in narrowed.context["kinds"]}["new"] == 4


def test_who_works_no_cases_begins_with_the_worklist(client: Client) -> None:
    client.force_login(UserFactory(role="auditor"))
    assert client.get("/")["Location"] == "/worklist/"
    client.force_login(UserFactory(role="data-entry"))
    assert client.get("/")["Location"] == "/admin/"
    assert client.get("/worklist/").status_code == 403


def test_another_teams_case_is_in_no_list_and_no_number(collector: Client) -> None:
    CaseFactory(ref="ours")
    CaseFactory(ref="theirs", team=TeamFactory(name="Team 2"), bucket="M1")
    CaseFactory(ref="lent", team=TeamFactory(name="Team 2"), assignee=User.objects.get(username="lin"))
    for headers in ({}, {"HX-Request": "true"}):
        context = collector.get("/worklist/", headers=headers).context
        assert {case.ref for case in context["rows"]} == {"ours", "lent"}
        assert context["page"].paginator.count == 2
        assert dict(context["buckets"])["M1"] == 0
    assert refs(collector, "?q=theirs") == []
    assert refs(collector, "?bucket=M1") == []


def test_a_supervisor_narrows_by_person_and_team_within_her_reach(client: Client) -> None:
    BusinessDayFactory()
    other = TeamFactory(name="Team 2")
    wu, stranger = UserFactory(display_name="Wu"), UserFactory(display_name="Stranger", team=other)
    client.force_login(UserFactory(role="supervisor"))
    CaseFactory(ref="hers", assignee=wu)
    CaseFactory(ref="free")
    assert refs(client, f"?assignee={wu.pk}") == ["hers"]
    assert refs(client, f"?team={wu.team_id}&assignee=nobody") == ["free"]
    page = client.get(f"/worklist/?assignee={stranger.pk}").content.decode()
    assert "Stranger" not in page
    assert "is not on the list" in page


def test_a_row_says_whether_its_customer_may_be_called_and_what_was_promised(collector: Client) -> None:
    with clock.frozen(datetime(2026, 11, 23, 3, tzinfo=UTC)):  # 11:00 in Shanghai
        reached = CaseFactory(ref="reached")
        ContactPointFactory(customer=reached.customer, kind="mobile", clear="13800002046")
        promise = Promise.objects.create(case=reached, currency="CNY", amount=10, made_on=DAY, made_at=MOMENT)
        PromiseInstalment.objects.create(promise=promise, number=1, due_on=clock.today(), amount=10)
        CaseFactory(ref="unreached")
        rows = {case.ref: case for case in collector.get("/worklist/").context["rows"]}
        assert (rows["reached"].callable_now, rows["unreached"].callable_now) == (True, False)
        assert "Promised today" in collector.get("/worklist/").content.decode()
    with clock.frozen(datetime(2026, 11, 23, 15, tzinfo=UTC)):  # 23:00
        rows = {case.ref: case for case in collector.get("/worklist/").context["rows"]}
        assert not rows["reached"].callable_now
        assert rows["reached"].callable_at == datetime(2026, 11, 24, 0, tzinfo=UTC)
        assert rows["unreached"].callable_at is None
        assert "from 11-24 08:00" in collector.get("/worklist/").content.decode()


@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize("role", ["collector", "supervisor", "auditor"])
def test_a_list_costs_the_same_however_long_it_is(
    client: Client, django_assert_max_num_queries, role: str, rows: int
) -> None:
    BusinessDayFactory()
    user = UserFactory(role=role)
    client.force_login(user)
    for number in range(rows):
        case = CaseFactory(assignee=user if number % 2 else UserFactory(), follow_up_on=clock.today())
        ContactPointFactory(customer=case.customer, kind="mobile", clear=f"138000{number:05d}")
    queue = Queue.objects.get(code="follow-up")
    for address in ("/", "/worklist/", "/worklist/?sort=-priority&days_min=1&bucket=M3", f"/queues/{queue.pk}/"):
        with django_assert_max_num_queries(MOST_QUERIES):
            client.get(address)
