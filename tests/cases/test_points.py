"""What the page says of a person's flags, and the contact points that are learned on it."""

from __future__ import annotations

import html

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from audit.models import Event
from cases.models import Case
from cases.services.points import add_point
from compliance.services import flags
from staff.models import User
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
