"""What the gate refused to whom on the board: the list behind the board's numbers."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client

from audit.models import Event
from compliance.models import ContactDecision
from runs import clock
from staff.models import User
from tests.factories import (
    DAY,
    MOMENT,
    BusinessDayFactory,
    CaseFactory,
    CustomerFactory,
    DecisionFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]


@pytest.fixture
def chief() -> User:
    BusinessDayFactory(date=DAY - timedelta(days=1))
    return UserFactory(username="chief", display_name="Chief", role="supervisor")


@pytest.fixture
def supervisor(client: Client, chief: User) -> Client:
    client.force_login(chief)
    return client


def refused(actor: User, rule: str = "contact-hours", *, days_ago: int = 0, **values: object) -> ContactDecision:
    at = clock.now() - timedelta(days=days_ago)
    return DecisionFactory(allowed=False, actor=actor, rule=rule, channel="voice", decided_at=at, at=at, **values)


def found(client: Client, query: str = "") -> list[int]:
    return [one.pk for one in client.get(f"/board/refusals/{query}").context["page"].rows]


def test_each_number_of_the_board_leads_to_as_many_decisions(supervisor: Client, chief: User) -> None:
    wu, helper = UserFactory(display_name="Wu"), UserFactory(team=TeamFactory(name="Team 2"))
    CaseFactory(assignee=helper, team=chief.team)  # one of another team who works a case of ours
    for actor in (chief, wu, wu, helper):
        refused(actor)
    refused(wu, "contact-point")
    refused(UserFactory(team=helper.team, display_name="Stranger"))
    refused(wu, days_ago=1)
    DecisionFactory(allowed=True, actor=wu, decided_at=clock.now())
    DecisionFactory(allowed=False, actor=None, decided_at=clock.now())
    board = supervisor.get("/board/")
    assert board.context["refusals"] == [("contact-hours", 4, 100), ("contact-point", 1, 25)]
    page = board.content.decode()
    for rule, number, _percent in board.context["refusals"]:
        query = f"?day={DAY}&rule={rule}"
        assert f'href="/board/refusals/{query.replace("&", "&amp;")}"' in page
        assert len(found(supervisor, query)) == number
    assert len(found(supervisor)) == 5
    assert len(found(supervisor, f"?person={wu.pk}")) == 3
    assert len(found(supervisor, f"?day={DAY - timedelta(days=1)}&person={wu.pk}&rule=contact-hours")) == 1


def test_it_says_who_asked_about_which_case_and_when_it_is_allowed_again(supervisor: Client, chief: User) -> None:
    customer = CustomerFactory(name="王小明")
    CaseFactory(ref="K-before", customer=customer, status="cured", closed_on=DAY - timedelta(days=90),
                opened_at=MOMENT - timedelta(days=100))  # fmt: skip
    CaseFactory(ref="K-then", customer=customer)
    refused(chief, customer=customer, next_allowed_at=MOMENT + timedelta(hours=20))
    refused(chief, "person", customer=CaseFactory(ref="K-far", team=TeamFactory(name="Team 2")).customer)
    page = supervisor.get("/board/refusals/").content.decode()
    for words in (
        "K-then",
        "王*明",
        "Chief",
        "contact hours",
        "2026-11-23 08:00",
        "not by itself",
        "out of your sight",
    ):
        assert words in page, words
    assert "K-before" not in page
    assert "K-far" not in page


def test_whom_the_reader_does_not_steer_she_cannot_ask_for(supervisor: Client) -> None:
    stranger = UserFactory(team=TeamFactory(name="Team 2"), display_name="Stranger")
    refused(stranger)
    page = supervisor.get(f"/board/refusals/?person={stranger.pk}")
    assert page.context["page"].rows == []
    assert "is not on the list" in page.content.decode()


@pytest.mark.parametrize("query", ["?day=yesterday", "?rule=nonsense", "?person=x", "?day=1-1-1", "?day=9999-12-31"])
def test_a_filter_that_makes_no_sense_is_named_and_exports_nothing(supervisor: Client, query: str) -> None:
    page = supervisor.get(f"/board/refusals/{query}")
    assert page.status_code == 200
    assert "is-wrong" in page.content.decode()
    assert supervisor.get(f"/board/refusals/{query}&export=1").status_code == 400


def test_the_list_is_exported_without_formulas_and_on_the_record(supervisor: Client, chief: User) -> None:
    wu = UserFactory(display_name="=HYPERLINK(1)")
    case = CaseFactory(ref="K-1")
    refused(wu, customer=case.customer, next_allowed_at=MOMENT + timedelta(hours=20))
    refused(chief)
    answer = supervisor.get(f"/board/refusals/?person={wu.pk}&export=1")
    rows = list(csv.reader(StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert len(rows) == 2
    assert rows[1][1:4] == ["'=HYPERLINK(1)", "K-1", case.customer.masked_name]
    assert rows[1][-1] == "2026-11-23 08:00"
    assert Event.objects.get(verb="list.exported").after["count"] == 1


@pytest.mark.parametrize("rows", [3, 60])
def test_pages_go_by_key_and_cost_the_same_however_many(
    supervisor: Client, chief: User, django_assert_max_num_queries, rows: int
) -> None:
    case = CaseFactory()
    made = [refused(chief, customer=case.customer).pk for _ in range(rows)]
    with django_assert_max_num_queries(9):
        page = supervisor.get("/board/refusals/").context["page"]
    assert [one.pk for one in page.rows] == made[::-1][:50]
    if page.older:
        assert found(supervisor, f"?before={page.older}") == made[::-1][50:]


def test_a_days_refusals_are_found_by_index(supervisor: Client, chief: User) -> None:
    from cases.selectors.refusals import refusals

    one = refused(chief)
    values = {field.attname: getattr(one, field.attname) for field in ContactDecision._meta.concrete_fields}
    days = [values | {"id": None, "decided_at": one.decided_at - timedelta(days=1 + day)} for day in range(1_000)]
    ContactDecision.objects.bulk_create([ContactDecision(**day) for day in days])
    with connection.cursor() as cursor:
        # What other tests left in the tables' statistics decides nothing then.
        cursor.execute("ANALYZE compliance_contactdecision")
    plan = refusals(chief, DAY).order_by("-pk")[:51].explain()
    assert "decision_refused" in plan, plan
