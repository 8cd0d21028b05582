"""A form that is sent twice is done once, and answers as done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from audit.models import Event
from cases.models import Case, Note
from cases.views import VERBS
from compliance.models import Complaint
from runs import clock
from runs.models import SentForm
from staff.models import User
from tests.cases.deeds import GOOD, HTMX, address, errors, target_of, values, version
from tests.factories import DAY, MOMENT, BusinessDayFactory, UserFactory
from tests.whole_cases import workable_case


@pytest.mark.django_db(transaction=True)
def test_of_four_at_the_same_moment_one_note_is_saved_and_all_answer_as_saved() -> None:
    with clock.frozen(MOMENT):
        BusinessDayFactory(date=DAY - timedelta(days=1))
        case, author = workable_case(), UserFactory()
        client = Client()
        client.force_login(author)
        typed = {"text": "Works nights", "seen_version": case.version, "form_key": "one"}

        def send(_: int) -> str:
            try:
                again = Client()
                again.cookies = client.cookies
                return again.post(f"/cases/{case.ref}/note/", typed, headers=HTMX).content.decode()
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, range(4)))
    assert Note.objects.count() == Event.objects.filter(verb="note.added").count() == 1
    assert all("Note added." in answer for answer in answers)


@pytest.mark.usefixtures("noon")
@pytest.mark.django_db
class TestOneAfterAnother:
    @pytest.mark.parametrize("code", [verb.code for verb in VERBS if verb.once])
    def test_the_same_form_is_done_once(self, code: str, case: Case, lead: User, desk: Client) -> None:
        where = address(case, code, target_of(code, case, lead))
        typed = values(code, case) | {"form_key": "one"}
        assert desk.post(where, typed).status_code == 302
        events = Event.objects.count()
        again = desk.post(where, typed)
        if code not in ("correct", "end-flag", "revoke-hours"):  # what they were about is over: 404
            assert again.status_code == 302, errors(again)
        assert Event.objects.count() == events

    def test_two_forms_that_say_the_same_are_two(self, case: Case, desk: Client) -> None:
        for key in ("one", "two"):
            desk.post(f"/cases/{case.ref}/note/", values("note", case) | {"form_key": key})
        assert Note.objects.count() == 2

    def test_what_was_sent_changed_is_another(self, case: Case, desk: Client) -> None:
        for text in ("First", "Second"):
            desk.post(f"/cases/{case.ref}/note/", values("note", case, text=text) | {"form_key": "one"})
        assert Note.objects.count() == 2

    def test_every_form_that_is_drawn_has_a_key_of_its_own(self, case: Case, desk: Client) -> None:
        where = f"/cases/{case.ref}/note/"
        keys = {desk.get(where).content.decode().split('name="form_key" value="')[1].split('"')[0] for _ in range(2)}
        assert len(keys) == 2
        assert all(len(key) > 20 for key in keys)

    def test_what_was_refused_was_not_done(self, case: Case, lead: User, desk: Client) -> None:
        where, typed = f"/cases/{case.ref}/flag/", values("flag", case) | {"form_key": "one"}
        placed = target_of("end-flag", case, lead)
        assert "already" in desk.post(where, typed).content.decode()
        assert not SentForm.objects.exists()
        desk.post(address(case, "end-flag", placed), values("end-flag", case))
        assert desk.post(where, typed).status_code == 302

    @pytest.mark.parametrize("seen", ["", "-1", "x", "0", "999", None])
    def test_a_version_that_no_screen_showed_is_refused(self, seen: str | None, case: Case, desk: Client) -> None:
        typed = dict(GOOD["note"]) if seen is None else GOOD["note"] | {"seen_version": seen}
        for headers in ({}, HTMX):
            answer = desk.post(f"/cases/{case.ref}/note/", typed, headers=headers)
            page = answer.content.decode()
            assert answer.status_code == 400
            assert (
                f"No screen showed the version “{seen or ''}”: expected is a number from 1 to {version(case)}." in page
            )
            assert "Works nights" in page
            assert f'name="seen_version" value="{version(case)}"' in page
        assert not Note.objects.exists()

    def test_a_button_without_a_form_says_so_too(self, case: Case, desk: Client) -> None:
        answer = desk.post(f"/cases/{case.ref}/take/", {"seen_version": "x"})
        assert (answer.status_code, "No screen showed" in answer.content.decode()) == (400, True)
        case.refresh_from_db()
        assert case.assignee_id is None

    def test_a_complaint_is_entered_once(self, case: Case, desk: Client) -> None:
        where = f"/complaints/new/?customer={case.customer.ref}"
        assert 'name="form_key"' in desk.get(where).content.decode()
        typed = {
            "reason": "hours", "channel": "voice", "text": "Called at night", "received_on": DAY, "form_key": "one",
        }  # fmt: skip
        first, second = desk.post(where, typed), desk.post(where, typed)
        assert first.status_code == second.status_code == 302
        assert first["Location"] == second["Location"]
        assert Complaint.objects.count() == 1
