"""The lists of cases: the worklist, somebody's own, and what narrows and orders them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from cases.filters import WorklistFilter
from cases.models import Case
from runs import clock
from staff.models import User
from tests.factories import (
    DAY,
    MOMENT,
    AccountFactory,
    BusinessDayFactory,
    CaseFactory,
    CustomerFactory,
    StandingFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15


@pytest.fixture
def collector(client: Client) -> Client:
    BusinessDayFactory()
    client.force_login(UserFactory(username="lin"))
    return client


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
    assert "Enter a number." in collector.get("/worklist/?amount_min=much").content.decode()
