"""Queues: saved, shared, counted, taken from; and the rail that shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.test import Client

from audit.models import Event
from cases.filters import WorklistFilter
from cases.models import Case, Dispute, Promise, PromiseInstalment, Queue
from cases.permissions import visible_to
from cases.selectors.queues import Holds, cases_of, held, numbers_of, working
from compliance.models import CustomerFlag
from runs import clock
from staff.models import User
from tests.factories import DAY, MOMENT, CaseFactory, ContactPointFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15


def refs(client: Client, address: str) -> set[str]:
    return {case.ref for case in client.get(address).context["rows"]}


def one_of_each() -> None:
    """A case for each kind of work, named after it, and one that none of them takes in."""
    today = clock.today()
    CaseFactory(ref="none", contacted_at=MOMENT)
    CaseFactory(ref="new")
    CaseFactory(ref="follow-up", contacted_at=MOMENT, follow_up_on=today)
    CaseFactory(ref="later", contacted_at=MOMENT, follow_up_on=today + timedelta(days=1))
    for ref, due in (("promise-due", today), ("promised", today + timedelta(days=2))):
        case = CaseFactory(ref=ref, contacted_at=MOMENT)
        promise = Promise.objects.create(case=case, currency="CNY", amount=10, made_on=DAY, made_at=MOMENT)
        PromiseInstalment.objects.create(promise=promise, number=1, due_on=due, amount=10)
    CaseFactory(ref="promise-broken", contacted_at=MOMENT, promise_broken_on=DAY)
    cared = CaseFactory(ref="care", contacted_at=MOMENT)
    CustomerFlag.objects.create(
        customer=cared.customer, kind="hardship", from_on=DAY, evidence="letter", placed_at=MOMENT
    )
    disputed = CaseFactory(ref="dispute", contacted_at=MOMENT)
    Dispute.objects.create(
        case=disputed, reason="paid", statement="paid", opened_on=DAY, opened_at=MOMENT, due_on=DAY + timedelta(days=20)
    )


@pytest.mark.parametrize("code", ["new", "follow-up", "promise-due", "promise-broken", "care", "dispute"])
def test_an_installed_queue_holds_what_its_name_says_and_nothing_else(collector: Client, code: str) -> None:
    one_of_each()
    queue = Queue.objects.get(code=code)
    assert refs(collector, f"/queues/{queue.pk}/") == {code}
    counted = {row["queue"].code: row["number"] for row in collector.get("/queues/counts/").context["queues"]}
    assert counted[code] == 1


def test_what_queues_hold_is_counted_together_as_each_lists_it() -> None:
    one_of_each()
    lin, chief = UserFactory(username="lin"), UserFactory(username="chief", role="supervisor")
    Case.objects.filter(ref__in=["care", "promised"]).update(assignee=lin)
    for number, query in enumerate(
        (
            "work=dispute&bucket=M1",
            "work=promise-due&days_min=2",
            "work=mine",
            "work=unassigned&amount_min=1",
            f"work=care&assignee={lin.pk}",
            "q=pro",
            "q=nothing",
            "days_max=0",
        )
    ):
        Queue.objects.create(name=f"Queue {number}", query=query)
    queues = list(Queue.objects.all())
    for user in (lin, chief, UserFactory(username="far", role="auditor"), UserFactory(username="no", team=None)):
        holds, numbers = held(user, queues), numbers_of(user, queues, ["mine", "dispute"])
        for queue in queues:
            rows = list(cases_of(queue, user, DAY))
            free = [case for case in rows if case.assignee_id is None]
            untouched = [case.contacted_at or case.opened_at for case in rows]
            assert holds[queue.pk] == Holds(len(rows), len(free), min(untouched, default=None)), queue.query
            assert numbers[queue.pk] == len(rows)
        assert numbers["mine"] == working(visible_to(user), "mine", DAY, user).count()
        assert numbers["dispute"] == working(visible_to(user), "dispute", DAY, user).count()


def test_every_installed_queue_asks_what_the_worklist_knows() -> None:
    user = UserFactory()
    for queue in Queue.objects.exclude(code=""):
        filters = WorklistFilter(QueryDict(queue.query), queryset=CaseFactory._meta.model.objects.none(), user=user)
        assert filters.form.is_valid(), (queue.code, filters.form.errors)
        assert set(QueryDict(queue.query)) <= set(WorklistFilter.base_filters)


def test_a_queue_keeps_its_own_order_and_can_be_narrowed_further(collector: Client) -> None:
    CaseFactory(ref="low", bucket="M1", priority=1)
    CaseFactory(ref="high", bucket="M2", priority=9)
    queue = Queue.objects.get(code="everything")
    assert [case.ref for case in collector.get(f"/queues/{queue.pk}/").context["rows"]] == ["high", "low"]
    assert refs(collector, f"/queues/{queue.pk}/?bucket=M1") == {"low"}
    early = Queue.objects.get(code="early")
    assert refs(collector, f"/queues/{early.pk}/?bucket=M2") == set()


def test_the_present_question_is_kept_as_a_queue_of_ones_own(collector: Client) -> None:
    CaseFactory(ref="two", bucket="M2")
    CaseFactory(ref="three", bucket="M3")
    present = collector.get("/worklist/?bucket=M2&sort=-amount&page=2").context["present"]
    answer = collector.post(
        "/queues/save/", {"name": " My  seconds ", "whose": "own", "query": present, "sort": "-amount"}, follow=True
    )
    queue = Queue.objects.get(owner__username="lin")
    assert (queue.name, queue.query, queue.sort, queue.team) == ("My seconds", "bucket=M2", "-amount", None)
    assert answer.redirect_chain == [(f"/queues/{queue.pk}/", 302)]
    assert {case.ref for case in answer.context["rows"]} == {"two"}
    assert Event.objects.get(verb="queue.saved").after["filters"] == "bucket=M2"


def test_a_collector_keeps_queues_for_herself_alone(collector: Client) -> None:
    collector.post("/queues/save/", {"name": "All", "whose": "everyone", "query": ""})
    assert not Queue.objects.filter(name="All").exists()


def test_no_queue_has_a_name_that_turns_text_around(collector: Client) -> None:
    answer = collector.post("/queues/save/", {"name": "Mine\u202e00.1", "whose": "own", "query": ""}, follow=True)
    assert "control character" in answer.content.decode()
    assert not Queue.objects.filter(name__startswith="Mine").exists()


def test_a_supervisor_shares_queues_with_her_team_or_with_everyone(supervisor: Client) -> None:
    team, other = TeamFactory(), TeamFactory(name="Team 2")
    supervisor.post("/queues/save/", {"name": "Ours", "whose": str(team.pk), "query": "bucket=M1"})
    supervisor.post("/queues/save/", {"name": "Everybody's", "whose": "everyone", "query": "bucket=M1"})
    supervisor.post("/queues/save/", {"name": "Theirs", "whose": str(other.pk), "query": "bucket=M1"})
    made = set(Queue.objects.filter(code="").values_list("name", "team__name", "owner"))
    assert made == {("Ours", "Team 1", None), ("Everybody's", None, None)}


def test_two_queues_of_one_owner_have_two_names(collector: Client) -> None:
    for _ in range(2):
        answer = collector.post("/queues/save/", {"name": "Twice", "whose": "own", "query": ""}, follow=True)
    assert "There is a queue named “Twice” already" in answer.content.decode()
    assert Queue.objects.filter(name="Twice").count() == 1


def test_somebody_elses_queue_is_not_found(collector: Client) -> None:
    theirs = Queue.objects.create(name="Theirs", owner=UserFactory())
    other_team = Queue.objects.create(name="Other team", team=TeamFactory(name="Team 2"))
    for queue in (theirs, other_team):
        assert collector.get(f"/queues/{queue.pk}/").status_code == 404
        assert collector.post(f"/queues/{queue.pk}/change/", {"name": "X", "position": 1}).status_code == 404
        assert collector.post("/cases/next/", {"queue": queue.pk}).status_code == 404
    listed = {row["queue"].pk for row in collector.get("/queues/").context["rows"]}
    assert not {theirs.pk, other_team.pk} & listed


def test_a_queue_is_renamed_placed_and_removed_by_who_may(collector: Client) -> None:
    collector.post("/queues/save/", {"name": "Mine", "whose": "own", "query": ""})
    own = Queue.objects.get(name="Mine")
    collector.post(f"/queues/{own.pk}/change/", {"name": "Still mine", "position": "7"})
    own.refresh_from_db()
    assert (own.name, own.position) == ("Still mine", 7)
    collector.post(f"/queues/{own.pk}/change/", {"remove": "1"})
    assert not Queue.objects.filter(pk=own.pk).exists()
    assert set(Event.objects.values_list("verb", flat=True)) >= {"queue.saved", "queue.changed", "queue.removed"}


def test_who_may_change_no_queue_sees_no_column_for_it(collector: Client) -> None:
    assert ">Change</th>" not in collector.get("/queues/").content.decode()
    Queue.objects.create(name="Mine", owner=User.objects.get(username="lin"))
    page = collector.get("/queues/").content.decode()
    assert (page.count(">Change</th>"), page.count("<details><summary>Change")) == (1, 1)


def test_a_collector_cannot_change_everyones_queues(collector: Client) -> None:
    queue = Queue.objects.get(code="new")
    assert collector.post(f"/queues/{queue.pk}/change/", {"name": "X", "position": "1"}).status_code == 403
    assert collector.post(f"/queues/{queue.pk}/change/", {"remove": "1"}).status_code == 403
    # Whatever else is wrong with what was sent.
    assert collector.post(f"/queues/{queue.pk}/change/", {}).status_code == 403


def test_placing_an_installed_queue_keeps_its_translated_name(supervisor: Client) -> None:
    queue = Queue.objects.get(code="new")
    supervisor.post(f"/queues/{queue.pk}/change/", {"name": "", "position": "1"})
    queue.refresh_from_db()
    assert (queue.code, queue.position) == ("new", 1)
    supervisor.post(f"/queues/{queue.pk}/change/", {"name": "Fresh", "position": "1"})
    queue.refresh_from_db()
    assert (queue.code, queue.name) == ("", "Fresh")


def test_counts_are_of_the_readers_scope_and_of_this_moment(collector: Client) -> None:
    CaseFactory(team=TeamFactory(name="Team 2"))
    own = CaseFactory()

    def number() -> int:
        rows = collector.get("/queues/counts/").context["queues"]
        return next(row["number"] for row in rows if row["queue"].code == "everything")

    assert number() == 1
    own.status, own.closed_on = "cured", DAY
    own.save()
    assert number() == 0


def test_the_counts_cost_the_same_however_many_queues_there_are(
    collector: Client, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        collector.get("/queues/counts/")
    for number in range(20):
        collector.post("/queues/save/", {"name": f"Q{number}", "whose": "own", "query": "bucket=M1"})
    with django_assert_max_num_queries(13):
        assert collector.get("/queues/counts/").status_code == 200
    for address in ("/queues/counts/", "/queues/"):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert collector.get(address).status_code == 200


def test_the_rail_shows_each_link_only_to_who_may_follow_it(client: Client) -> None:
    seen = {}
    for role in ("collector", "supervisor", "auditor", "data-entry"):
        client.force_login(UserFactory(role=role))
        page = client.get("/preferences/").content.decode()
        rail = page[page.index('class="rail"') : page.index('class="bottom"')]
        seen[role] = {
            address
            for address in ("/", "/worklist/", "/queues/", "/board/", "/messages/", "/days/", "/audit/", "/admin/")
            if f'<li><a href="{address}"' in rail
        }
    assert seen["collector"] == {"/", "/worklist/", "/queues/", "/messages/"}
    assert seen["supervisor"] == seen["collector"] | {"/board/", "/days/"}
    assert seen["auditor"] == {"/worklist/", "/queues/", "/board/", "/messages/", "/days/", "/audit/", "/admin/"}
    assert seen["data-entry"] == {"/admin/"}


NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def reachable(**fields: object) -> Case:
    """A case whose customer has a number of her own."""
    case = CaseFactory(**fields)
    ContactPointFactory(customer=case.customer, kind="mobile", clear=f"138{case.pk:08d}")
    return case


def test_the_next_case_is_taken_out_of_the_queue_and_opened(collector: Client) -> None:
    with clock.frozen(NOON):
        reachable(ref="first", bucket="M3", priority=9)
        early = reachable(ref="early", bucket="M1", priority=1)
        queue = Queue.objects.get(code="early")
        assert collector.post("/cases/next/", {"queue": queue.pk})["Location"] == "/cases/early/"
        # From the case on it goes in the queue, and where the queue is empty it says so; then with everything.
        assert collector.post("/cases/next/", {"leaving": early.pk})["Location"] == "/"
        assert collector.post("/cases/next/", {"leaving": early.pk})["Location"] == "/cases/first/"
    assert set(Case.objects.values_list("ref", "assignee__username")) == {("first", "lin"), ("early", "lin")}


def said(answer: object) -> list[str]:
    return [str(message) for message in answer.context["messages"]]  # type: ignore[attr-defined]


def test_one_of_her_own_that_is_due_says_why_it_comes_first_and_is_passed_once(collector: Client) -> None:
    with clock.frozen(NOON):
        lin = User.objects.get(username="lin")
        due = reachable(ref="due", assignee=lin, follow_up_on=NOON.date(), priority=2)
        broken = reachable(ref="broken", assignee=lin, promise_broken_on=NOON.date() - timedelta(days=1), priority=1)
        new = reachable(ref="new", priority=9)
        answer = collector.post("/cases/next/", follow=True)
        assert answer.redirect_chain == [("/cases/due/", 302)]
        assert said(answer) == ["Your follow-up on this case is due since 2026-11-23, so you got it back."]
        assert f'name="leaving" value="{due.pk}"' in answer.content.decode()
        answer = collector.post("/cases/next/", {"leaving": due.pk}, follow=True)
        assert answer.redirect_chain == [("/cases/broken/", 302)]
        assert said(answer)[0].startswith("The promise on this case was broken on 2026-11-22")
        answer = collector.post("/cases/next/", {"leaving": broken.pk}, follow=True)
        assert (answer.redirect_chain, said(answer)) == ([("/cases/new/", 302)], [])
        # Nothing else is left: from the beginning again.
        assert collector.post("/cases/next/", {"leaving": new.pk})["Location"] == "/cases/due/"


def test_who_goes_back_to_a_list_from_one_of_her_own_is_given_the_next_and_not_the_same_again(
    collector: Client,
) -> None:
    lin = User.objects.get(username="lin")
    reachable(ref="due", assignee=lin, follow_up_on=NOON.date(), priority=2)
    reachable(ref="later", assignee=lin, follow_up_on=NOON.date(), priority=1)
    given = []
    for seconds in (0, 1, 10, 20):
        with clock.frozen(NOON + timedelta(seconds=seconds)):
            given.append(collector.post("/cases/next/", {"next": "/"})["Location"])
    assert given == ["/cases/due/", "/cases/due/", "/cases/later/", "/cases/due/"], (
        "twice at once, the next, from the first"
    )


def test_a_button_pressed_twice_gives_one_case_and_pressed_on_the_case_the_next_one(collector: Client) -> None:
    with clock.frozen(NOON):
        cases = [reachable(ref=f"case{n}", priority=9 - n) for n in range(3)]
        for _press in range(2):
            assert collector.post("/cases/next/")["Location"] == "/cases/case0/"
        for _press in range(2):
            assert collector.post("/cases/next/", {"leaving": cases[0].pk})["Location"] == "/cases/case1/"
    with clock.frozen(NOON + timedelta(seconds=3)):
        assert collector.post("/cases/next/")["Location"] == "/cases/case2/"


def test_another_teams_case_is_never_taken(collector: Client) -> None:
    with clock.frozen(NOON):
        theirs = reachable(team=TeamFactory(name="Team 2"))
        answer = collector.post("/cases/next/", {"next": "/worklist/"}, follow=True)
    theirs.refresh_from_db()
    assert theirs.assignee is None
    assert answer.redirect_chain == [("/worklist/", 302)]
    assert "Nothing to take: every case here is worked by somebody, or there is none." in answer.content.decode()


def test_why_there_is_nothing_to_take_is_said_by_reason_and_until_when(collector: Client) -> None:
    with clock.frozen(NOON):
        for wait_for, hours in (("gate", 20), ("gate", 44), ("promise", 48), ("dispute", 48)):
            reachable(wait_for=wait_for, wait_until=NOON + timedelta(hours=hours))
        answer = collector.post("/cases/next/", follow=True)
    (told,) = said(answer)
    assert told.startswith("Nothing to take now: 2 may not be contacted, the first before 11-24 08:00")
    assert "1 waits for a promise" in told
    assert "1 is in dispute" in told


def test_who_only_reads_takes_nothing(client: Client) -> None:
    client.force_login(UserFactory(role="auditor"))
    assert client.post("/cases/next/").status_code == 403
    assert client.get("/cases/next/").status_code == 403


def test_who_only_goes_to_the_address_takes_nothing_and_comes_to_her_own_cases(collector: Client) -> None:
    with clock.frozen(NOON):
        case = reachable()
        assert collector.get("/cases/next/")["Location"] == "/"
    case.refresh_from_db()
    assert case.assignee is None


def test_who_takes_the_next_after_her_session_ended_comes_back_to_the_page_that_she_was_on(client: Client) -> None:
    for page, back in (
        ("http://testserver/cases/K1/?timeline=work", "/cases/K1/%3Ftimeline%3Dwork"),
        ("https://evil.example/", "/worklist/"),
        ("", "/worklist/"),
    ):
        answer = client.post("/cases/next/", {"leaving": "7", "next": "/worklist/"}, headers={"Referer": page})
        assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={back}")
    assert client.get("/cases/next/")["Location"] == "/login/?next=/"


def test_why_she_got_a_case_back_goes_from_the_page_once_it_is_done(collector: Client) -> None:
    gone = '<div id="messages" hx-swap-oob="innerHTML"></div>'
    with clock.frozen(NOON):
        lin = User.objects.get(username="lin")
        case = reachable(ref="due", assignee=lin, follow_up_on=NOON.date())
        page = collector.post("/cases/next/", follow=True).content.decode()
        assert "so you got it back" in page.split('<div id="messages">')[1].split("<h1")[0]
        sent = {"headers": {"HX-Request": "true", "HX-Target": "panel"}}
        noted = collector.post("/cases/due/note/", {"text": "Later", "seen_version": case.version}, **sent)
        assert gone not in noted.content.decode()
        case.refresh_from_db()
        logged = {"channel": "voice", "contact_point": "", "outcome": "right-party", "seen_version": case.version}
        done = collector.post("/cases/due/inbound/", logged, **sent).content.decode()
    assert "is done and taken off" in done
    assert gone in done


def test_a_page_that_is_not_ours_is_never_gone_to(collector: Client) -> None:
    assert collector.post("/cases/next/", {"next": "https://evil.example/"})["Location"] == "/"


@pytest.mark.parametrize("sort", ["amount" * 9, "nonsense", "-due", "\0"])
def test_a_queue_is_not_kept_in_an_order_that_there_is_not(collector: Client, sort: str) -> None:
    before = Queue.objects.count()
    answer = collector.post("/queues/save/", {"name": "Mine", "whose": "own", "query": "", "sort": sort}, follow=True)
    assert answer.redirect_chain[-1][1] == 302
    assert Queue.objects.count() == before


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "\0", "x"])
def test_what_is_no_key_is_no_case_and_no_queue(collector: Client, number: str) -> None:
    with clock.frozen(NOON):
        case = reachable()
        assert collector.post("/cases/next/", {"queue": number}).status_code == 404
        assert collector.post("/cases/next/", {"leaving": number})["Location"] == f"/cases/{case.ref}/"
