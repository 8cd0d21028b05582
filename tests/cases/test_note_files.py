"""Documents of notes: judged by their content, given out on the record and in scope, removed when their time is over."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.errors import Invalid
from audit.models import Event
from cases.jobs import remove_expired_note_files
from cases.models import Case, Note, NoteFile, WorkTerms
from cases.services.notes import add_note
from runs import clock
from staff.models import User
from tests.cases.deeds import GOOD
from tests.clients import signed_in
from tests.factories import DAY, MOMENT, BusinessDayFactory, CaseFactory, TeamFactory, UserFactory
from tests.whole_cases import workable_case

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4 made up"
UNTIL = date(2031, 11, 22)


@pytest.fixture(autouse=True)
def _noon() -> object:
    with clock.frozen(MOMENT):
        yield


@pytest.fixture
def kept(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def paper(content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile("王小明 letter.pdf", content)


def noted(case: Case | None = None, by: User | None = None) -> NoteFile:
    note = add_note(actor=by or UserFactory(), case_id=(case or CaseFactory()).pk, text="Her letter", file=paper())
    return note.file


def test_a_document_is_kept_with_its_hash_for_the_years_of_the_terms(kept: Path) -> None:
    made = noted()
    assert (made.media_type, made.size, made.keep_until) == ("application/pdf", len(PDF), UNTIL)
    assert made.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (kept / made.file.name).read_bytes() == PDF
    assert "letter" not in made.file.name
    assert Event.objects.get(verb="note.added").after == {"document": made.sha256}
    WorkTerms.objects.update(note_file_years=7)
    assert noted().keep_until == date(2033, 11, 22)


@pytest.mark.parametrize("content", [b"", b"<html>", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_what_is_no_document_is_refused_and_no_note_written(kept: Path, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        add_note(actor=UserFactory(), case_id=CaseFactory().pk, text="x", file=paper(content))
    assert refused.value.field == "file"
    assert not Note.objects.exists()
    assert not [path for path in kept.rglob("*") if path.is_file()]


def test_from_the_page_it_is_attached_shown_and_fetched_on_the_record(kept: Path) -> None:
    BusinessDayFactory()
    case, lin = workable_case(), UserFactory()
    desk, where = signed_in(lin), f"/cases/{case.ref}/note/"
    typed = GOOD["note"] | {"seen_version": case.version}
    wrong = desk.post(where, typed | {"file": paper(b"<html>")}).content.decode()
    assert ("no file of a kind that is taken here" in wrong, GOOD["note"]["text"] in wrong) == (True, True)
    page = desk.post(where, typed | {"file": paper()}, follow=True).content.decode()
    made = NoteFile.objects.get()
    address = f"/cases/{case.ref}/note-files/{made.pk}/"
    assert f'href="{address}"' in page
    answer = desk.get(address)
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"] == f'attachment; filename="note-{made.note_id}.pdf"'
    assert "sandbox" in answer["Content-Security-Policy"]
    event = Event.objects.get(verb="note.file-fetched")
    assert (event.actor_id, event.customer_id, event.subject_id) == (lin.pk, case.customer_id, made.note_id)
    assert desk.post(address).status_code == 405


def test_of_another_team_or_another_case_there_is_none(client: Client, kept: Path) -> None:
    far = CaseFactory(team=TeamFactory(name="Team 2"))
    made, near = noted(far), CaseFactory(team=TeamFactory(name="Team 1"))
    client.force_login(UserFactory(team=near.team))
    for case in (far, near):
        assert client.get(f"/cases/{case.ref}/note-files/{made.pk}/").status_code == 404
    assert not Event.objects.filter(verb="note.file-fetched").exists()


def test_it_is_removed_when_its_time_is_over_and_its_hash_stays(kept: Path) -> None:
    BusinessDayFactory()
    case = workable_case()
    made = noted(case)
    later = MOMENT + (UNTIL - DAY)
    with clock.frozen(later):
        assert remove_expired_note_files() == 0
    with clock.frozen(later + timedelta(days=1)):
        assert remove_expired_note_files() == 1
        assert remove_expired_note_files() == 0
    made.refresh_from_db()
    assert (made.removed_at is not None, made.sha256 != "") == (True, True)
    assert not [path for path in kept.rglob("*") if path.is_file()]
    assert Event.objects.get(verb="note.file-removed").before["sha256"] == made.sha256
    desk = signed_in(UserFactory())
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "its document was removed, when its time was over" in page
    assert desk.get(f"/cases/{case.ref}/note-files/{made.pk}/").status_code == 404
