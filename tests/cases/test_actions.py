"""Acting on a case from its page: every verb is allowed, forbidden, out of scope, wrong, stale, in part and whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from audit.models import Event
from cases.models import Case, Note
from cases.services import holds
from cases.services.follow_ups import schedule
from staff.models import User
from tests.cases.deeds import GOOD, HTMX, SOON, TODAY, address, errors, prepared, target_of, values, version
from tests.factories import DAY, TeamFactory, UserFactory
from tests.whole_cases import workable_case

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]
# What is wrong, and the words that say so.
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "call": ({"contact_point": "999"}, "is not on the list"),
    "contact": ({"outcome": "", "note": "kept words"}, "“Outcome”: nothing is chosen. Choose one."),
    "inbound": ({"seconds": "2:99", "note": "kept words"}, "is no length"),
    "promise": ({"on_1": TODAY - timedelta(days=1), "note": "kept words"}, "too early"),
    "dispute": ({"reason": "", "statement": "kept words"}, "“What is disputed”: nothing is chosen"),
    "hold": ({"ends_on": TODAY - timedelta(days=1), "reason": "kept words"}, "before"),
    "note": ({"text": "  "}, "is empty. Fill it in."),
    "follow-up": ({"on": TODAY - timedelta(days=1), "note": "kept words"}, "is past"),
    "flag": ({"kind": "", "evidence": "kept words"}, "nothing is chosen. Choose one."),
    "contact-point": ({"value": "no address", "source": "kept words"}, "This is no e-mail address."),
    "hours": ({"closes": "10:00", "evidence": "kept words"}, "that is never"),
    "assign": ({"to": "999"}, "is not on the list"),
    "reveal": ({"reason": ""}, "“Reason” is empty. Fill it in."),
    "verify": ({"reason": ""}, "“How it was verified” is empty. Fill it in."),
    "mark-wrong": ({"reason": " "}, "“How it was found wrong” is empty. Fill it in."),
    "correct": ({"reason": "", "note": "kept words"}, "is empty. Fill it in."),
    "recording": ({"link": "", "name": "kept words"}, "either a file or a link"),
    "cancel-promise": ({"reason": ""}, "“Reason” is empty"),
    "close-dispute": ({"status": "", "answer": "kept words"}, "nothing is chosen. Choose one."),
    "lift": ({"last_day": TODAY - timedelta(days=9), "reason": "kept words"}, "outside the hold"),
    "end-flag": ({"reason": ""}, "“Reason” is empty"),
    "revoke-hours": ({"reason": ""}, "“Reason” is empty"),
    "opt-out": ({"channel": "voice", "evidence": "kept words"}, "is not on the list"),
    "opt-in": ({"evidence": ""}, "“Evidence” is empty"),
}
STALE = ["contact", "inbound", "contact-point", "promise", "dispute", "hold", "follow-up", "assign", "take", "verify",
         "mark-wrong", "cancel-promise", "close-dispute", "lift"]  # fmt: skip
FORMS = [code for code in GOOD if code not in ("take", "release")]


@pytest.mark.parametrize("code", GOOD)
def test_who_may_does_it_and_is_back_on_the_case(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    events = Event.objects.count()
    response = desk.post(where, values(code, case))
    if code == "reveal":
        assert "13800002046" in response.content.decode()
    else:
        assert response.status_code == 302, errors(response)
        assert response["Location"] == (f"/cases/{case.ref}/contact/" if code == "call" else f"/cases/{case.ref}/")
    assert code == "call" or Event.objects.count() > events


@pytest.mark.parametrize("code", GOOD)
def test_htmx_gets_every_part_that_may_have_changed(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    page = desk.post(where, values(code, case), headers=HTMX).content.decode()
    assert "<html" not in page
    for part in ('id="panel"', 'id="case-head"', 'id="case-debts"', 'id="case-side"', 'id="said"', 'id="timeline"'):
        assert page.count(part) == 1, part
    assert ('id="act-sheet"' in page) is (code == "call")


@pytest.mark.parametrize("code", GOOD)
def test_who_may_not_is_forbidden(code: str, case: Case, lead: User, client: Client) -> None:
    where = prepared(code, case, lead)
    client.force_login(UserFactory(role="auditor", team=None))
    assert client.get(where).status_code == 403
    assert client.post(where, values(code, case)).status_code == 403


@pytest.mark.parametrize("code", GOOD)
def test_another_teams_case_is_not_found(code: str, case: Case, lead: User, client: Client) -> None:
    where = prepared(code, case, lead)
    client.force_login(UserFactory(role="supervisor", team=TeamFactory(name="Team 2")))
    for headers in ({}, HTMX):
        assert client.get(where, headers=headers).status_code == 404
        assert client.post(where, values(code, case), headers=headers).status_code == 404


@pytest.mark.parametrize("code", [code for code in GOOD if code in (
    "reveal", "correct", "recording", "cancel-promise", "close-dispute", "lift", "end-flag", "revoke-hours",
    "opt-out", "opt-in")])  # fmt: skip
def test_what_belongs_to_another_customer_is_not_found(code: str, case: Case, lead: User, desk: Client) -> None:
    target = target_of(code, case, lead)
    other = workable_case()
    assert desk.get(address(other, code, target)).status_code == 404
    assert desk.post(address(other, code, target), values(code, other)).status_code == 404


@pytest.mark.parametrize("code", BAD)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    wrong, words = BAD[code]
    before = version(case)
    for headers in ({}, HTMX):
        response = desk.post(where, values(code, case, **wrong), headers=headers)
        page = response.content.decode()
        assert response.status_code == 200
        assert words in page
        assert "kept words" in page or "kept words" not in wrong.values()
        assert ("<html" in page) is (headers != HTMX)
    assert version(case) == before


@pytest.mark.django_db(transaction=True)
def test_a_form_opened_on_a_stale_screen_brings_the_case_as_it_is_and_says_what_changed(
    case: Case, lead: User, desk: Client
) -> None:
    address = f"/cases/{case.ref}/follow-up/"
    seen = version(case)
    other = UserFactory(display_name="Zhao", role="supervisor", team=case.team)
    assert f'"seen": "{seen}"' in desk.get(f"/cases/{case.ref}/").content.decode()
    alone = desk.get(address, {"seen": seen}, headers=HTMX).content.decode()
    assert 'id="case-head"' not in alone
    schedule(actor=other, case_id=case.pk, on=DAY + timedelta(days=3), note="third", seen_version=seen)
    whole = desk.get(address, {"seen": seen}, headers=HTMX).content.decode()
    assert "The case changed since you opened it and is shown as it is now." in whole
    assert "Zhao: Follow-up set" in whole
    assert 'id="case-head"' in whole
    assert f'"seen": "{version(case)}"' in whole
    assert 'id="case-head"' not in desk.get(address, {"seen": version(case)}, headers=HTMX).content.decode()


@pytest.mark.parametrize("code", STALE)
def test_a_stale_screen_is_told_what_changed_and_keeps_what_was_typed(
    code: str, case: Case, lead: User, desk: Client
) -> None:
    where = prepared(code, case, lead)
    seen = version(case)
    other = UserFactory(role="supervisor", display_name="Zhao")
    holds.place(
        actor=other, case_id=case.pk, seen_version=seen, account_id=None, kind="treatment", starts_on=TODAY,
        ends_on=SOON, reason="Elsewhere",
    )  # fmt: skip
    typed = values(code, case, seen_version=seen)
    for headers in ({}, HTMX):
        if code == "take":
            continue
        response = desk.post(where, typed, headers=headers)
        page = response.content.decode()
        assert response.status_code == 409
        assert "Nothing was saved" in page
        assert "Zhao" in page
        assert "Hold placed" in page
        for value in (typed.get("note"), typed.get("statement"), typed.get("reason"), typed.get("answer")):
            assert not value or str(value) in page

        looked = desk.post(where, typed | {"look": "1"}, headers=headers)
        assert looked.status_code == 200
        assert f'name="seen_version" value="{version(case)}"' in looked.content.decode()
    if code == "take":
        assert desk.post(where, typed, headers=HTMX).status_code == 409
        return
    again = desk.post(where, typed | {"seen_version": version(case)})
    assert again.status_code == 302, errors(again)


@pytest.mark.parametrize("code", FORMS)
def test_the_form_opens_in_the_page_and_alone_for_htmx(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    whole, part = desk.get(where).content.decode(), desk.get(where, headers=HTMX).content.decode()
    for page in (whole, part):
        assert f'data-verb="{code}"' in page
        assert f'action="{where}"' in page
    assert 'id="case-head"' in whole
    assert 'id="case-head"' not in part


def test_a_closed_case_takes_notes_and_nothing_else(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(status="cured", closed_on=TODAY)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert 'id="do-note"' in page
    assert 'id="do-promise"' not in page
    assert "is closed" in desk.post(f"/cases/{case.ref}/promise/", values("promise", case)).content.decode()
    desk.post(f"/cases/{case.ref}/note/", values("note", case))
    assert Note.objects.get().text == "Works nights"


def test_a_collector_is_not_offered_what_she_may_not(case: Case, client: Client) -> None:
    client.force_login(UserFactory())
    page = client.get(f"/cases/{case.ref}/").content.decode()
    assert 'id="do-promise"' in page
    assert 'id="do-assign"' not in page
    assert "deferral" not in client.get(f"/cases/{case.ref}/hold/").content.decode().lower()
