"""The import page: upload, check, look, import. The worker's part is run here, as RQ would run it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.importing import from_folder, run_import
from accounts.importing.uploads import Upload, keep_upload
from accounts.jobs import import_uploaded
from accounts.models import Account, Customer
from audit.models import Event
from audit.services import SystemActor
from runs.models import JobRun, RunStatus
from staff.models import User
from tests import queues
from tests.importing.books import ID_NUMBER, Folder

pytestmark = pytest.mark.django_db
PERMITTED = [f"add_{model}" for model in ("customer", "contactpoint", "account", "bill", "payment", "hold")]


@pytest.fixture(autouse=True)
def _media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def a_user(name: str = "importer", permitted: list[str] = PERMITTED) -> User:
    user = User.objects.create_user(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts", codename__in=permitted))
    return user


@pytest.fixture
def importer(client: Client) -> Client:
    client.force_login(a_user())
    return client


@pytest.fixture
def folder(folder: Folder) -> Folder:
    """Without a deferral, which this page does not take."""
    return folder.set("holds", 2, kind="fees")


def parts(folder: Folder) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(path.name, path.read_bytes()) for path in sorted(folder.write().path.iterdir())]


def zipped(folder: Folder) -> list[SimpleUploadedFile]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.write().path.iterdir():
            archive.write(path, f"march/{path.name}")
    return [SimpleUploadedFile("book.zip", stream.getvalue())]


def upload(client: Client, files: list[SimpleUploadedFile], **options: str) -> HttpResponse:
    return client.post(reverse("admin:accounts_import"), {"uploaded": files, **options})


def work() -> JobRun:
    """Do the latest job, as the worker does."""
    run = JobRun.objects.latest("created_at")
    import_uploaded(str(run.pk))
    run.refresh_from_db()
    return run


def page(client: Client, run: JobRun) -> str:
    return client.get(reverse("admin:accounts_import_run", args=[run.pk])).content.decode()


@pytest.mark.parametrize("packed", [parts, zipped])
def test_files_are_checked_first_and_then_imported(importer: Client, folder: Folder, packed: object) -> None:
    answer = upload(importer, packed(folder), check_only="on")  # type: ignore[operator]
    waiting = JobRun.objects.get()
    assert answer["Location"] == reverse("admin:accounts_import_run", args=[waiting.pk])
    assert 'http-equiv="refresh"' in page(importer, waiting)

    checked = work()
    assert (checked.status, checked.result) == (RunStatus.DONE, {"new": 16, "unchanged": 0, "bad": 0})
    assert not Customer.objects.exists()
    text = page(importer, checked)
    assert "Import it now" in text
    assert 'http-equiv="refresh"' not in text

    importer.post(reverse("admin:accounts_import_run", args=[checked.pk]))
    imported = work()
    assert imported.status == RunStatus.DONE
    assert (imported.done, imported.total) == (1000, 1000)
    assert Account.objects.count() == 2
    assert set(Event.objects.values_list("actor_name", flat=True)) == {"importer"}
    assert Upload(imported.arguments["upload"]).sources() == []
    again = importer.post(reverse("admin:accounts_import_run", args=[checked.pk]))
    assert "nothing left to import" in again.content.decode()


def test_a_deferral_is_not_taken_from_one_person_alone(importer: Client, folder: Folder) -> None:
    folder.set("holds", 2, kind="deferral")
    upload(importer, parts(folder))
    run = work()
    assert run.status == RunStatus.FAILED
    text = page(importer, run)
    assert "a hold that does not move the clock. Ask for a deferral on the case: a second person decides." in text
    assert not Account.objects.exists()

    run_import(from_folder(folder.path), actor=SystemActor("import_book"))
    upload(importer, parts(folder))
    run = work()
    assert (run.status, run.result) == (RunStatus.DONE, {"new": 0, "unchanged": 16, "bad": 0})


def test_what_is_wrong_is_told_in_the_language_of_who_uploaded(importer: Client, folder: Folder) -> None:
    folder.set("bills", 2, principal="-1")
    importer.post(reverse("admin:accounts_import"), {"uploaded": parts(folder)}, headers={"accept-language": "zh-hans"})
    run = work()
    assert "未保存" in run.error
    with Upload(run.arguments["upload"]).errors.open(encoding="utf-8-sig") as stream:
        (problem,) = csv.DictReader(stream)
    assert "金额" in problem["expected"]


def test_bad_rows_are_shown_and_can_be_taken_home(importer: Client, folder: Folder) -> None:
    folder.set("bills", 2, principal="=-1").set("customers", 2, id_number=ID_NUMBER[:-1] + "1")
    upload(importer, parts(folder))
    run = work()
    assert run.status == RunStatus.FAILED
    assert "2 bad rows. Nothing was saved." in run.error
    text = page(importer, run)
    assert "2 problems" in text
    assert "=-1" in text
    assert ID_NUMBER[3:14] not in text
    assert "Import it now" not in text
    answer = importer.get(reverse("admin:accounts_import_errors", args=[run.pk]))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["file"], row["line"], row["value"]) for row in rows] == [
        ("customers.csv", "2", "110***********0021"),
        ("bills.csv", "2", "'=-1"),
    ]
    assert not Customer.objects.exists()


def test_what_is_uploaded_lies_on_the_disk_encrypted_and_is_read_back_whole(folder: Folder) -> None:
    folder.text("customers", b"x" * 600_000 + ID_NUMBER.encode() + bytes(range(256)))
    original = (folder.path / "customers.csv").read_bytes()
    kept = keep_upload([SimpleUploadedFile("customers.csv", original)])
    assert all(ID_NUMBER.encode() not in path.read_bytes() for path in kept.folder.iterdir())
    (source,) = kept.sources()
    assert source.size == len(original)
    with source.open() as stream:
        assert stream.read(1000) == original[:1000]
        assert stream.tell() == 1000
        assert stream.read() == original[1000:]
    assert kept.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], "required"),
        ([("payment.csv", b"x")], "no file of an import"),
        ([("book.zip", b"no archive")], "no readable zip archive"),
        ([("bills.csv", b"x"), ("bills.csv", b"y")], "there twice"),
    ],
)
def test_what_is_no_import_is_refused_at_the_field(importer: Client, files: list[tuple[str, bytes]], told: str) -> None:
    answer = upload(importer, [SimpleUploadedFile(*file) for file in files])
    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert not JobRun.objects.exists()


def test_a_job_whose_files_are_gone_says_so(importer: Client, folder: Folder) -> None:
    upload(importer, parts(folder))
    Upload(JobRun.objects.get().arguments["upload"]).remove_files()
    run = work()
    assert run.status == RunStatus.FAILED
    assert "Upload them again" in run.error


def test_the_job_carries_nothing_personal(importer: Client, folder: Folder) -> None:
    upload(importer, parts(folder), check_only="on")
    run = work()
    assert run.arguments.keys() == {"upload", "dry_run", "language"}
    assert run.result.keys() == {"new", "unchanged", "bad"}


@pytest.mark.parametrize("missing", PERMITTED)
def test_only_who_may_enter_every_kind_of_row_may_import(client: Client, missing: str) -> None:
    client.force_login(a_user(permitted=[name for name in PERMITTED if name != missing]))
    assert client.get(reverse("admin:accounts_import")).status_code == 403


def test_somebody_elses_import_is_not_found(importer: Client, folder: Folder, client: Client) -> None:
    upload(importer, parts(folder))
    run = JobRun.objects.get()
    client.force_login(a_user("another"))
    for name in ("accounts_import_run", "accounts_import_errors"):
        assert client.get(reverse(f"admin:{name}", args=[run.pk])).status_code == 404


def test_the_queue_gets_the_job_and_a_worker_does_it(
    importer: Client, folder: Folder, valkey: object, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        upload(importer, parts(folder))
    queues.work()
    assert JobRun.objects.get().status == RunStatus.DONE
    assert Account.objects.count() == 2
