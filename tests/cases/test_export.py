"""Lists as files: whose cases, what of them, and that it is on the record."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.auth import get_user
from django.test import Client

from audit.models import Event
from cases.models import Dispute, Promise, PromiseInstalment
from runs import clock
from tests.factories import DAY, MOMENT, BusinessDayFactory, CaseFactory, CustomerFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
EXPORTS = ["/worklist/export/", "/promises/?export=1", "/disputes/?export=1"]


@pytest.fixture
def supervisor(client: Client) -> Client:
    BusinessDayFactory()
    client.force_login(UserFactory(username="chief", role="supervisor"))
    return client


def table(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def planned(**fields: object) -> None:
    """A case with an instalment due today and a dispute."""
    case = CaseFactory(**fields)
    promise = Promise.objects.create(case=case, currency="CNY", amount=10, made_on=DAY, made_at=MOMENT)
    PromiseInstalment.objects.create(promise=promise, number=1, due_on=clock.today(), amount=10)
    Dispute.objects.create(case=case, reason="paid", statement="-", opened_on=DAY, opened_at=MOMENT, due_on=DAY)


def test_the_present_list_is_exported_as_it_stands(supervisor: Client) -> None:
    CaseFactory(ref="one", bucket="M1", overdue_amount=10, assignee=UserFactory(display_name="Wu"))
    CaseFactory(ref="two", bucket="M1", overdue_amount=20)
    CaseFactory(ref="other", bucket="M2")
    present = supervisor.get("/worklist/?bucket=M1&sort=-amount").context["present"]
    rows = table(supervisor, f"/worklist/export/?{present}")
    assert [row["Case"] for row in rows] == ["two", "one"]
    assert (rows[1]["Overdue amount"], rows[1]["Worked by"], rows[1]["Days past due"]) == ("10.00", "Wu", "78")


@pytest.mark.parametrize("address", EXPORTS)
def test_another_teams_cases_are_in_no_file(supervisor: Client, address: str) -> None:
    planned(ref="ours")
    planned(ref="theirs", team=TeamFactory(name="Team 2"))
    assert [row["Case"] for row in table(supervisor, address)] == ["ours"]


@pytest.mark.parametrize("address", EXPORTS)
def test_names_are_masked_and_nothing_runs_in_a_spreadsheet(supervisor: Client, address: str) -> None:
    planned(customer=CustomerFactory(name="王小明"), ref="=HYPERLINK(1)")
    (row,) = table(supervisor, address)
    assert row["Customer"] == "王*明"
    assert row["Case"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("address", EXPORTS)
def test_an_export_is_recorded_with_its_filters_and_how_many(supervisor: Client, address: str) -> None:
    planned(ref="hers", assignee=get_user(supervisor))
    planned(ref="free")
    table(supervisor, address + ("&" if "?" in address else "?") + "assignee=me")
    event = Event.objects.get(verb="list.exported")
    assert event.actor_name == "Lin"
    assert event.after["count"] == 1
    assert event.after["filters"] == {"assignee": "me"}


@pytest.mark.parametrize("address", EXPORTS)
@pytest.mark.parametrize("role", ["collector", "senior-collector", "auditor"])
def test_who_may_not_export_gets_no_file(client: Client, address: str, role: str) -> None:
    BusinessDayFactory()
    client.force_login(UserFactory(role=role))
    planned()
    assert client.get(address).status_code == 403
    assert "Export" not in client.get("/worklist/").content.decode()
    assert not Event.objects.filter(verb="list.exported").exists()


@pytest.mark.parametrize("rows", [2, 20])
def test_a_file_costs_the_same_however_long_it_is(supervisor: Client, django_assert_max_num_queries, rows: int) -> None:
    for _ in range(rows):
        planned(assignee=UserFactory())
    for address in EXPORTS:
        with django_assert_max_num_queries(15):
            assert len(table(supervisor, address)) == rows
