"""Documents of a request: judged by their content, added by its author while it is open, fetched on the record."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.errors import Conflict, Invalid
from approvals import services
from approvals.errors import StaleScreen
from approvals.models import Attachment, Request
from approvals.selectors import history
from audit.models import Event
from tests.factories import AccountFactory, CaseFactory, TeamFactory, UserFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4 payslip"
PNG = b"\x89PNG\r\n\x1a\n letter"


@pytest.fixture(autouse=True)
def kept(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def file(content: bytes = PDF, name: str = "Wang Xiaoming.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def attach(actor, request: Request, *contents: bytes, version: int = 1, **fields) -> list[Attachment]:
    return services.attach(
        actor=actor, request_id=request.pk, seen_version=version, documents=[file(one) for one in contents], **fields
    )


def test_they_are_kept_with_their_hash_and_move_the_request_on(lin, chen, account, kept: Path) -> None:
    request = asked(lin, account)
    one, other = attach(lin, request, PDF, PNG, name="Payslip")
    assert (one.media_type, one.size, one.name) == ("application/pdf", len(PDF), "Payslip")
    assert other.media_type == "image/png"
    assert one.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (kept / str(one.file.name)).read_bytes() == PDF
    assert "Wang" not in str(one.file.name)
    event = history(request)[0]
    assert (event.verb, event.after["sha256"]) == ("request.attached", [one.sha256, other.sha256])
    with pytest.raises(StaleScreen, match="Lin: Document attached"):
        services.approve(actor=chen, request_id=request.pk, seen_version=1)
    services.approve(actor=chen, request_id=request.pk, seen_version=2)


def test_they_come_with_the_asking_and_with_asking_again(lin, chen, account, kept: Path) -> None:
    request = asked(lin, account, documents=[file()])
    assert request.attachments.count() == 1
    assert history(request)[0].after["sha256"] == [hashlib.sha256(PDF).hexdigest()]
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="And the letter?")
    services.resubmit(
        actor=lin, request_id=request.pk, seen_version=2, payload=request.payload, preview=request.preview,
        reason="Here", documents=[file(PNG)],
    )  # fmt: skip
    assert request.attachments.count() == 2
    assert len(files_in(kept)) == 2


def test_what_is_refused_leaves_no_file(lin, chen, account, kept: Path) -> None:
    with pytest.raises(Invalid, match="no file of a kind"):
        asked(lin, account, documents=[file(), file(b"<html>")])
    with pytest.raises(Conflict, match="by now"):
        asked(lin, account, preview={"before": "1.00"}, documents=[file()])
    request = asked(lin, account)
    with pytest.raises(Conflict, match="attached to this request already"):
        attach(lin, request, PDF, PDF)
    with pytest.raises(Invalid, match="The file is empty"):
        attach(lin, request, PNG, b"")
    with pytest.raises(Invalid, match="Choose a file"):
        attach(lin, request)
    with pytest.raises(Conflict, match="20 documents at most"):
        attach(lin, request, *[PDF + bytes([number]) for number in range(21)])
    with pytest.raises(PermissionDenied):
        attach(chen, request, PDF)
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="x")
    with pytest.raises(Conflict, match="by now"):
        services.resubmit(
            actor=lin, request_id=request.pk, seen_version=2, payload={}, preview={"before": "1.00"}, reason="x",
            documents=[file()],
        )  # fmt: skip
    services.withdraw(actor=lin, request_id=request.pk, seen_version=2)
    with pytest.raises(Conflict, match="Withdrawn"):
        attach(lin, request, PDF, version=3)
    assert not Attachment.objects.exists()
    assert not files_in(kept)


def test_postgresql_lets_nothing_in_afterwards_and_nothing_change(lin, chen, account) -> None:
    request = asked(lin, account, documents=[file()])
    services.reject(actor=chen, request_id=request.pk, seen_version=1, comment="No")
    for statement in (
        "INSERT INTO approvals_attachment (request_id, file, name, media_type, size, sha256, added_at, added_by_name)"
        " SELECT request_id, file, name, media_type, size, 'x', added_at, added_by_name FROM approvals_attachment",
        "UPDATE approvals_attachment SET name = 'x'",
        "DELETE FROM approvals_attachment",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_who_may_see_the_request_fetches_it_on_the_record(lin, chen, client: Client) -> None:
    account = AccountFactory(customer=CaseFactory().customer)
    request = asked(lin, account, documents=[file()])
    made = request.attachments.get()
    client.force_login(chen)
    answer = client.get(f"/approvals/documents/{made.pk}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"] == f'attachment; filename="request-{request.pk}-{made.pk}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    event = Event.objects.get(verb="attachment.fetched")
    assert (event.actor_id, event.customer_id, event.subject_id) == (chen.pk, account.customer_id, made.pk)
    assert history(request).count() == 1, "the history of the request has one event a version"
    far = UserFactory(role="supervisor", team=TeamFactory(name="Team 2"))
    client.force_login(far)
    assert client.get(f"/approvals/documents/{made.pk}/").status_code == 404
    made.file.storage.delete(str(made.file.name))
    client.force_login(chen)
    assert client.get(f"/approvals/documents/{made.pk}/").status_code == 404
    assert Event.objects.filter(verb="attachment.fetched").count() == 1


def test_on_the_page_the_author_attaches_and_nobody_else(lin, chen, account, client: Client) -> None:
    request = asked(lin, account)
    client.force_login(lin)
    address = f"/approvals/{request.pk}/"
    refused = client.post(address, {"verb": "attach", "seen_version": 1, "documents": [file(b"<html>")]})
    assert refused.status_code == 422
    assert "By its content this is no file" in refused.content.decode()
    assert "no file was chosen" in client.post(address, {"verb": "attach", "seen_version": 1}).content.decode()
    done = client.post(address, {"verb": "attach", "seen_version": 1, "documents": [file(), file(PNG)], "name": "Pay"})
    assert done.status_code == 302
    assert client.get(address).content.decode().count("SHA-256") == 2
    client.force_login(chen)
    page = client.get(address).content.decode()
    assert "Pay</bdi></a>" in page
    assert "Attach documents" not in page
    assert (
        client.post(address, {"verb": "attach", "seen_version": 2, "documents": [file(PNG + b"x")]}).status_code == 403
    )
