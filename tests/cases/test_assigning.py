"""Who works a case: taking, releasing, assigning many, handing over who leaves; each recorded."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.errors import Conflict, Invalid
from audit.models import Event
from cases.errors import StaleScreen
from cases.models import Case
from cases.services.assigning import assign, hand_over, release, take
from runs.texts import coded
from tests.clients import signed_in
from tests.factories import CaseFactory, TeamFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def supervisor(*teams: str) -> object:
    made = UserFactory(role="supervisor", team=None, display_name="Chen")
    made.supervises.set([TeamFactory(name=name) for name in teams or ("Team 1",)])
    return made


def test_taking_a_free_case_makes_it_hers_and_records_it() -> None:
    case, lin = CaseFactory(), UserFactory()
    taken = take(actor=lin, case_id=case.pk, seen_version=1)
    assert (taken.assignee, taken.version) == (lin, 2)
    assert Event.objects.get().verb == "case.taken"
    assert take(actor=lin, case_id=case.pk, seen_version=2).version == 2
    assert Event.objects.count() == 1


def test_a_case_that_somebody_works_is_not_taken() -> None:
    case = CaseFactory(assignee=UserFactory(display_name="Wang"))
    with pytest.raises(Conflict, match="Wang works case"):
        take(actor=UserFactory(), case_id=case.pk, seen_version=1)


def test_a_stale_screen_takes_nothing() -> None:
    case, lin = CaseFactory(), UserFactory()
    take(actor=lin, case_id=case.pk, seen_version=1)
    for verb in (take, release):
        with pytest.raises(StaleScreen, match="Lin: Case taken"):
            verb(actor=lin, case_id=case.pk, seen_version=1)


def test_releasing_ones_own_case_says_why() -> None:
    lin = UserFactory()
    case = CaseFactory(assignee=lin)
    assert release(actor=lin, case_id=case.pk, seen_version=1, reason=" Speaks only Cantonese ").assignee is None
    event = Event.objects.get(verb="case.released")
    assert (event.before, event.after, event.reason) == ({"assignee": "Lin"}, {"assignee": ""}, "Speaks only Cantonese")
    with pytest.raises(Conflict, match="nothing to release"):
        release(actor=lin, case_id=case.pk, seen_version=2)


def test_anothers_case_is_released_by_who_may_assign_alone() -> None:
    case = CaseFactory(assignee=UserFactory(display_name="Wang"))
    with pytest.raises(Conflict, match="Only a supervisor"):
        release(actor=UserFactory(), case_id=case.pk, seen_version=1)
    assert release(actor=supervisor(), case_id=case.pk, seen_version=1).assignee is None


def test_many_are_assigned_and_each_refusal_says_why() -> None:
    chen, lin = supervisor("Team 1", "Team 2"), UserFactory()
    free, worked = CaseFactory(), CaseFactory(assignee=UserFactory())
    hers = CaseFactory(assignee=lin)
    closed = CaseFactory(status="cured", closed_on=date(2026, 11, 20))
    changed = CaseFactory(version=3)
    elsewhere = CaseFactory(team=TeamFactory(name="Team 2"))
    unseen = CaseFactory(team=TeamFactory(name="Team 3"))
    cases = [free, worked, hers, closed, changed, elsewhere, unseen]

    answer = assign(actor=chen, case_ids=[case.pk for case in cases], to=lin, seen={case.pk: 1 for case in cases})

    assert answer.done == [free.pk, worked.pk]
    reasons = {case.pk: why for case, why in answer.refused}
    assert set(reasons) == {case.pk for case in cases[2:]}
    assert "works it already" in reasons[hers.pk]
    assert "closed since" in reasons[closed.pk]
    assert "changed since you opened it" in reasons[changed.pk]
    assert "Lin does not see the cases of Team 2" in reasons[elsewhere.pk]
    assert "outside your teams" in reasons[unseen.pk]
    assert set(Case.objects.filter(assignee=lin)) == {free, worked, hers}
    assert Event.objects.filter(verb="case.assigned").count() == 2


def test_beyond_her_team_only_if_it_is_meant() -> None:
    case, lin = CaseFactory(team=TeamFactory(name="Team 2")), UserFactory()
    answer = assign(actor=supervisor("Team 2"), case_ids=[case.pk], to=lin, beyond_team=True)
    assert answer.done == [case.pk]


def test_assigning_to_nobody_releases() -> None:
    worked, free = CaseFactory(assignee=UserFactory()), CaseFactory()
    answer = assign(actor=supervisor(), case_ids=[worked.pk, free.pk], to=None)
    assert answer.done == [worked.pk]
    assert [why for _case, why in answer.refused] == ["Nobody works it."]
    assert Event.objects.get().verb == "case.released"


@pytest.mark.parametrize("who", [{"is_active": False}, {"is_staff": False}, {"role": "auditor"}])
def test_cases_go_to_people_who_can_work_them(who: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="cannot work cases"):
        assign(actor=supervisor(), case_ids=[CaseFactory().pk], to=UserFactory(**who))


def test_a_leavers_cases_are_spread_evenly_the_most_urgent_first() -> None:
    leaver, first, second = UserFactory(is_active=False, display_name="Zhao"), UserFactory(), UserFactory()
    cases = [CaseFactory(assignee=leaver, priority=n, follow_up_on=date(2026, 12, 1)) for n in range(7)]
    CaseFactory(assignee=leaver, status="cured")
    lost = CaseFactory(assignee=leaver, team=TeamFactory(name="Team 2"))
    unseen = CaseFactory(assignee=leaver, team=TeamFactory(name="Team 3"))

    assert hand_over(actor=supervisor("Team 1", "Team 2"), leaver=leaver, to=[first, second])[:2] == (7, 1)

    got = Counter(Case.objects.filter(pk__in=[case.pk for case in cases]).values_list("assignee", flat=True))
    assert got == {first.pk: 4, second.pk: 3}
    assert set(Case.objects.filter(assignee=first).values_list("priority", flat=True)) == {6, 4, 2, 0}
    assert Case.objects.filter(follow_up_on=date(2026, 12, 1)).count() == 7
    lost.refresh_from_db()
    unseen.refresh_from_db()
    assert (lost.assignee, unseen.assignee) == (None, leaver)
    assert Event.objects.filter(verb="case.assigned", reason=coded("handed-over", "Zhao")).count() == 7


def test_who_hands_over_hears_what_nobody_works_now() -> None:
    leaver, first = UserFactory(display_name="Zhao"), UserFactory()
    for team in ("Team 1", "Team 2", "Team 2"):
        CaseFactory(assignee=leaver, team=TeamFactory(name=team))
    client = signed_in(supervisor("Team 1", "Team 2"))
    answer = client.post(f"/board/hand-over/{leaver.pk}/", {"to": [first.pk]}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "1 case of Zhao was handed over.",
        "2 cases of Zhao are worked by nobody now: none of those chosen sees their teams.",
    ]


def test_handing_over_needs_others() -> None:
    leaver = UserFactory()
    with pytest.raises(Invalid, match="Choose who"):
        hand_over(actor=supervisor(), leaver=leaver, to=[])
    with pytest.raises(Invalid, match="Choose others"):
        hand_over(actor=supervisor(), leaver=leaver, to=[leaver])


def test_assigning_many_costs_as_many_queries_as_assigning_one() -> None:
    def queries(count: int) -> int:
        chen, lin = supervisor(), UserFactory()
        cases = [CaseFactory() for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assign(actor=chen, case_ids=[case.pk for case in cases], to=lin)
        return len(captured)

    assert queries(1) == queries(20)


@pytest.mark.django_db(transaction=True)
def test_opposite_orders_of_the_same_cases_do_not_block_each_other() -> None:
    chen, people = supervisor(), [UserFactory() for _ in range(4)]
    keys = [CaseFactory().pk for _ in range(30)]

    def give(number: int) -> int:
        order = keys if number % 2 else keys[::-1]
        return len(assign(actor=chen, case_ids=order, to=people[number]).done)

    assert at_once([lambda n=n: give(n) for n in range(4)]) == [30] * 4
    assert Event.objects.filter(verb="case.assigned").count() == 120


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "\0", "x", ""])
def test_what_is_no_key_is_not_found(client: Client, number: str) -> None:
    case = CaseFactory()
    client.force_login(UserFactory(role="supervisor"))
    for sent in (
        {"case": f"{number}:1", "do": "release"},
        {"case": f"{case.pk}:{number}", "do": "release"},
        {"case": f"{case.pk}:{case.version}", "to": number or "x", "do": "assign"},
    ):
        assert client.post("/cases/assign/", sent).status_code == 404
