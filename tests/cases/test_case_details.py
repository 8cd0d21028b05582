"""Small things that a person working a case counts on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.errors import Invalid
from accounts.services.holds import FURTHEST
from cases.models import Case, Dispute, Promise
from cases.services import holds, promises
from compliance.models import Contact, CustomerFlag
from runs import clock
from staff.models import User
from tests.cases.deeds import values, version
from tests.factories import DAY, CaseFactory, TeamFactory, UserFactory

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]
HTMX = {"HX-Request": "true", "HX-Target": "panel"}


@pytest.mark.parametrize(
    ("outcome", "named"),
    [("deceased", "Deceased"), ("represented", "Represented by a lawyer"), ("hardship", "Hardship")],
)
def test_an_outcome_that_is_a_flag_offers_it_and_forces_nothing(
    case: Case, desk: Client, outcome: str, named: str
) -> None:
    typed = {"channel": "voice", "contact_point": "", "outcome": outcome, "note": "", "seen_version": case.version}
    page = desk.post(f"/cases/{case.ref}/inbound/", typed, headers=HTMX).content.decode()
    assert 'data-verb="flag"' in page
    assert f'<option value="{outcome}" selected>{named}' in page
    assert Contact.objects.get().outcome == outcome
    assert not CustomerFlag.objects.exists()
    typed["seen_version"] = case.version + 1
    assert desk.post(f"/cases/{case.ref}/inbound/", typed)["Location"] == f"/cases/{case.ref}/flag/?kind={outcome}"
    assert f'<option value="{outcome}" selected' in desk.get(f"/cases/{case.ref}/flag/?kind={outcome}").content.decode()


def test_who_says_that_it_is_paid_is_offered_the_dispute_once(case: Case, desk: Client) -> None:
    where, paid = f"/cases/{case.ref}/inbound/", {"outcome": "already-paid"}
    page = desk.post(where, values("inbound", case, **paid), headers=HTMX).content.decode()
    assert 'data-verb="dispute"' in page
    assert '<option value="paid" selected' in page
    assert not Dispute.objects.exists()
    offered = desk.post(where, values("inbound", case, **paid))["Location"]
    assert offered == f"/cases/{case.ref}/dispute/?reason=paid"
    assert '<option value="paid" selected' in desk.get(offered).content.decode()
    disputed = {"reason": "paid", "account": "", "statement": "Paid in October", "seen_version": version(case)}
    desk.post(f"/cases/{case.ref}/dispute/", disputed)
    assert desk.post(where, values("inbound", case, **paid))["Location"] == f"/cases/{case.ref}/"
    Case.objects.update(status="cured", closed_on=DAY)
    assert desk.post(where, values("inbound", case, outcome="hardship"))["Location"].endswith("/flag/?kind=hardship")


def test_a_link_fills_no_reason_but_a_disputes(case: Case, desk: Client) -> None:
    point = case.customer.contact_points.get(relationship="own").pk
    page = desk.get(f"/cases/{case.ref}/reveal/{point}/?reason=Because+of+me").content.decode()
    assert "Because of me" not in page.split('id="act"')[1].split("</form>")[0]


def test_what_a_contact_told_of_bars_until_the_flag_is_placed_and_the_page_says_why(case: Case, desk: Client) -> None:
    typed = {"channel": "voice", "contact_point": "", "outcome": "deceased", "note": "", "seen_version": case.version}
    desk.post(f"/cases/{case.ref}/inbound/", typed)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "Do not call this number: Deceased (told of in a contact, flag not placed yet)" in page
    assert f'href="/cases/{case.ref}/flag/?kind=deceased"' in page
    assert "nobody placed the flag yet" in page
    case.refresh_from_db()
    placed = {"kind": "deceased", "from_on": DAY, "evidence": "Certificate", "seen_version": case.version}
    desk.post(f"/cases/{case.ref}/flag/", placed)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert f"Do not call this number: Deceased since {DAY}" in page
    assert "nobody placed the flag yet" not in page


def test_a_flag_that_is_over_or_to_come_does_not_stand_as_in_force(case: Case, desk: Client) -> None:
    for kind, first, last in (("hardship", -30, -1), ("represented", 9, None), ("vulnerable", -3, 0)):
        CustomerFlag.objects.create(
            customer=case.customer,
            kind=kind,
            from_on=DAY + timedelta(days=first),
            until_on=None if last is None else DAY + timedelta(days=last),
            evidence="A letter",
            placed_at=clock.now(),
            placed_by_name="Lin",
        )
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert '<span class="pill mustnot">Vulnerable</span>' in page
    assert f'<span class="pill watch">Represented by a lawyer from {DAY + timedelta(days=9)}</span>' in page
    assert "<b>Represented by a lawyer</b>" in page
    assert "<b>Hardship</b>" not in page
    assert ">Hardship</span>" not in page


def test_a_case_is_offered_to_those_only_who_may_see_it(case: Case, desk: Client, lead: User) -> None:
    hers, theirs = UserFactory(display_name="Hers"), UserFactory(display_name="Theirs", team=TeamFactory(name="Team 2"))
    lead.supervises.add(hers.team, theirs.team)  # type: ignore[arg-type]
    over = UserFactory(display_name="Over both", role="supervisor", team=theirs.team)
    over.supervises.add(case.team)  # type: ignore[arg-type]
    page = desk.get(f"/cases/{case.ref}/assign/").content.decode()
    assert "Hers" in page
    assert "Over both" in page
    assert "Theirs" not in page


def test_who_promises_on_a_colleagues_case_is_told_whose_it_is(case: Case, desk: Client, lead: User) -> None:
    words = "Zhao works this case: the promise stands in your name"
    assert words not in desk.get(f"/cases/{case.ref}/promise/").content.decode()
    Case.objects.update(assignee=UserFactory(display_name="Zhao"))
    assert words in desk.get(f"/cases/{case.ref}/promise/").content.decode()
    Case.objects.update(assignee=lead)
    assert words not in desk.get(f"/cases/{case.ref}/promise/").content.decode()


def test_the_form_of_a_hold_offers_only_days_that_it_takes_and_no_last_day(case: Case, desk: Client) -> None:
    page = desk.get(f"/cases/{case.ref}/hold/").content.decode()
    assert page.count(f'max="{DAY + FURTHEST}"') == 2
    assert page.count(f'min="{DAY - FURTHEST}"') == 2


def test_only_where_a_promise_is_open_it_is_said_that_it_is_replaced(case: Case, desk: Client, lead: User) -> None:
    words = "An open promise is replaced."
    assert words not in desk.get(f"/cases/{case.ref}/promise/").content.decode()
    desk.post(f"/cases/{case.ref}/promise/", values("promise", case))
    assert words in desk.get(f"/cases/{case.ref}/promise/").content.decode()


@pytest.mark.parametrize("day", [date(1800, 1, 1), date(8999, 12, 31)])
def test_a_hold_by_a_slip_in_the_year_is_refused(case: Case, lead: User, day: date) -> None:
    with pytest.raises(Invalid, match=f"“{day}” lies more than ten years away"):
        holds.place(
            actor=lead, case_id=case.pk, seen_version=case.version, account_id=None, kind="fees",
            starts_on=min(day, DAY), ends_on=max(day, DAY), reason="A slip",
        )  # fmt: skip


def test_a_promise_that_is_paid_in_part_shows_what_is_open(case: Case, desk: Client, lead: User) -> None:
    promises.take_promise(
        actor=lead, case_id=case.pk, seen_version=case.version, instalments=[(DAY + timedelta(days=5), Decimal(500))]
    )
    assert "still open" not in desk.get(f"/cases/{case.ref}/").content.decode()
    Promise.objects.update(got=Decimal("120.00"))
    assert "¥120.00 paid, ¥380.00 still open" in desk.get(f"/cases/{case.ref}/").content.decode()
    assert "380.00 open" in desk.get("/promises/?show=open").content.decode()


def test_the_next_page_has_a_plain_address(desk: Client) -> None:
    for _number in range(60):
        CaseFactory()
    page = desk.get("/worklist/").content.decode()
    assert 'href="?page=2"' in page
    assert "?&" not in page
