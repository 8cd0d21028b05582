"""The lists of promises and of disputes: by their day, of whom, and nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from cases.models import Case, Dispute, Promise, PromiseInstalment
from runs import clock
from tests.factories import DAY, MOMENT, BusinessDayFactory, CaseFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def promised(ref: str, *due: date, status: str = "open", **case: object) -> Promise:
    """A promise by instalments; the first is kept where there are several."""
    made = Promise.objects.create(
        case=CaseFactory(ref=ref, **case), currency="CNY", amount=10, made_on=DAY, made_at=MOMENT, status=status
    )
    for number, day in enumerate(due, start=1):
        kept = status != "open" or number < len(due)
        PromiseInstalment.objects.create(
            promise=made, number=number, due_on=day, amount=10, status="kept" if kept else "open"
        )
    return made


def disputed(ref: str, due: date, status: str = "open", reason: str = "paid", **case: object) -> Dispute:
    return Dispute.objects.create(
        case=CaseFactory(ref=ref, **case),
        reason=reason,
        statement="-",
        opened_on=DAY,
        opened_at=MOMENT,
        due_on=due,
        status=status,
    )


def refs(client: Client, address: str, **headers: str) -> list[str]:
    return [row.case.ref for row in client.get(address, headers=headers).context["page"].object_list]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("", ["overdue", "today"]),
        ("due", ["overdue", "today"]),
        ("today", ["today"]),
        ("overdue", ["overdue"]),
        ("week", ["today", "week", "second"]),
        ("open", ["overdue", "today", "week", "second", "later"]),
        ("kept", ["kept"]),
        ("broken", ["broken"]),
        ("cancelled", []),
        ("nonsense", ["overdue", "today"]),
    ],
)
def test_promises_are_listed_by_their_next_open_instalment(collector: Client, show: str, expected: list[str]) -> None:
    today = clock.today()
    promised("later", today + timedelta(days=8))
    promised("second", today - timedelta(days=9), today + timedelta(days=7))
    promised("week", today + timedelta(days=3))
    promised("today", today)
    promised("overdue", today - timedelta(days=1))
    promised("kept", today, status="kept")
    promised("broken", today, status="broken")
    page = collector.get(f"/promises/?show={show}")
    assert [row.case.ref for row in page.context["page"].object_list] == expected
    counted = {code: number for code, _name, number in page.context["kinds"]}
    assert counted[page.context["kind"]] == len(expected)
    assert counted["open"] == 5


@pytest.mark.parametrize(
    ("show", "expected"),
    [("", ["late", "soon", "far"]), ("late", ["late"]), ("week", ["soon"]), ("closed", ["closed"])],
)
def test_disputes_are_listed_by_their_deadline(collector: Client, show: str, expected: list[str]) -> None:
    today = clock.today()
    disputed("far", today + timedelta(days=20))
    disputed("soon", today + timedelta(days=2))
    disputed("late", today - timedelta(days=2))
    disputed("closed", today, status="upheld")
    page = collector.get(f"/disputes/?show={show}")
    assert [row.case.ref for row in page.context["page"].object_list] == expected
    counted = {code: number for code, _name, number in page.context["kinds"]}
    assert counted[page.context["kind"]] == len(expected)


def test_disputes_of_one_reason_are_picked(collector: Client) -> None:
    disputed("paid", DAY)
    disputed("fraud", DAY, reason="fraud")
    assert refs(collector, "/disputes/?reason=fraud") == ["fraud"]


@pytest.mark.parametrize("address", ["/promises/?show=open", "/disputes/"])
def test_ones_own_are_picked_and_another_teams_are_in_no_list_and_no_count(collector: Client, address: str) -> None:
    lin = UserFactory._meta.model.objects.get(username="lin")
    for ref, case in (
        ("own", {"assignee": lin}),
        ("team", {}),
        ("theirs", {"team": TeamFactory(name="Team 2")}),
    ):
        promised(ref, clock.today(), **case)
        Dispute.objects.create(
            case=Case.objects.get(ref=ref), reason="paid", statement="-", opened_on=DAY, opened_at=MOMENT, due_on=DAY
        )
    separator = "&" if "?" in address else "?"
    assert set(refs(collector, address)) == {"own", "team"}
    assert set(refs(collector, address, **{"HX-Request": "true"})) == {"own", "team"}
    assert refs(collector, f"{address}{separator}assignee=me") == ["own"]
    assert collector.get(address).context["page"].paginator.count == 2


@pytest.mark.parametrize("rows", [2, 20])
def test_the_lists_cost_the_same_however_long_they_are(
    collector: Client, django_assert_max_num_queries, rows: int
) -> None:
    for number in range(rows):
        made = promised(f"K{number}", clock.today(), assignee=UserFactory())
        Dispute.objects.create(
            case=made.case, reason="paid", statement="-", opened_on=DAY, opened_at=MOMENT, due_on=DAY
        )
    for address in ("/promises/", "/disputes/"):
        with django_assert_max_num_queries(15):
            assert len(refs(collector, address)) == rows


def test_board_rail_and_lists_count_the_same(client: Client) -> None:
    """Whoever works the case, nobody too, cured or not: within the reader's reach."""
    BusinessDayFactory()
    chief, today = UserFactory(role="supervisor"), clock.today()
    client.force_login(chief)
    promised("hers", today, assignee=chief)
    promised("nobodys", today)
    promised("cured", today)
    promised("overdue", today - timedelta(days=1))
    stranger = TeamFactory(name="Team 2")
    promised("theirs", today, team=stranger)
    disputed("open", today)
    disputed("cured-too", today)
    disputed("not-seen", today, team=stranger)
    Case.objects.filter(ref__startswith="cured").update(status="cured", closed_on=DAY)
    board = client.get("/board/").context["board"]
    rail = client.get("/queues/counts/").context["numbers"]
    listed = {
        show: len(refs(client, f"/{show}"))
        for show in ("promises/?show=today", "promises/?show=due", "promises/", "disputes/")
    }
    assert (board.due_today, listed["promises/?show=today"]) == (3, 3)
    assert (rail["promises"], listed["promises/?show=due"], listed["promises/"]) == (4, 4, 4)
    assert (rail["disputes"], listed["disputes/"]) == (2, 2)
    assert {member.user: member.promises_due_today for member in board.members}[chief] == 1


