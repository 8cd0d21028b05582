"""Recordings: judged by their content, kept as long as the rule says, fetched on the record, never removed under legal hold."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts.errors import Conflict, Invalid
from accounts.uploads import told_by
from audit.models import Event
from audit.services import SystemActor
from cases.models import Case
from compliance import jobs
from compliance.models import ContactRule, Recording
from compliance.services import recordings
from runs import clock
from tests.factories import MOMENT, CaseFactory, ContactFactory, CustomerFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 32
UNTIL = date(2031, 11, 22)


def attach(lin, contact=None, content=WAV, **fields):
    contact = contact or ContactFactory()
    if "link" not in fields:
        fields["file"] = SimpleUploadedFile("call.wav", content)
    return recordings.attach(actor=lin, contact_id=contact.pk, **fields)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (WAV, "audio/wav"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x44", "audio/mpeg"),
        (b"\x00\x00\x00\x20ftypM4A \x00", "audio/mp4"),
        (b"\x00\x00\x00\x20ftypisom\x00", "audio/mp4"),
        (b"OggS\x00", "audio/ogg"),
        (b"fLaC\x00", "audio/flac"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "audio/webm"),
        (b"%PDF-1.4", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"<html>", ""),
        (b"RIFF\x24\x00\x00\x00AVI ", ""),
        (b"\xff\xfe<\x00s\x00", ""),  # a text in UTF-16
        (b"", ""),
    ],
)
def test_the_first_bytes_tell_what_a_file_is(head, media_type) -> None:
    assert told_by(head) == media_type


def test_a_file_is_kept_with_its_hash_for_the_years_of_the_rule(lin, kept: Path) -> None:
    recording = attach(lin, name="Second half")
    assert (recording.media_type, recording.size, recording.keep_until) == ("audio/wav", len(WAV), UNTIL)
    assert recording.sha256 == hashlib.sha256(WAV).hexdigest()
    assert (kept / recording.file.name).read_bytes() == WAV
    assert "call" not in recording.file.name
    assert Event.objects.get(verb="recording.attached").customer_id == recording.contact.customer_id


def test_a_later_rule_keeps_later_contacts_longer(lin, kept: Path) -> None:
    ContactRule.objects.create(
        pack="cn",
        code="recordings",
        version=2,
        effective_from="2026-11-22",
        parameters={"keep_years": 7},
        source="Policy",
    )
    assert attach(lin).keep_until == date(2033, 11, 22)
    # 23:30 UTC on the 21st is the 22nd where the lender does business; an hour and a day before, the earlier rule holds.
    assert attach(lin, ContactFactory(at=datetime(2026, 11, 21, 23, 30, tzinfo=UTC))).keep_until == date(2033, 11, 22)
    assert attach(lin, ContactFactory(at=datetime(2026, 11, 21, 1, 0, tzinfo=UTC))).keep_until == date(2031, 11, 21)
    assert attach(lin, ContactFactory(at=datetime(2024, 2, 29, 4, 0, tzinfo=UTC))).keep_until == date(2029, 3, 1)
    assert attach(lin, ContactFactory(customer=CustomerFactory(jurisdiction="us"))).keep_until == UNTIL


@pytest.mark.parametrize("parameters", [{}, {"keep_years": 0}, {"keep_years": "5"}, None])
def test_without_a_rule_that_makes_sense_nothing_is_kept(lin, kept: Path, parameters) -> None:
    rules = ContactRule.objects.filter(code="recordings")
    rules.delete() if parameters is None else rules.update(parameters=parameters)
    with pytest.raises(Conflict, match="No rule"):
        attach(lin)
    assert not list(kept.rglob("*.wav"))


def test_a_link_is_https_and_without_a_password(lin) -> None:
    recording = attach(lin, link="https://recordings.example/42")
    assert (recording.link, recording.file.name, recording.sha256) == ("https://recordings.example/42", "", "")
    for wrong in ("http://recordings.example/42", "javascript:alert(1)", "https://me:secret@recordings.example/", "x"):
        with pytest.raises(Invalid, match="https://"):
            attach(lin, link=wrong)


def test_either_a_file_or_a_link_and_no_file_twice(lin, kept: Path) -> None:
    contact = ContactFactory()
    with pytest.raises(Invalid, match="either"):
        recordings.attach(actor=lin, contact_id=contact.pk)
    with pytest.raises(Invalid, match="either"):
        recordings.attach(
            actor=lin, contact_id=contact.pk, link="https://a.example/", file=SimpleUploadedFile("a.wav", WAV)
        )
    attach(lin, contact)
    with pytest.raises(Conflict, match="already"):
        attach(lin, contact)
    with pytest.raises(Invalid, match="kind"):
        attach(lin, contact, b"%PDF-1.4 no sound")


def test_expired_recordings_go_and_their_hash_stays(lin, kept: Path) -> None:
    old, held, link = attach(lin), attach(lin), attach(lin, link="https://recordings.example/42")
    fresh = attach(lin, ContactFactory(at=MOMENT + timedelta(days=1)))
    recordings.set_legal_hold(actor=lin, recording_id=held.pk, on=True, reason="(2026) 沪01民初1号")
    assert recordings.remove_expired(on=UNTIL) == 0
    with clock.frozen(datetime(2031, 11, 23, 4, 0, tzinfo=UTC)):
        assert jobs.remove_expired_recordings() == 2
        assert jobs.remove_expired_recordings() == 0
    assert not (kept / old.file.name).exists()
    assert (kept / held.file.name).exists()
    assert (kept / fresh.file.name).exists()
    old.refresh_from_db()
    link.refresh_from_db()
    assert old.removed_at is not None
    assert link.removed_at is not None
    assert old.sha256 == hashlib.sha256(WAV).hexdigest()
    assert Event.objects.filter(verb="recording.removed").count() == 2


def test_a_removal_killed_after_the_file_was_deleted_is_finished_by_the_next_run(lin, kept: Path) -> None:
    recording = attach(lin)
    (kept / recording.file.name).unlink()
    assert recordings.remove_expired(on=UNTIL + timedelta(days=1)) == 1
    assert Recording.objects.get().removed_at is not None


def test_a_legal_hold_has_a_reason_and_ends_with_one(lin, kept: Path) -> None:
    recording = attach(lin)
    with pytest.raises(Invalid, match="why"):
        recordings.set_legal_hold(actor=lin, recording_id=recording.pk, on=True, reason="")
    recordings.set_legal_hold(actor=lin, recording_id=recording.pk, on=True, reason="Court")
    with pytest.raises(Conflict, match="already"):
        recordings.set_legal_hold(actor=lin, recording_id=recording.pk, on=True, reason="Court")
    recordings.set_legal_hold(actor=lin, recording_id=recording.pk, on=False, reason="Judgment is final")
    with pytest.raises(Conflict, match="no legal hold"):
        recordings.set_legal_hold(actor=lin, recording_id=recording.pk, on=False, reason="x")
    assert list(Event.objects.filter(verb__contains="recording.").order_by("pk").values_list("verb", "reason")) == [
        ("recording.attached", ""),
        ("recording.held", "Court"),
        ("recording.released", "Judgment is final"),
    ]
    recordings.remove_expired(on=UNTIL + timedelta(days=1))
    with pytest.raises(Conflict, match="removed"):
        recordings.set_legal_hold(actor=lin, recording_id=recording.pk, on=True, reason="late")


def in_team(name: str = "Team 1", **values):
    return ContactFactory(customer=CaseFactory(team=TeamFactory(name=name)).customer, **values)


def test_listening_is_a_permission_in_scope_and_on_the_record(lin, kept: Path, client: Client) -> None:
    recording = attach(lin, in_team())
    address = f"/recordings/{recording.pk}/"
    client.force_login(UserFactory())
    refused = client.get(address)
    assert refused.status_code == 403
    assert "by who attached it" in refused.content.decode()
    assert "Senior collector" in refused.content.decode()
    client.force_login(UserFactory(role="senior-collector", team=TeamFactory(name="Team 2")))
    assert client.get(address).status_code == 404
    assert not Event.objects.filter(verb="recording.fetched").exists()
    senior = UserFactory(role="senior-collector")
    client.force_login(senior)
    response = client.get(address)
    assert b"".join(response.streaming_content) == WAV
    assert response["Content-Disposition"].startswith("attachment;")
    assert (response["X-Content-Type-Options"], response["Content-Type"]) == ("nosniff", "audio/wav")
    assert "sandbox" in response["Content-Security-Policy"]
    assert Event.objects.get(verb="recording.fetched").actor_id == senior.pk
    assert client.post(address).status_code == 405


@pytest.mark.parametrize(
    ("wanted", "first", "length"),
    [
        ("bytes=0-", 0, len(WAV)),
        ("bytes=4-7", 4, 4),
        ("bytes=8-", 8, len(WAV) - 8),
        ("bytes=-6", len(WAV) - 6, 6),
        (f"bytes=4-{10**17}", 4, len(WAV) - 4),
        (f"bytes=-{10**17}", 0, len(WAV)),
    ],
)
def test_a_player_gets_the_part_that_it_asks_for(
    wanted: str, first: int, length: int, lin, kept: Path, client: Client
) -> None:
    client.force_login(lin)
    recording = attach(lin, in_team())
    response = client.get(f"/recordings/{recording.pk}/", headers={"Range": wanted})
    assert (response.status_code, b"".join(response.streaming_content)) == (206, WAV[first : first + length])
    assert response["Content-Range"] == f"bytes {first}-{first + length - 1}/{len(WAV)}"
    assert (response["Content-Length"], response["Accept-Ranges"]) == (str(length), "bytes")


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=7-4", "bytes=-", "words=0-1", "bytes=a-b", "bytes=²-", ""])
def test_what_asks_for_no_one_part_gets_the_whole(wanted: str, lin, kept: Path, client: Client) -> None:
    client.force_login(lin)
    recording = attach(lin, in_team())
    response = client.get(f"/recordings/{recording.pk}/", headers={"Range": wanted})
    assert (response.status_code, b"".join(response.streaming_content)) == (200, WAV)


@pytest.mark.parametrize("wanted", [f"bytes={len(WAV)}-", "bytes=-0"])
def test_a_part_that_there_is_not_is_none(wanted: str, lin, kept: Path, client: Client) -> None:
    client.force_login(lin)
    recording = attach(lin, in_team())
    response = client.get(f"/recordings/{recording.pk}/", headers={"Range": wanted})
    assert (response.status_code, b"".join(response.streaming_content)) == (416, b"")
    assert response["Content-Range"] == f"bytes */{len(WAV)}"


def test_seeking_is_one_hearing_on_the_record_and_a_download_each_time_another(lin, kept: Path, client: Client) -> None:
    client.force_login(lin)
    address = f"/recordings/{attach(lin, in_team()).pk}/"
    fetched = Event.objects.filter(verb="recording.fetched")
    counts = []
    # Also who begins in the middle is on the record.
    for wanted, minutes in (("bytes=9-", 0), ("bytes=0-3", 1), (None, 2), (None, 3), ("bytes=2-", 4), ("bytes=2-", 60)):
        with clock.frozen(MOMENT + timedelta(minutes=minutes)):
            client.get(address, headers={"Range": wanted} if wanted else {})
        counts.append(fetched.count())
    assert counts == [1, 1, 2, 3, 3, 4]


def test_who_attached_one_hears_it_on_the_record_while_the_case_is_in_reach(lin, kept: Path, client: Client) -> None:
    recording = attach(lin, in_team())
    assert recording.added_by == lin
    address = f"/recordings/{recording.pk}/"
    client.force_login(lin)
    assert address in client.get(f"/contacts/{recording.contact_id}/").content.decode()
    assert b"".join(client.get(address).streaming_content) == WAV
    assert Event.objects.get(verb="recording.fetched").actor_id == lin.pk
    Case.objects.update(team=TeamFactory(name="Team 2"))
    assert client.get(address).status_code == 403
    assert Event.objects.filter(verb="recording.fetched").count() == 1


def test_a_link_is_shown_with_its_host_on_the_record_and_not_after_its_time(lin, client: Client) -> None:
    recording = attach(lin, in_team(), link="https://recordings.example/42")
    client.force_login(UserFactory(role="senior-collector"))
    response = client.get(f"/recordings/{recording.pk}/")
    assert response.status_code == 200
    assert "<b>recordings.example</b>" in response.content.decode()
    assert 'href="https://recordings.example/42" rel="noreferrer noopener"' in response.content.decode()
    recordings.remove_expired(on=UNTIL + timedelta(days=1))
    assert client.get(f"/recordings/{recording.pk}/").status_code == 404
    page = client.get(f"/contacts/{recording.contact_id}/").content.decode()
    assert "removed on" in page
    assert "recordings.example" not in page


def test_a_contacts_page_takes_a_recording_and_says_what_is_wrong_with_one(lin, kept: Path, client: Client) -> None:
    contact = in_team()
    address = f"/contacts/{contact.pk}/"
    client.force_login(lin)
    wrong = client.post(address, {"verb": "attach", "file": SimpleUploadedFile("a.wav", b"nothing of the kind")})
    assert wrong.status_code == 422
    assert "By its content" in wrong.content.decode()
    right = client.post(address, {"verb": "attach", "file": SimpleUploadedFile("a.wav", WAV), "name": "First"})
    assert right.status_code == 302
    page = client.get(address).content.decode()
    assert "First" in page
    assert "kept until 2031-11-22" in page
    heard = f"/recordings/{Recording.objects.get().pk}/"
    assert heard in page, "it is her own"
    client.force_login(UserFactory())
    assert heard not in client.get(address).content.decode()
    client.force_login(lin)
    client.force_login(UserFactory(role="auditor"))
    assert client.post(address, {"verb": "attach", "link": "https://a.example/"}).status_code == 403


def test_an_entry_is_corrected_on_its_page(lin, client: Client) -> None:
    contact = in_team(actor=lin)
    client.force_login(lin)
    address = f"/contacts/{contact.pk}/"
    assert client.post(address, {"verb": "correct", "outcome": "sent", "reason": "x"}).status_code == 422
    made = client.post(address, {"verb": "correct", "outcome": "busy", "reason": "Clicked the wrong line"})
    assert made.status_code == 302
    assert "stands in its place" in client.get(address).content.decode()
    assert "Corrects" in client.get(made["Location"]).content.decode()


def test_a_hold_is_placed_by_who_may_change_recordings(lin, kept: Path, client: Client) -> None:
    recording = attach(lin, in_team())
    address = f"/recordings/{recording.pk}/hold/"
    client.force_login(UserFactory(role="supervisor"))
    assert client.post(address, {"on": "1", "reason": "Court"}).status_code == 403
    client.force_login(UserFactory(role="legal-officer"))
    assert "Say why" in client.post(address, {"on": "1"}, follow=True).content.decode()
    assert "legal hold" in client.post(address, {"on": "1", "reason": "Court"}, follow=True).content.decode()
    assert Recording.objects.get().legal_hold


def test_a_contact_out_of_scope_is_not_found(lin, client: Client) -> None:
    client.force_login(lin)
    assert client.get(f"/contacts/{in_team('Team 2').pk}/").status_code == 404
    client.force_login(UserFactory(role="data-entry"))
    assert client.get(f"/contacts/{in_team().pk}/").status_code == 403


@pytest.mark.parametrize("count", [2, 20])
def test_a_contacts_page_asks_as_much_for_many_recordings_as_for_few(
    lin, client: Client, django_assert_max_num_queries, count
) -> None:
    contact = in_team()
    for number in range(count):
        attach(lin, contact, link=f"https://recordings.example/{number}")
    client.force_login(UserFactory(role="senior-collector"))
    with django_assert_max_num_queries(12):
        client.get(f"/contacts/{contact.pk}/")


@pytest.mark.django_db(transaction=True)
def test_who_attached_what_there_was_before_is_taken_from_the_record(kept: Path) -> None:
    """On filled tables; what the record does not name, a system's own, stays nobody's."""
    lin, chen = UserFactory(), UserFactory()
    first, second = attach(lin, in_team()), attach(chen, in_team(), link="https://recordings.example/2")
    system = attach(SystemActor("feed"), in_team(), link="https://recordings.example/3")
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("compliance", "0066_who_attached_a_recording")
    # It alone: what came before it is needed to make its state, what comes after it does not touch these tables' columns.
    state = executor.loader.project_state(("compliance", "0066_who_attached_a_recording"), at_end=False)
    with connection.schema_editor() as editor:
        migration.unapply(state.clone(), editor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM compliance_recording LIMIT 0")
        assert "added_by_id" not in {column.name for column in cursor.description}
    with connection.schema_editor() as editor:
        migration.apply(state, editor)
    found = dict(Recording.objects.values_list("pk", "added_by"))
    assert found == {first.pk: lin.pk, second.pk: chen.pk, system.pk: None}
