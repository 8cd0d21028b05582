"""What the page says of a person's flags, and the contact points that are learned on it."""

from __future__ import annotations

import html

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from cases.models import Case
from cases.services.points import add_point, verify_point
from compliance.services import flags
from staff.models import User
from tests.cases.test_case_page import MOST_QUERIES
from tests.factories import DAY, ContactPointFactory, HoldFactory, UserFactory

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]
TODAY = DAY


def test_who_is_represented_may_be_contacted_there_once_the_representative_is_known(
    case: Case, lead: User, desk: Client
) -> None:
    flags.place_flag(
        actor=lead, customer_id=case.customer_id, kind="represented", from_on=TODAY, evidence="A letter of the lawyer"
    )
    case.refresh_from_db()
    assert case.wait_for == "flag"
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert f"Represented by a lawyer since {TODAY}: contact the representative only: none is known" in page
    typed = {
        "kind": "mobile", "value": "139 1234 5678", "relationship": "representative", "source": "The lawyer’s letter",
        "permitted": "yes", "seen_version": case.version,
    }  # fmt: skip
    answer = desk.post(f"/cases/{case.ref}/contact-point/", typed, follow=True).content.decode()
    assert "Contact point added: Mobile phone 139****5678." in answer
    assert "contact the representative only, at the representative’s contact point" in answer
    assert "You may call this number now" in answer
    case.refresh_from_db()
    assert case.wait_for == ""
    event = Event.objects.get(verb="contact-point.added")
    assert (event.actor_id, event.after["relationship"], event.after["verification"]) == (
        lead.pk, "representative", "unverified",
    )  # fmt: skip
    assert "12345678" not in str(event.__dict__).replace(" ", "")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fraud-victim", "Victim of fraud since 2026-11-22: nobody is contacted until the flag is ended"),
        ("vulnerable", "Vulnerable since 2026-11-22: only who may contact vulnerable customers does"),
    ],
)
def test_the_refusal_names_the_flag_and_what_to_do(
    case: Case, lead: User, client: Client, kind: str, words: str
) -> None:
    flags.place_flag(actor=lead, customer_id=case.customer_id, kind=kind, from_on=TODAY, evidence="A letter")
    client.force_login(UserFactory())
    assert words in client.get(f"/cases/{case.ref}/").content.decode()


def test_who_may_not_enter_contact_points_adds_none(case: Case) -> None:
    with pytest.raises(PermissionDenied):
        add_point(
            actor=UserFactory(role="auditor"), case_id=case.pk, seen_version=case.version, kind="email",
            value="a@example.com", source="x", relationship="own", permitted=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "channel", "no"),
    [("email", "email", "Do not write an e-mail"), ("address", "letter", "Do not send a letter")],
)
def test_what_is_refused_in_writing_says_why_and_never_that_it_may_be_used(
    case: Case, lead: User, desk: Client, kind: str, channel: str, no: str
) -> None:
    point = ContactPointFactory(customer=case.customer, kind=kind, clear="a@example.com")
    HoldFactory(account=case.customer.accounts.get(), kind="contact")
    typed = {"channel": channel, "contact_point": point.pk, "outcome": "sent", "seen_version": case.version}
    page = html.unescape(
        desk.post(f"/cases/{case.ref}/contact/", typed, headers={"HX-Request": "true"}).content.decode()
    )
    assert f"{no}: a hold stops contact about the debt" in page
    assert "You may" not in page


def test_who_may_verifies_a_number_at_the_contact_point_and_the_record_says_how(
    case: Case, lead: User, desk: Client
) -> None:
    point = ContactPointFactory(
        customer=case.customer, kind="mobile", clear="13912345678", verification="wrong", source="contract"
    )
    said = "it is marked wrong (another’s, out of service, or a third person refused there) until it is verified"
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert said in page
    where = f"/cases/{case.ref}/verify/{point.pk}/"
    assert where in page
    assert f"/cases/{case.ref}/mark-wrong/{point.pk}/" not in page
    assert 'id="sheet-title">Verify <span class="masked">139****5678</span>' in desk.get(where).content.decode()
    typed = {"reason": "Answered with the date of birth", "seen_version": case.version}
    assert "Verified: 139****5678." in desk.post(where, typed, follow=True).content.decode()
    point.refresh_from_db()
    assert point.verification == "verified"
    event = Event.objects.get(verb="contact-point.changed")
    assert (event.actor_id, event.reason, event.before["verification"], event.after["verification"]) == (
        lead.pk, "Answered with the date of birth", "wrong", "verified",
    )  # fmt: skip
    again = desk.post(where, typed | {"seen_version": case.version + 1})
    assert "“Verified” already. Nothing was changed." in again.content.decode()
    wrong = desk.post(
        f"/cases/{case.ref}/mark-wrong/{point.pk}/", typed | {"seen_version": case.version + 1}, follow=True
    )
    assert "Marked wrong: 139****5678." in wrong.content.decode()
    assert said in wrong.content.decode()


def test_a_stale_screen_verifies_nothing(case: Case, desk: Client) -> None:
    point = ContactPointFactory(customer=case.customer, kind="mobile", clear="13912345678", verification="unverified")
    add_point(
        actor=UserFactory(), case_id=case.pk, seen_version=case.version, kind="email", value="a@example.com", source="x",
        relationship="own", permitted=True,
    )  # fmt: skip
    typed = {"reason": "Answered", "seen_version": case.version}
    assert desk.post(f"/cases/{case.ref}/verify/{point.pk}/", typed).status_code == 409
    point.refresh_from_db()
    assert point.verification == "unverified"


def test_who_may_not_verify_reads_who_may(
    case: Case, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    point = ContactPointFactory(customer=case.customer, kind="mobile", clear="13912345678", verification="unverified")
    collector = UserFactory()
    client.force_login(collector)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(f"/cases/{case.ref}/").content.decode()
    assert "May verify it: Senior collector, Supervisor." in page
    assert "/verify/" not in page
    with pytest.raises(PermissionDenied):
        verify_point(
            actor=collector, case_id=case.pk, seen_version=case.version, contact_point_id=point.pk,
            verification="verified", reason="x",
        )  # fmt: skip


def test_what_is_not_verified_says_whether_another_has_it_or_the_channel_wants_more(case: Case, desk: Client) -> None:
    ContactPointFactory(
        customer=case.customer, kind="mobile", clear="13912345678", verification="unverified", relationship="own"
    )
    other = "another customer has it too: have it verified whose it is, or use another."
    assert other not in desk.get(f"/cases/{case.ref}/").content.decode()
    ContactPointFactory(kind="mobile", clear="13912345678")
    assert f"Do not call this number: {other}" in desk.get(f"/cases/{case.ref}/").content.decode()
    ContactPointFactory(
        customer=case.customer, kind="email", clear="a@example.com", verification="unverified", relationship="own"
    )
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "nobody verified it yet, and this way of contact takes verified ones only: have it verified" in page
