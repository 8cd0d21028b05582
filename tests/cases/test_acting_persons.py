"""What is known of the person, from the page of a case: contact points, opt-outs, flags, agreed hours."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Event
from cases.models import Case
from compliance.models import ContactAgreement, CustomerFlag, OptOut
from compliance.services import opt_outs
from staff.models import User
from tests.cases.deeds import HTMX, TODAY, address, mobile, target_of, values
from tests.factories import UserFactory

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]


def test_a_revealed_number_is_shown_once_and_recorded(case: Case, desk: Client) -> None:
    where = address(case, "reveal", mobile(case))
    assert "13800002046" in desk.post(where, values("reveal", case), headers=HTMX).content.decode()
    assert Event.objects.get(verb="contact-point.revealed").reason == "The number was changed"
    assert "13800002046" not in desk.get(f"/cases/{case.ref}/").content.decode()


def test_an_opt_out_stands_beside_its_contact_point_until_it_is_withdrawn(case: Case, lead: User, desk: Client) -> None:
    found = target_of("opt-in", case, lead)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "Opted out: SMS" in page
    assert address(case, "opt-in", found) in page
    desk.post(address(case, "opt-in", found), values("opt-in", case))
    assert OptOut.objects.get().withdrawal_evidence == "Call of tomorrow"
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "Opted out: SMS" not in page
    # What happened says by which channel and where.
    record = " ".join(desk.get(f"/cases/{case.ref}/?timeline=record").content.decode().split())
    for told in ("Opted out", "Opt-out withdrawn"):
        assert f'{told} SMS <span class="muted"><bdi>{OptOut.objects.get().contact_point.masked_value}</bdi>' in record


def test_who_withdraws_an_opt_out_again_is_told_who_did_and_when(case: Case, lead: User, desk: Client) -> None:
    found = target_of("opt-in", case, lead)
    stale = desk.get(address(case, "opt-in", found))
    assert stale.status_code == 200
    opt_outs.opt_in_again(actor=UserFactory(display_name="Zhao"), opt_out_id=found, evidence="Letter of today")
    before = OptOut.objects.values().get(), Event.objects.count()
    for headers in ({}, HTMX):
        answer = desk.post(address(case, "opt-in", found), values("opt-in", case, evidence="my words"), headers=headers)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert f"Zhao withdrew this opt-out already, on {TODAY} 12:00. Nothing was changed." in page
        assert "my words" in page
    assert (OptOut.objects.values().get(), Event.objects.count()) == before


def test_flags_and_hours_are_on_the_page_with_what_ends_them(case: Case, lead: User, desk: Client) -> None:
    flag, hours = target_of("end-flag", case, lead), target_of("revoke-hours", case, lead)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert address(case, "end-flag", flag) in page
    assert address(case, "revoke-hours", hours) in page
    assert CustomerFlag.objects.get().kind == "hardship"
    assert "10:00 – 20:00" in page
    assert ContactAgreement.objects.get().revoked_at is None