def test_the_list_says_why_its_number_is_not_the_queues(collector: Client) -> None:
    twice = disputed("twice", DAY)
    disputed("once", DAY)
    disputed("cured", DAY)
    disputed("theirs", DAY, team=TeamFactory(name="Team 2"))
    Case.objects.filter(ref="cured").update(status="cured", closed_on=DAY)
    twice.pk = None
    twice.save(force_insert=True)
    counts = collector.get("/queues/counts/").context
    (queue,) = [row["number"] for row in counts["queues"] if row["queue"].code == "dispute"]
    assert (counts["numbers"]["disputes"], queue) == (4, 2)
    for asked in ("", "?show=late&reason=fraud"):
        page = collector.get(f"/disputes/{asked}").content.decode()
        assert "also of a closed case: 4 within your reach" in page
        assert "The queue “Cases in dispute” counts the open cases that have any: 2." in page
    assert "Open disputes, each of them counted, also of closed cases" in page


@pytest.mark.parametrize("address", ["promises", "disputes"])
def test_a_wrong_choice_of_which_ones_is_named_and_filters_nothing(collector: Client, address: str) -> None:
    page = collector.get(f"/{address}/?show=zzz").content.decode()
    assert "“Show”: “zzz” is not on the list. Choose one that is. It filters nothing." in page


def test_the_rail_has_no_heading_over_nothing(collector: Client) -> None:
    assert "Waiting for you" not in collector.get("/promises/").content.decode()
    assert "Waiting for you" not in collector.get("/queues/counts/").content.decode()
