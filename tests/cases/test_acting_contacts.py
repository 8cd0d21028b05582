"""Asking to contact and logging what came of it, from the page of a case."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AccountParty, Customer
from audit.models import Event
from cases.models import Case, Dispute, Promise
from compliance.models import Contact, ContactDecision, Recording
from compliance.services import flags
from runs import clock
from staff.models import User
from tests.cases.deeds import HTMX, SOON, TODAY, address, contact_of, errors, mobile, values, version
from tests.clients import signed_in
from tests.factories import MOMENT, ContactPointFactory, CustomerFactory, UserFactory

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]


def test_a_refused_call_says_why_in_words_and_is_recorded(case: Case, desk: Client) -> None:
    with clock.frozen(MOMENT + timedelta(hours=11)):  # 23:00
        page = desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX).content.decode()
    assert "The gate refuses." in page
    assert "08:00" in page
    assert "13800002046" not in page
    assert ContactDecision.objects.get().allowed is False


@pytest.mark.parametrize(
    ("channel", "title", "sentence"),
    [
        ("voice", "Call", "You may call this number now"),
        ("sms", "SMS", "You may send an SMS now"),
        ("visit", "Visit", "You may visit this address now"),
    ],
)
def test_the_gate_speaks_of_each_contact_point_by_the_channel_that_is_chosen(
    case: Case, desk: Client, channel: str, title: str, sentence: str
) -> None:
    ContactPointFactory(customer=case.customer, kind="address", clear="1 Main Road")
    page = desk.get(f"/cases/{case.ref}/call/?channel={channel}", headers=HTMX).content.decode()
    assert re.search(rf'<h2 id="sheet-title">\s*{title}', page)
    assert sentence in page.partition('id="act"')[2]


def test_where_a_channel_reaches_nobody_nothing_is_asked(case: Case, desk: Client) -> None:
    case.customer.contact_points.exclude(kind="mobile").delete()
    page = desk.get(f"/cases/{case.ref}/call/?channel=visit", headers=HTMX).content.decode()
    assert "No contact point of this channel is known. Add one under “Contact point” first." in page
    assert "data-saves" not in page
    assert "?channel=chat" not in page  # nobody has a contact point for that


def test_an_allowed_call_shows_the_number_and_is_logged_with_its_promise(case: Case, lead: User, desk: Client) -> None:
    page = desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX).content.decode()
    assert "13800002046" in page
    decision = ContactDecision.objects.get()
    assert f'name="decision" value="{decision.pk}"' in page
    logged = desk.post(
        f"/cases/{case.ref}/contact/",
        values("contact", case, outcome="promise", decision=decision.pk)
        | {
            "promise-rows": 1,
            "promise-amount_1": "300",
            "promise-on_1": SOON,
            "promise-note": "",
            "promise-account": "",
        },
    )
    assert logged.status_code == 302, errors(logged)
    promise = Promise.objects.get()
    assert promise.contact == Contact.objects.get(decision=decision)
    assert promise.amount == 300


def test_who_corrects_a_contact_hears_of_the_promise_that_was_taken_in_it(case: Case, desk: Client) -> None:
    promised = {
        "promise-rows": 1,
        "promise-amount_1": "300",
        "promise-on_1": SOON,
        "promise-note": "",
        "promise-account": "",
    }
    desk.post(f"/cases/{case.ref}/contact/", values("contact", case, outcome="promise") | promised)
    contact = Promise.objects.get().contact
    wrong = {
        "outcome": "no-answer",
        "seconds": "",
        "note": "",
        "reason": "The other line",
        "seen_version": version(case),
    }
    page = desk.post(f"/cases/{case.ref}/correct/{contact.pk}/", wrong, headers=HTMX).content.decode()
    assert "The promise taken in that contact still stands" in page
    assert Promise.objects.get().status == "open"


def named(case: Case) -> str:
    Customer.objects.filter(pk=case.customer_id).update(name="孙小兰")
    return "孙小兰"


def test_the_whole_name_is_shown_with_the_number_and_nowhere_else(case: Case, desk: Client) -> None:
    name, where = named(case), f"/cases/{case.ref}/"
    assert name not in desk.get(where).content.decode()
    assert name in desk.post(f"{where}call/", values("call", case), headers=HTMX).content.decode()
    assert Event.objects.get(verb="contact-point.revealed").after["name"] == "孙*兰"
    assert name in desk.get(f"{where}contact/").content.decode()
    assert name not in desk.get(where).content.decode()
    shown = desk.post(address(case, "reveal", mobile(case)), values("reveal", case), headers=HTMX).content.decode()
    assert shown.count(name) == 1


def test_who_may_not_see_the_number_does_not_see_the_name(case: Case, lead: User, desk: Client) -> None:
    name = named(case)
    Permission.objects.get(codename="reveal_contactpoint").group_set.clear()
    page = desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX).content.decode()
    assert "Your place is kept until" in page
    assert (name in page, "13800002046" in page) == (False, False)


@pytest.mark.parametrize(
    ("relationship", "parties", "said"),
    [
        (
            "contact-person",
            0,
            "A third person, name not known: ask only how to reach 孙小兰, and say nothing of a debt",
        ),
        ("representative", 0, "Name not known · Representative (lawyer, guardian, executor), for 孙小兰"),
        ("guarantor", 0, "Name not known · Guarantor, for 孙小兰"),
        ("guarantor", 1, "李大明 · Guarantor, for 孙小兰"),
        ("guarantor", 2, "Name not known · Guarantor, for 孙小兰"),
    ],
)
def test_another_than_the_customer_is_asked_for_by_her_own_name(
    case: Case, desk: Client, relationship: str, parties: int, said: str
) -> None:
    named(case)
    account = case.customer.accounts.get()
    for name in ("李大明", "王二")[:parties]:
        AccountParty.objects.create(
            account=account, customer=CustomerFactory(name=name), role="guarantor", recorded_at=MOMENT
        )
    point = ContactPointFactory(customer=case.customer, kind="mobile", clear="13900004444", relationship=relationship)
    page = desk.post(address(case, "reveal", point.pk), values("reveal", case), headers=HTMX).content.decode()
    assert said in page


@pytest.mark.parametrize(
    ("relationship", "said"),
    [
        ("contact-person", "李小兰, a third person: ask only how to reach 孙小兰, and say nothing of a debt"),
        ("representative", "李小兰 · Representative (lawyer, guardian, executor), for 孙小兰"),
    ],
)
def test_a_contact_person_is_asked_for_by_name_where_it_is_known(
    case: Case, desk: Client, relationship: str, said: str
) -> None:
    named(case)
    where = f"/cases/{case.ref}/"
    typed = values("contact-point", case, kind="mobile", value="13900004444", relationship=relationship, name="李小兰")
    added = desk.post(f"{where}contact-point/", typed, follow=True).content.decode()
    assert ("李*兰" in added, "李小兰" in added) == (True, False)
    point = case.customer.contact_points.get(relationship=relationship, name_index__isnull=False)
    case.refresh_from_db()
    page = desk.post(address(case, "reveal", point.pk), values("reveal", case), headers=HTMX).content.decode()
    assert said in page
    assert Event.objects.get(verb="contact-point.revealed").after["whose"] == "李*兰"
    assert "李小兰" not in desk.get(where).content.decode()


def test_a_contact_whose_promise_is_refused_is_not_logged(case: Case, desk: Client) -> None:
    late = {"promise-rows": 1, "promise-amount_1": "300", "promise-on_1": TODAY - timedelta(days=1)}
    page = desk.post(
        f"/cases/{case.ref}/contact/", values("contact", case, outcome="promise") | late | {"promise-account": ""}
    ).content.decode()
    assert "too early" in page
    assert not Contact.objects.exists()
    assert not Promise.objects.exists()


@pytest.mark.parametrize("seen", [None, 0])
def test_a_contact_that_cannot_be_saved_keeps_no_place(case: Case, desk: Client, seen: int | None) -> None:
    typed = values("contact", case, seconds="59:59", note="kept words")
    if seen is not None:
        typed |= {"seen_version": seen}
    page = desk.post(f"/cases/{case.ref}/contact/", typed, headers=HTMX).content.decode()
    assert "kept words" in page
    assert not Contact.objects.exists()
    assert not ContactDecision.objects.exists()


def test_a_call_asked_for_in_two_windows_is_logged_from_either(case: Case, desk: Client) -> None:
    asked = values("call", case)
    desk.post(f"/cases/{case.ref}/call/", asked, headers=HTMX)
    first = ContactDecision.objects.get()
    desk.post(f"/cases/{case.ref}/call/", asked, headers=HTMX)
    typed = values("contact", case, decision=first.pk)
    typed.pop("contact_point")
    logged = desk.post(f"/cases/{case.ref}/contact/", typed)
    assert logged.status_code == 302, errors(logged)
    assert Contact.objects.get().decision.replaces == first


def test_a_call_that_took_longer_than_its_place_was_kept_is_logged(case: Case, desk: Client) -> None:
    desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX)
    decision = ContactDecision.objects.get()
    assert decision.reserved_until is not None
    typed = values("contact", case, decision=decision.pk, outcome="right-party")
    typed.pop("contact_point")
    with clock.frozen(decision.reserved_until + timedelta(minutes=5)):
        said = desk.post(f"/cases/{case.ref}/contact/", typed)
        assert "The gate kept this contact" in said.content.decode()
        logged = desk.post(f"/cases/{case.ref}/contact/", typed | {"seconds": "10:00"})
    assert logged.status_code == 302, errors(logged)


def test_a_number_is_not_shown_any_more_once_the_case_is_released_or_the_person_may_not_be_called(
    case: Case, lead: User, desk: Client
) -> None:
    where = f"/cases/{case.ref}/contact/"
    desk.post(f"/cases/{case.ref}/take/", {"seen_version": version(case)})
    desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX)
    assert "13800002046" in desk.get(where).content.decode()
    desk.post(f"/cases/{case.ref}/release/", {"seen_version": version(case)})
    assert "13800002046" not in desk.get(where).content.decode()
    desk.post(f"/cases/{case.ref}/take/", {"seen_version": version(case)})
    assert "13800002046" in desk.get(where).content.decode()
    flags.place_flag(
        actor=lead, customer_id=case.customer_id, kind="represented", from_on=TODAY, evidence="A letter of the lawyer"
    )
    page = desk.get(where).content.decode()
    assert "13800002046" not in page
    assert "may not be started any more" in page


def test_the_place_is_kept_until_a_moment_on_the_readers_clock(case: Case, desk: Client) -> None:
    page = desk.post(f"/cases/{case.ref}/call/", values("call", case), follow=True).content.decode()
    assert page.count("12:1") + page.count("12:0") > 1
    assert "04:0" not in page.split("<main", 1)[1]


def head(page: str) -> str:
    return " ".join(page[page.index('id="case-head"') : page.index('id="case-debts"')].split())


def test_the_head_keeps_to_ones_own_place_and_tells_the_others_who_is_about_to_call(
    case: Case, lead: User, client: Client
) -> None:
    """At the last call that is free: who is in hardship is called once a day."""
    flags.place_flag(actor=lead, customer_id=case.customer_id, kind="hardship", from_on=TODAY, evidence="A letter")
    client.force_login(lead)
    other, where = signed_in(UserFactory(role="supervisor")), f"/cases/{case.ref}/"
    assert "You may call this number now: 1 call left today" in head(other.get(where).content.decode())
    page = client.post(f"{where}call/", values("call", case), headers=HTMX).content.decode()
    assert "You may call this number now: your place is kept until 12:" in head(page)
    assert "used up" not in head(page)
    in_the_way = "Do not call this number now: Wang is about to call until 12:"
    assert in_the_way in head(other.get(where).content.decode())
    refused = other.post(f"{where}call/", values("call", case), headers=HTMX).content.decode()
    assert f"The gate refuses.</b> {in_the_way}" in refused
    client.post(f"{where}contact/", values("contact", case, decision=ContactDecision.objects.earliest("pk").pk))
    for reader in (client, other):
        assert "about to call" not in head(reader.get(where).content.decode())


def test_ones_own_place_does_not_speak_against_what_forbids_the_call(case: Case, lead: User, desk: Client) -> None:
    desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX)
    flags.place_flag(actor=lead, customer_id=case.customer_id, kind="represented", from_on=TODAY, evidence="A letter")
    said = head(desk.get(f"/cases/{case.ref}/").content.decode())
    assert "your place is kept" not in said
    assert "contact the representative only" in said


def test_while_calls_are_left_the_others_are_told_who_is_about_to_call(case: Case, lead: User, desk: Client) -> None:
    desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX)
    other = signed_in(UserFactory(role="supervisor"))
    assert "Wang is about to call until 12:" in head(other.get(f"/cases/{case.ref}/").content.decode())
    assert "is about to call" not in head(desk.get(f"/cases/{case.ref}/").content.decode())


def test_a_dispute_is_opened_with_the_call_it_came_in(case: Case, desk: Client) -> None:
    said = {"dispute-reason": "paid", "dispute-statement": "Paid in October", "dispute-account": ""}
    desk.post(f"/cases/{case.ref}/inbound/", values("inbound", case, outcome="dispute") | said)
    assert Dispute.objects.get().contact == Contact.objects.get()


def test_a_contact_that_answers_a_follow_up_says_that_it_is_done(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(follow_up_on=TODAY)
    page = desk.post(f"/cases/{case.ref}/inbound/", values("inbound", case), follow=True).content.decode()
    assert f"Logged: Right party. The follow-up of {TODAY} is done and taken off." in page
    assert "Follow-up cleared" in page.split('id="timeline"')[1]


def test_a_contact_in_which_nobody_was_reached_says_that_the_follow_up_stays(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(follow_up_on=TODAY)
    where = f"/cases/{case.ref}/contact/"
    not_made = desk.post(where, values("contact", case, outcome="not-made"), follow=True).content.decode()
    assert f"The follow-up of {TODAY}" not in not_made
    page = desk.post(where, values("contact", case), follow=True).content.decode()
    assert f"Logged: No answer. The follow-up of {TODAY} stays, for the next working day." in page
    assert Case.objects.get(pk=case.pk).follow_up_on == TODAY


def test_a_sound_is_attached_to_a_contact(case: Case, lead: User, desk: Client) -> None:
    contact = contact_of(case, lead)
    sound = SimpleUploadedFile("call.wav", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64), content_type="audio/wav")
    response = desk.post(address(case, "recording", contact.pk), {"file": sound, "seen_version": version(case)})
    assert response.status_code == 302, errors(response)
    assert Recording.objects.get().contact == contact
