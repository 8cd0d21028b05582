"""Flags and agreed hours: placed with evidence, ended with a reason, and told to whoever works the case."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.errors import Conflict, Invalid
from audit.models import Event
from compliance.models import ContactAgreement, CustomerFlag
from compliance.services import agreements, flags, reactions
from runs import clock
from tests.factories import DAY, MOMENT, CaseFactory, CustomerFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\n"


def place(lin, customer, **fields):
    return flags.place_flag(
        **({"actor": lin, "customer_id": customer.pk, "kind": "hardship", "from_on": DAY, "evidence": "Her letter of 20 Nov"}
           | fields)
    )  # fmt: skip


@pytest.fixture
def told(monkeypatch) -> list[list[int]]:
    heard: list[list[int]] = []
    monkeypatch.setattr(reactions, "_person_changed", [lambda actor, customers: heard.append(list(customers))])
    return heard


def test_a_flag_has_its_days_its_evidence_and_its_event(lin, told) -> None:
    customer = CustomerFactory()
    flag = place(lin, customer, until_on=DAY + timedelta(days=30))
    assert (flag.kind, flag.from_on, flag.placed_by_name, flag.placed_at) == ("hardship", DAY, "Lin", MOMENT)
    event = Event.objects.get(verb="flag.placed")
    assert (event.customer_id, event.after["kind"], event.after["until_on"]) == (
        customer.pk,
        "hardship",
        str(DAY + timedelta(days=30)),
    )
    assert "letter" not in str(event.after)
    assert told == [[customer.pk]]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"evidence": " "}, "evidence"),
        ({"kind": "rich"}, "kind"),
        ({"until_on": DAY - timedelta(days=1)}, "until_on"),
        ({"kind": "deceased", "from_on": DAY + timedelta(days=1)}, "from_on"),
        ({"kind": "incapacity", "from_on": DAY + timedelta(days=1)}, "from_on"),
        ({"kind": "deceased", "from_on": DAY.replace(year=1900)}, "from_on"),
        ({"kind": "represented", "from_on": DAY.replace(year=2999)}, "from_on"),
        ({"until_on": DAY.replace(year=2999)}, "until_on"),
        ({"until_on": DAY + timedelta(days=20 * 365 + 1)}, "until_on"),
    ],
)
def test_what_makes_no_flag_is_refused_at_its_field(lin, fields, field) -> None:
    with pytest.raises(Invalid) as refused:
        place(lin, CustomerFactory(), **fields)
    assert refused.value.field == field
    assert not CustomerFlag.objects.exists()


def test_a_customer_has_one_flag_of_a_kind_until_it_ends(lin, told) -> None:
    customer = CustomerFactory()
    flag = place(lin, customer)
    with pytest.raises(Conflict, match="already"):
        place(lin, customer)
    place(lin, customer, kind="vulnerable")
    with pytest.raises(Invalid, match="why"):
        flags.end_flag(actor=lin, flag_id=flag.pk, reason="")
    ended = flags.end_flag(actor=lin, flag_id=flag.pk, reason="Back at work")
    assert (ended.ended_at, ended.ended_by_name, ended.end_reason) == (MOMENT, "Lin", "Back at work")
    with pytest.raises(Conflict, match="Lin ended"):
        flags.end_flag(actor=lin, flag_id=flag.pk, reason="again")
    place(lin, customer)
    assert told == [[customer.pk]] * 4


def test_a_flag_whose_last_day_has_passed_makes_room_for_the_next(lin) -> None:
    customer = CustomerFactory()
    place(lin, customer, until_on=DAY)
    with clock.frozen(MOMENT + timedelta(days=2)):
        place(lin, customer, from_on=DAY + timedelta(days=2))
    first, second = CustomerFlag.objects.order_by("pk")
    assert first.ended_at is not None
    assert second.ended_at is None


def test_a_flag_that_stops_contact_stops_the_case(lin) -> None:
    case = CaseFactory()
    flag = place(lin, case.customer, kind="deceased")
    case.refresh_from_db()
    assert case.wait_for == "flag"
    flags.end_flag(actor=lin, flag_id=flag.pk, reason="Mistaken identity")
    case.refresh_from_db()
    assert case.wait_for == ""


def test_a_document_is_kept_under_a_name_that_tells_nothing(lin, kept: Path) -> None:
    file = SimpleUploadedFile("death certificate 王小明.pdf", PDF)
    flag = place(lin, CustomerFactory(), evidence_file=file)
    stored = kept / flag.evidence_file.name
    assert stored.read_bytes() == PDF
    assert stored.suffix == ".pdf"
    assert "王" not in flag.evidence_file.name
    assert len(Event.objects.get(verb="flag.placed").after["document"]) == 64


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"<html><script>", "kind"), (b"MZ\x90\x00", "kind"), (b"", "empty"), (b"%PDF-" + b"x" * 2048, "MB")],
)
def test_a_document_is_judged_by_its_content_and_size(lin, kept: Path, settings, content, words) -> None:
    settings.UPLOAD_MOST_BYTES = 1024
    with pytest.raises(Invalid, match=words):
        place(lin, CustomerFactory(), evidence_file=SimpleUploadedFile("fine.pdf", content, "application/pdf"))
    assert not list(kept.rglob("*.*"))
    assert not CustomerFlag.objects.exists()


def test_a_document_that_fails_to_be_entered_is_not_kept(lin, kept: Path, monkeypatch) -> None:
    def broken(**values: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(flags, "record", broken)
    with pytest.raises(RuntimeError):
        place(lin, CustomerFactory(), evidence_file=SimpleUploadedFile("a.pdf", PDF))
    assert not list(kept.rglob("*.pdf"))


def test_a_document_is_fetched_on_the_record_by_those_who_may_in_their_scope(lin, kept: Path, client: Client) -> None:
    flag = place(lin, CaseFactory().customer, evidence_file=SimpleUploadedFile("a.pdf", PDF))
    address = f"/flags/{flag.pk}/document/"
    client.force_login(lin)
    assert client.get(address).status_code == 403
    client.force_login(UserFactory(role="supervisor", team=TeamFactory(name="Team 2")))
    assert client.get(address).status_code == 404
    client.force_login(UserFactory(role="supervisor"))
    response = client.get(address)
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"] == f'attachment; filename="flag-{flag.pk}.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert Event.objects.filter(verb="flag.document-fetched", customer_id=flag.customer_id).count() == 1


def agree(lin, customer, **fields):
    return agreements.agree_hours(
        **({"actor": lin, "customer_id": customer.pk, "opens": time(20), "closes": time(23), "from_on": DAY,
            "evidence": "Asked for it on the phone"} | fields)
    )  # fmt: skip


def test_agreed_hours_hold_until_the_next_agreement_or_until_revoked(lin, told) -> None:
    customer = CustomerFactory()
    first = agree(lin, customer)
    second = agree(lin, customer, opens=time(9), closes=time(12))
    first.refresh_from_db()
    assert first.revoked_at == MOMENT
    with pytest.raises(Invalid, match="why"):
        agreements.revoke(actor=lin, agreement_id=second.pk, reason="")
    agreements.revoke(actor=lin, agreement_id=second.pk, reason="She changed her mind")
    with pytest.raises(Conflict, match="already"):
        agreements.revoke(actor=lin, agreement_id=second.pk, reason="again")
    assert not ContactAgreement.objects.filter(revoked_at=None).exists()
    assert Event.objects.filter(verb__startswith="agreement.", customer_id=customer.pk).count() == 4
    assert told == [[customer.pk]] * 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"closes": time(20)}, "closes"),
        ({"evidence": ""}, "evidence"),
        ({"until_on": DAY - timedelta(days=1)}, "until_on"),
        ({"until_on": DAY.replace(year=2999)}, "until_on"),
        ({"from_on": DAY.replace(year=2999)}, "from_on"),
        ({"from_on": DAY.replace(year=1900)}, "from_on"),
    ],
)
def test_what_is_no_agreement_is_refused_at_its_field(lin, fields, field) -> None:
    with pytest.raises(Invalid) as refused:
        agree(lin, CustomerFactory(), **fields)
    assert refused.value.field == field


def test_the_last_day_may_be_a_lifetime_ahead_and_no_more(lin) -> None:
    furthest = DAY + timedelta(days=20 * 365)
    assert place(lin, CustomerFactory(), kind="minor", until_on=furthest).until_on == furthest
    assert agree(lin, CustomerFactory(), until_on=furthest).until_on == furthest
    with pytest.raises(Invalid, match=f"2999-11-22 is too far ahead. Give a day until {furthest}, or none"):
        place(lin, CustomerFactory(), until_on=DAY.replace(year=2999))
