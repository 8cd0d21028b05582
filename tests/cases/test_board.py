"""The team board, reassigning from it, and handing over the cases of who leaves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from cases.models import Case, Promise, PromiseInstalment
from cases.selectors.queues import Holds
from runs import clock
from staff.models import User
from tests.factories import (
    DAY,
    MOMENT,
    BusinessDayFactory,
    CaseFactory,
    DecisionFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15


@pytest.fixture
def chief() -> User:
    BusinessDayFactory()
    return UserFactory(username="chief", display_name="Chief", role="supervisor")


@pytest.fixture
def supervisor(client: Client, chief: User) -> Client:
    client.force_login(chief)
    return client


def test_the_board_shows_each_members_work_and_promises(supervisor: Client) -> None:
    wu = UserFactory(display_name="Wu Jing")
    cases = CaseFactory.create_batch(3, assignee=wu, follow_up_on=clock.today() - timedelta(days=1))
    promise = Promise.objects.create(case=cases[0], currency="CNY", amount=10, made_on=DAY, made_at=MOMENT, taken_by=wu)
    PromiseInstalment.objects.create(promise=promise, number=1, due_on=clock.today(), amount=10)
    for case, status in ((cases[1], "kept"), (cases[2], "broken")):
        Promise.objects.create(
            case=case,
            currency="CNY",
            amount=10,
            made_on=DAY,
            made_at=MOMENT,
            taken_by=wu,
            status=status,
            closed_at=clock.now(),
        )
    page = supervisor.get("/board/")
    line = next(line for line in page.context["members"] if line["member"].user == wu)
    member = line["member"]
    assert (member.load.cases, member.load.follow_ups_overdue, member.promises_due_today) == (3, 3, 1)
    assert (line["kept_percent"], member.broken, line["percent"]) == (50, 1, 100)
    text = page.content.decode()
    assert "Wu Jing" in text
    assert "¥31,441.65" in text
    assert f'href="/worklist/?assignee={wu.pk}"' in text


def test_another_teams_people_and_cases_are_on_no_board(supervisor: Client) -> None:
    stranger = UserFactory(display_name="Stranger", team=TeamFactory(name="Team 2"))
    CaseFactory(ref="theirs", team=stranger.team, assignee=stranger)
    DecisionFactory(allowed=False, actor=stranger, rule="voice-day", decided_at=clock.now())
    page = supervisor.get("/board/")
    assert "Stranger" not in page.content.decode()
    assert page.context["in_all"].cases == 0
    assert page.context["refusals"] == []


def test_refusals_of_today_are_counted_by_rule(supervisor: Client, chief: User) -> None:
    for rule in ("contact-hours", "contact-hours", "contact-point"):
        DecisionFactory(allowed=False, actor=chief, rule=rule, decided_at=clock.now())
    assert supervisor.get("/board/").context["refusals"] == [("contact-hours", 2, 100), ("contact-point", 1, 50)]


@pytest.mark.parametrize("role", ["collector", "senior-collector", "data-entry", "legal-officer"])
def test_the_board_is_a_supervisors(client: Client, role: str) -> None:
    client.force_login(UserFactory(role=role))
    assert client.get("/board/").status_code == 403
    assert client.get(f"/board/hand-over/{UserFactory().pk}/").status_code == 403


def test_who_left_is_shown_with_the_cases_that_are_still_hers(supervisor: Client) -> None:
    leaver = UserFactory(display_name="Gone", is_active=False)
    CaseFactory.create_batch(2, assignee=leaver)
    page = supervisor.get("/board/").content.decode()
    assert "Left, with cases still theirs" in page
    assert f'href="/board/hand-over/{leaver.pk}/"' in page


def test_a_leavers_cases_are_spread_evenly(supervisor: Client) -> None:
    leaver = UserFactory(display_name="Gone", is_active=False)
    one, two = UserFactory(display_name="One"), UserFactory(display_name="Two")
    CaseFactory.create_batch(5, assignee=leaver)
    assert "5 open cases that you see" in supervisor.get(f"/board/hand-over/{leaver.pk}/").content.decode()
    answer = supervisor.post(f"/board/hand-over/{leaver.pk}/", {"to": [one.pk, two.pk], "reason": "left"}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "5 cases of Gone were handed over. Each got: One 3, Two 2."
    ]
    assert sorted(Case.objects.filter(assignee=person).count() for person in (one, two)) == [2, 3]


def test_handing_over_to_nobody_or_to_another_team_is_refused_in_words(supervisor: Client) -> None:
    leaver = UserFactory(is_active=False)
    CaseFactory(assignee=leaver)
    address = f"/board/hand-over/{leaver.pk}/"
    assert "Nobody is chosen" in supervisor.post(address, {}).content.decode()
    stranger = UserFactory(team=TeamFactory(name="Team 2"))
    supervisor.post(address, {"to": [stranger.pk]})
    assert Case.objects.get().assignee == leaver


def test_who_is_out_of_reach_is_not_found(supervisor: Client) -> None:
    stranger = UserFactory(team=TeamFactory(name="Team 2"))
    CaseFactory(assignee=stranger, team=stranger.team)
    assert supervisor.get(f"/board/hand-over/{stranger.pk}/").status_code == 404


def test_several_cases_are_assigned_at_once_and_refusals_are_named(supervisor: Client) -> None:
    wu = UserFactory(display_name="Wu")
    fine, stale, hers = CaseFactory(), CaseFactory(ref="stale"), CaseFactory(ref="hers", assignee=wu)
    chosen = [f"{case.pk}:{case.version}" for case in (fine, stale, hers)]
    Case.objects.filter(pk=stale.pk).update(version=2)
    answer = supervisor.post(
        "/cases/assign/", {"case": chosen, "to": wu.pk, "do": "assign", "next": "/worklist/"}, follow=True
    )
    fine.refresh_from_db()
    assert fine.assignee == wu
    said = [str(message) for message in answer.context["messages"]]
    assert said[:2] == ["1 case assigned to Wu.", "2 of 3 were not changed and stay selected:"]
    assert any(line.startswith("stale: ") for line in said)
    assert any(line.startswith("hers: ") for line in said)
    assert answer.redirect_chain == [("/worklist/", 302)]


def test_equal_refusals_are_said_once_with_the_cases_to_unfold(supervisor: Client) -> None:
    wu = UserFactory(display_name="Wu")
    hers = [CaseFactory(ref=ref, assignee=wu) for ref in ("one", "two")]
    chosen = [f"{case.pk}:{case.version}" for case in hers]
    answer = supervisor.post("/cases/assign/", {"case": chosen, "to": wu.pk, "do": "assign"}, follow=True)
    said = [str(message) for message in answer.context["messages"]]
    assert said[1:] == ["2 cases: Wu works it already.<details><summary>Which</summary>one two</details>"]
    assert said[1] in answer.content.decode()


def test_cases_are_offered_to_those_alone_whom_the_service_accepts(client: Client) -> None:
    BusinessDayFactory()
    ours, other = TeamFactory(name="Team 1"), TeamFactory(name="Team 2")
    chief = UserFactory(username="chief", role="supervisor", display_name="Chief", team=ours)
    chief.supervises.set([ours, other])
    client.force_login(chief)
    case = CaseFactory(team=ours)
    wu = UserFactory(display_name="Wu", team=ours)
    far = UserFactory(display_name="Far", team=other)
    over = UserFactory(display_name="Over", team=other, role="supervisor")
    over.supervises.add(ours)
    reader = UserFactory(display_name="Reads only", team=ours, role="auditor")
    UserFactory(display_name="Left", team=ours, is_active=False)
    assert _offered(client) == [chief.pk, over.pk, wu.pk]
    page = client.get("/worklist/").content.decode()
    assert f'<option value="{wu.pk}">Wu</option>' in page.partition('id="bulk-to"')[2]
    for person, accepted in ((chief, 1), (over, 1), (wu, 1), (far, 0), (reader, 0)):
        case.refresh_from_db()
        sent = {"case": f"{case.pk}:{case.version}", "to": person.pk, "do": "assign"}
        client.post("/cases/assign/", sent)
        assert Case.objects.filter(pk=case.pk, assignee=person).count() == accepted, person
    leaver = UserFactory(display_name="Gone", team=ours)
    offered = client.get(f"/board/hand-over/{leaver.pk}/").context["form"].fields["to"].queryset
    assert list(offered) == [chief, far, over, wu]
    Case.objects.update(team=other)
    assert _offered(client) == [chief.pk, far.pk, over.pk]


def _offered(client: Client) -> list[int]:
    """To whom the worklist offers to give its cases."""
    return [key for key, _name in client.get("/worklist/").context["takers"]]


def test_several_cases_are_released_at_once(supervisor: Client) -> None:
    cases = CaseFactory.create_batch(2, assignee=UserFactory())
    supervisor.post("/cases/assign/", {"case": [f"{case.pk}:{case.version}" for case in cases], "do": "release"})
    assert not Case.objects.exclude(assignee=None).exists()


def test_no_case_and_nobody_chosen_are_said(supervisor: Client) -> None:
    answer = supervisor.post("/cases/assign/", {"do": "release"}, follow=True)
    assert "No case was selected" in answer.content.decode()
    case = CaseFactory()
    answer = supervisor.post("/cases/assign/", {"case": f"{case.pk}:1", "do": "assign"}, follow=True)
    assert "Nobody was chosen" in answer.content.decode()


@pytest.mark.parametrize("do", ["zap", "", None])
def test_what_is_no_known_verb_changes_no_case(supervisor: Client, do: str | None) -> None:
    case, wu = CaseFactory(), UserFactory()
    sent = {"case": f"{case.pk}:{case.version}", "to": wu.pk} | ({} if do is None else {"do": do})
    answer = supervisor.post("/cases/assign/", sent, follow=True)
    assert f"“{do or ''}” cannot be done with cases: expected assign or release." in answer.content.decode()
    case.refresh_from_db()
    assert case.assignee is None


def ticked(answer: HttpResponse) -> list[str]:
    """The references of the rows that the list shows ticked."""
    return re.findall(r'data-select checked aria-label="Select ([^"]+)"', answer.content.decode())


def test_what_is_refused_stays_ticked_and_the_person_chosen_until_the_list_is_shown(supervisor: Client) -> None:
    wu = UserFactory(display_name="Wu")
    cases = {ref: CaseFactory(ref=ref, assignee=wu if ref == "hers" else None) for ref in ("fine", "hers", "stale")}
    chosen = [f"{case.pk}:{case.version}" for case in cases.values()]
    Case.objects.filter(ref="stale").update(version=2)
    sent = {"case": chosen, "to": wu.pk, "do": "assign", "next": "/worklist/?bucket=M3"}
    answer = supervisor.post("/cases/assign/", sent, follow=True)
    assert sorted(ticked(answer)) == ["hers", "stale"]
    page = answer.content.decode()
    assert f'<option value="{wu.pk}" selected>Wu</option>' in page
    assert f'value="{cases["stale"].pk}:2" data-select checked' in page  # as it stands now
    assert ticked(supervisor.get("/worklist/")) == []


def test_where_the_whole_is_refused_everything_stays_ticked(supervisor: Client) -> None:
    cases = [CaseFactory(ref="one"), CaseFactory(ref="two")]
    sent = {"case": [f"{case.pk}:1" for case in cases], "do": "assign", "next": "/worklist/"}
    gone = UserFactory(display_name="Gone", is_active=False)
    reader = UserFactory(display_name="Reads only", role="auditor")
    for to, why in (
        ("", "Nobody was chosen"),
        (gone.pk, "not in your teams any more"),
        (reader.pk, "cannot work cases"),
    ):
        answer = supervisor.post("/cases/assign/", sent | {"to": to}, follow=True)
        assert why in answer.content.decode()
        assert sorted(ticked(answer)) == ["one", "two"], why
    assert not Case.objects.exclude(assignee=None).exists()


def test_of_another_teams_case_or_person_nothing_is_told_or_changed(supervisor: Client) -> None:
    ours, theirs = CaseFactory(ref="ours"), CaseFactory(ref="theirs", team=TeamFactory(name="Team 2"))
    wu, stranger = UserFactory(display_name="Wu"), UserFactory(team=theirs.team, display_name="Stranger")
    one = {"case": f"{ours.pk}:1", "to": stranger.pk, "do": "assign"}
    assert "Stranger" not in supervisor.post("/cases/assign/", one, follow=True).content.decode()
    assert not Case.objects.exclude(assignee=None).exists()
    both = {"case": [f"{ours.pk}:1", f"{theirs.pk}:1"], "to": wu.pk, "do": "assign"}
    answer = supervisor.post("/cases/assign/", both, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "1 case assigned to Wu.",
        "1 case is out of your reach: it may have moved to another team.",
    ]
    assert "theirs" not in answer.content.decode()
    assert Case.objects.get(assignee=wu) == ours
    assert supervisor.post("/cases/assign/", {"case": "x", "do": "release"}).status_code == 404


def test_a_collector_assigns_nothing_to_others(client: Client) -> None:
    BusinessDayFactory()
    client.force_login(UserFactory())
    case = CaseFactory()
    assert client.post("/cases/assign/", {"case": f"{case.pk}:1", "do": "release"}).status_code == 403
    assert "data-select" not in client.get("/worklist/").content.decode()


@pytest.mark.parametrize("rows", [2, 20])
def test_the_board_costs_the_same_however_many_work(
    supervisor: Client, django_assert_max_num_queries, rows: int
) -> None:
    for _ in range(rows):
        CaseFactory(assignee=UserFactory())
        CaseFactory(assignee=UserFactory(is_active=False))
    leaver = User.objects.filter(is_active=False).first()
    for address in (
        "/board/",
        "/board/panels/",
        "/board/queues/",
        f"/board/hand-over/{leaver.pk}/",
        "/worklist/",
        "/promises/",
        "/disputes/",
    ):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert supervisor.get(address).status_code == 200


def test_the_board_says_what_each_queue_holds_in_her_reach(supervisor: Client) -> None:
    oldest = clock.now() - timedelta(days=9)
    CaseFactory(bucket="M1", opened_at=oldest)
    CaseFactory(bucket="M1", opened_at=clock.now(), wait_until=clock.now() + timedelta(days=1))
    CaseFactory(bucket="M1", assignee=UserFactory(), contacted_at=clock.now())
    CaseFactory(bucket="M4", team=TeamFactory(name="Team 2"))
    page = supervisor.get("/board/queues/", headers={"HX-Request": "true"})
    held = {queue.code: holds for queue, holds, _percent in page.context["queues"]}
    assert held["early"] == Holds(cases=3, free=1, untouched_since=oldest)
    assert held["everything"] == held["early"]
    assert held["new"] == Holds(cases=2, free=1, untouched_since=oldest)
    assert held["late"] == Holds()


def test_the_board_says_at_the_open_cases_how_many_of_them_wait_and_for_what(supervisor: Client) -> None:
    CaseFactory()
    assert "of them wait" not in supervisor.get("/board/").content.decode()
    for _ in range(2):
        CaseFactory(wait_until=clock.now() + timedelta(days=1), wait_for="promise")
    page = supervisor.get("/board/").content.decode()
    assert "2 of them wait and are not given out yet" in page
    assert page.index("Open cases") < page.index("2 of them wait") < page.index("Worked by nobody")
