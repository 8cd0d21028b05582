"""Giving a case back and taking it back: one press that was not meant costs one more."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from audit.models import Event
from cases.models import Case
from cases.services import assigning
from staff.models import User
from tests.cases.deeds import HTMX, prepared, values, version
from tests.factories import TeamFactory, UserFactory
from tests.whole_cases import late_case

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]
WAY_BACK = re.compile(r'action="(/cases/[^"]+/take/)".*?name="seen_version" value="(\d+)".*?Take it back', re.DOTALL)


def released(case: Case, lead: User, desk: Client, *, in_part: bool) -> tuple[str, str]:
    """The address and the version that the answer to a release offers for taking it back."""
    headers = HTMX if in_part else {}
    answer = desk.post(prepared("release", case, lead), values("release", case), headers=headers, follow=not in_part)
    page = answer.content.decode()
    assert "The case is back with the team." in page
    said = re.search(r'(id="said" hx-swap-oob|id="messages").*', page, re.DOTALL)
    assert said is not None
    offered = WAY_BACK.search(said[0])
    assert offered is not None
    return offered[1], offered[2]


@pytest.mark.parametrize("in_part", [True, False])
def test_who_gave_a_case_back_is_offered_to_take_it_back(case: Case, lead: User, desk: Client, in_part: bool) -> None:
    where, seen = released(case, lead, desk, in_part=in_part)
    assert desk.post(where, {"seen_version": seen}, headers=HTMX).status_code == 200
    case.refresh_from_db()
    assert case.assignee == lead
    assert list(Event.objects.filter(subject_id=case.pk).order_by("-pk").values_list("verb", "actor_id"))[:2] == [
        ("case.taken", lead.pk),
        ("case.released", lead.pk),
    ]


def test_what_somebody_took_meanwhile_is_not_taken_back(case: Case, lead: User, desk: Client) -> None:
    where, seen = released(case, lead, desk, in_part=True)
    other = UserFactory(role="supervisor", display_name="Zhao")
    assigning.take(actor=other, case_id=case.pk, seen_version=version(case))
    refused = desk.post(where, {"seen_version": seen}, headers=HTMX)
    assert refused.status_code == 409
    assert re.search("Nothing was saved.*Zhao: Case taken", refused.content.decode(), re.DOTALL)
    case.refresh_from_db()
    assert case.assignee == other


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_one_of_another_team_is_out_of_sight_once_given_back_and_that_is_said(
    client: Client, headers: dict[str, str]
) -> None:
    lin = UserFactory()
    case = late_case(team=TeamFactory(name="Elsewhere"), assignee=lin)
    client.force_login(lin)
    answer = client.post(f"/cases/{case.ref}/release/", {"seen_version": case.version}, headers=headers)
    assert answer.headers["HX-Redirect" if headers else "Location"] == "/"
    page = client.get("/").content.decode()
    assert "The case is back with the team. You do not see its team" in page
    assert "Take it back" not in page


@pytest.mark.parametrize(("code", "asks"), [("take", True), ("follow-up", True), ("note", False), ("reveal", False)])
def test_what_moves_cases_has_the_rail_count_anew(code: str, asks: bool, case: Case, lead: User, desk: Client) -> None:
    answer = desk.post(prepared(code, case, lead), values(code, case), headers=HTMX)
    assert answer.status_code == 200
    assert (answer.headers.get("HX-Trigger") == "counts") is asks
    assert ("data-mine" in answer.content.decode()) is (code == "take")
    assert 'hx-trigger="load, every 60s, counts from:body"' in desk.get(f"/cases/{case.ref}/").content.decode()
