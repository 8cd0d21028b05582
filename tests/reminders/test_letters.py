"""Print batches: their pages, the letters as files, and what is entered of them."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from accounts.errors import Conflict
from audit.models import Event
from reminders.channels import Outgoing, Sent, letter
from reminders.models import Message, PrintBatch, Receipt
from reminders.services import letters as printing
from runs import clock
from tests.factories import CustomerFactory, MessageFactory, TeamFactory, UserFactory
from tests.whole_cases import late_case

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.LETTER_DIR = tmp_path / "letters"
    settings.LENDER_NAME = "Example Bank"
    made: Path = settings.LETTER_DIR
    return made


@pytest.fixture
def officer(client: Client) -> Client:
    client.force_login(UserFactory(role="legal-officer"))
    return client


def queued(**values: Any) -> Message:
    made: Message = MessageFactory(channel="letter", decision__channel="letter", provider="pdf", **values)
    return made


def printed(*customers: Any) -> list[Message]:
    """Letters to these customers, in one print batch."""
    rows = [
        MessageFactory(
            customer=customer, channel="letter", decision__channel="letter", key=f"letter:{customer.pk}", provider="pdf"
        )
        for customer in customers
    ]
    adapter = letter.Adapter()
    batch = [Outgoing(row.pk, row.header_id, "1 High Street", "A payment", "Please pay", "en") for row in rows]
    for row, (_outgoing, result) in zip(rows, adapter.send(batch), strict=True):
        assert isinstance(result, Sent)
        row.provider_id = result.provider_id
        row.save()
    return rows


def name_of(message: Message) -> str:
    return message.provider_id.partition("/")[0]


def test_batches_are_listed_newest_first_with_what_became_of_them(officer: Client) -> None:
    (first,) = printed(CustomerFactory())
    queued(provider_id="printed elsewhere")
    MessageFactory(provider_id=f"{name_of(first)}/9.pdf")  # an e-mail
    rows = officer.get("/letters/").context["page"].rows
    assert [(row["batch"], row["letters"], row["kept"].state) for row in rows] == [(name_of(first), 1, "waiting")]


def test_many_batches_are_paged(officer: Client) -> None:
    for number in range(51):
        MessageFactory(
            channel="letter",
            decision__channel="letter",
            key=f"l{number}",
            provider_id=f"20261122T1000{number:02}-00000000/1.pdf",
        )
    page = officer.get("/letters/").context["page"]
    older = officer.get("/letters/", {"before": page.older}).context["page"]
    assert [row["batch"] for row in older.rows] == ["20261122T100000-00000000"]
    assert (older.older, older.is_first) == (None, False)


def test_a_batch_goes_to_the_printer_and_then_to_the_post_on_the_record(officer: Client) -> None:
    (one,) = printed(CustomerFactory())
    address = f"/letters/{name_of(one)}/"
    refused = officer.post(address, {"verb": "posted"})
    assert refused.status_code == 409
    assert "was not printed yet" in refused.content.decode()
    assert officer.post(address, {"verb": "printed"}).status_code == 302
    assert officer.post(address, {"verb": "printed"}).status_code == 409
    assert officer.post(address, {"verb": "posted"}).status_code == 302
    assert officer.post(address, {"verb": "posted"}).status_code == 409
    batch = PrintBatch.objects.get()
    assert batch.state == "posted"
    assert batch.printed_by_name
    assert batch.printed_by_name == batch.posted_by_name
    events = Event.objects.filter(subject_type="printbatch", subject_ref=batch.name).order_by("pk")
    assert [(one.verb, one.after["letters"]) for one in events] == [
        ("print-batch.printed", 1),
        ("print-batch.posted", 1),
    ]
    assert "Handed to the post" in officer.get("/letters/").content.decode()


def test_the_files_are_given_whole_and_on_the_record(officer: Client) -> None:
    one, two = printed(CustomerFactory(), CustomerFactory())
    answer = officer.get(f"/letters/{name_of(one)}/files/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == [f"{one.pk}.pdf", f"{two.pk}.pdf", "manifest.csv"]
        assert packed.read("manifest.csv").decode().count("\n") == 3
        text = PdfReader(io.BytesIO(packed.read(f"{two.pk}.pdf"))).pages[0].extract_text()
        assert "Please pay" in text.replace("\0", "")
    assert Event.objects.get(verb="print-batch.taken").after == {"letters": 2}

    page = officer.get(f"/messages/{one.pk}/").content.decode()
    assert f'href="/messages/{one.pk}/letter/"' in page
    answer = officer.get(f"/messages/{one.pk}/letter/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="letter-{one.pk}.pdf"'
    assert answer.content.startswith(b"%PDF")
    event = Event.objects.get(verb="message.letter-taken")
    assert (event.subject_id, event.customer_id) == (one.pk, one.customer_id)


def test_a_file_that_is_not_what_was_printed_is_not_given(officer: Client, folder: Path) -> None:
    (one,) = printed(CustomerFactory())
    (folder / one.provider_id).write_bytes(b"%PDF other")
    for address in (f"/messages/{one.pk}/letter/", f"/letters/{name_of(one)}/files/"):
        answer = officer.get(address, follow=True)
        assert f"The file {one.pk}.pdf of batch {name_of(one)} is not there" in answer.content.decode()
    (folder / one.provider_id).unlink()
    assert "is not there" in officer.get(f"/messages/{one.pk}/letter/", follow=True).content.decode()
    assert not Event.objects.filter(verb__in=["print-batch.taken", "message.letter-taken"]).exists()


def test_no_number_that_a_reviewer_entered_leads_out_of_the_folder(officer: Client, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder.parent / "manifest.csv").write_text("file,sha256,pages,language\n1.pdf,x,1,en\n")
    for number in ("../1.pdf", "..", "/etc/passwd", "20261122T100000-0000000g/1.pdf"):
        row = queued(key=number, provider_id=number)
        assert officer.get(f"/messages/{row.pk}/letter/").status_code == 404
        assert not row.print_batch


def test_who_sees_a_part_takes_that_part_and_enters_nothing_for_the_whole(client: Client) -> None:
    near, far = (late_case(team=TeamFactory(name=name)) for name in ("Near", "Far"))
    one, two = printed(near.customer, far.customer)
    lead = UserFactory(role="supervisor", team=near.team)
    lead.supervises.add(near.team)
    client.force_login(lead)
    page = client.get(f"/letters/{name_of(one)}/")
    assert [row.pk for row in page.context["letters"]] == [one.pk]
    assert page.context["unseen"] == 1
    with zipfile.ZipFile(io.BytesIO(client.get(f"/letters/{name_of(one)}/files/").content)) as packed:
        assert packed.namelist() == [f"{one.pk}.pdf", "manifest.csv"]
        assert f"{two.pk}.pdf" not in packed.read("manifest.csv").decode()
    with pytest.raises(Conflict, match="1 of the 2 letters"):
        printing.mark_printed(actor=lead, name=name_of(one))
    assert client.get(f"/messages/{two.pk}/letter/").status_code == 404


def test_what_lies_in_the_folder_without_a_record_is_said(officer: Client) -> None:
    one, two = printed(CustomerFactory(), CustomerFactory())
    Message.objects.filter(pk=two.pk).update(status="review")
    page = officer.get(f"/letters/{name_of(one)}/")
    assert page.context["unrecorded"] == 1
    assert "One file more lies in its folder" in page.content.decode()


def test_what_was_entered_by_mistake_is_taken_back_step_by_step_on_the_record(officer: Client) -> None:
    (one,) = printed(CustomerFactory())
    address = f"/letters/{name_of(one)}/"
    assert officer.post(address, {"verb": "undo", "seen_state": "waiting", "reason": "x"}).status_code == 409
    for verb in ("printed", "posted"):
        officer.post(address, {"verb": verb})
    assert "Take it back" in officer.get(address).content.decode()
    undo = {"verb": "undo", "seen_state": "posted", "reason": "The van did not come"}
    assert officer.post(address, {**undo, "reason": " "}).status_code == 422
    assert officer.post(address, {**undo, "seen_state": "printed"}).status_code == 409
    assert PrintBatch.objects.get().state == "posted"
    assert officer.post(address, undo).status_code == 302
    assert PrintBatch.objects.get().state == "printed"
    assert officer.post(address, undo).status_code == 409
    assert officer.post(address, {**undo, "seen_state": "printed"}).status_code == 302
    batch = PrintBatch.objects.get()
    assert (batch.state, batch.printed_at, batch.printed_by_name, batch.posted_by_name) == ("waiting", None, "", "")
    events = Event.objects.filter(verb="print-batch.undone").order_by("pk")
    assert [(one.before["state"], one.after["state"], one.reason) for one in events] == [
        ("posted", "printed", "The van did not come"),
        ("printed", "waiting", "The van did not come"),
    ]
    assert officer.post(address, {"verb": "printed"}).status_code == 302


def test_what_is_told_of_a_letter_or_long_entered_stays(officer: Client) -> None:
    told, old = printed(CustomerFactory()), printed(CustomerFactory())
    for (one,) in (told, old):
        for verb in ("printed", "posted"):
            officer.post(f"/letters/{name_of(one)}/", {"verb": verb})
    Receipt.objects.create(
        provider="pdf",
        event_id="1",
        kind="undelivered",
        channel="letter",
        at=clock.now(),
        received_at=clock.now(),
        message=told[0],
        state="applied",
    )
    undo = {"verb": "undo", "seen_state": "posted", "reason": "By mistake"}
    refused = officer.post(f"/letters/{name_of(told[0])}/", undo)
    assert refused.status_code == 409
    assert "It was told already what became of letters" in refused.content.decode()
    with clock.frozen(clock.now() + timedelta(hours=24, minutes=1)):
        refused = officer.post(f"/letters/{name_of(old[0])}/", undo)
        assert refused.status_code == 409
        assert "This could be taken back until" in refused.content.decode()
        assert "Take it back" not in officer.get(f"/letters/{name_of(old[0])}/").content.decode()
    assert not Event.objects.filter(verb="print-batch.undone").exists()


def test_who_does_not_see_all_letters_or_may_not_print_takes_nothing_back(officer: Client, client: Client) -> None:
    team = TeamFactory()
    case = late_case(team=team)
    mine, _others = printed(case.customer, CustomerFactory())
    name = name_of(mine)
    PrintBatch.objects.create(name=name, printed_at=clock.now(), printed_by_name="Lin")
    undo = {"verb": "undo", "seen_state": "printed", "reason": "By mistake"}
    client.force_login(UserFactory(role="supervisor", team=team))
    assert client.post(f"/letters/{name}/", undo).status_code == 409
    client.force_login(UserFactory(role="collector", team=team))
    assert client.post(f"/letters/{name}/", undo).status_code == 403
    assert PrintBatch.objects.get().state == "printed"
