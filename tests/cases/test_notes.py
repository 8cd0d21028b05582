"""Notes: written once, on any case, by name."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.errors import Invalid
from audit.models import Event
from cases.models import Note
from cases.services.follow_ups import schedule
from cases.services.notes import LONGEST, add_note
from runs import clock
from tests.factories import MOMENT, CaseFactory, UserFactory
from tests.whole_cases import workable_case

pytestmark = pytest.mark.django_db


def test_a_note_says_who_wrote_it_and_the_record_does_not_say_what() -> None:
    case, author = CaseFactory(status="cured"), UserFactory()
    note = add_note(actor=author, case_id=case.pk, text="  Moved in with her mother.\nCalls after six.  ")
    assert (note.text, note.author, note.author_name) == ("Moved in with her mother.\nCalls after six.", author, "Lin")
    event = Event.objects.get(verb="note.added")
    assert (event.customer_id, event.subject_id, event.after, event.reason) == (case.customer_id, note.pk, None, "")


def test_a_note_makes_no_screen_stale() -> None:
    case = CaseFactory()
    add_note(actor=UserFactory(), case_id=case.pk, text="x")
    version = case.version
    case.refresh_from_db()
    assert case.version == version


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * (LONGEST + 1)])
def test_an_empty_and_an_endless_note_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_note(actor=UserFactory(), case_id=CaseFactory().pk, text=text)
    assert refused.value.field == "text"


def test_a_note_is_never_changed_nor_removed() -> None:
    note = add_note(actor=UserFactory(), case_id=CaseFactory().pk, text="x" * LONGEST)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Note.objects.filter(pk=note.pk).update(text="y")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Note.objects.filter(pk=note.pk).delete()


def test_a_note_written_on_a_screen_that_is_behind_is_taken_and_says_what_changed_since(client: Client) -> None:
    case, author = workable_case(), UserFactory()
    client.force_login(author)
    with clock.frozen(MOMENT):
        schedule(actor=UserFactory(display_name="Zhao"), case_id=case.pk, seen_version=case.version, on=clock.today())
        typed = {"text": "Works nights", "seen_version": case.version}
        page = client.post(f"/cases/{case.ref}/note/", typed, follow=True).content.decode()
        assert "Note added. The case changed since you opened it (" in page
        assert "12:00 Zhao: Follow-up set" in page
        page = client.post(f"/cases/{case.ref}/note/", typed | {"seen_version": case.version + 1}, follow=True)
    assert "Note added.<" in page.content.decode()
    assert Note.objects.count() == 2
