"""The pages of receipts that wait for a person, and the receipts of a message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts import vault
from accounts.errors import Conflict, Invalid
from audit.models import Event
from cases.models import Case
from compliance.models import Contact, OptOut
from reminders.models import Message, Receipt
from reminders.services import receipt_review
from staff.models import User
from tests.factories import (
    MOMENT,
    CaseFactory,
    ContactPointFactory,
    MessageFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(db: None) -> User:
    return UserFactory(username="chief", role="supervisor")


@pytest.fixture
def desk(chief: User, client: Client) -> Client:
    client.force_login(chief)
    return client


def sent(**values: Any) -> Message:
    """An SMS to a customer whom Team 1 works, unless told."""
    case = CaseFactory(team=values.pop("team", None) or TeamFactory())
    point = ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002046")
    given = {"channel": "sms", "decision__channel": "sms", "provider": "twilio", "provider_id": "SM1"}
    return MessageFactory(customer=case.customer, contact_point=point, context={"accounts": []}, **{**given, **values})


def waiting(n: int = 1, **values: Any) -> Receipt:
    given = {"kind": "undelivered", "channel": "sms", "message_ref": f"SM9{n}", "detail": "30003", **values}
    return Receipt.objects.create(
        provider="twilio", event_id=f"E{n}", at=MOMENT, received_at=MOMENT, state="review", **given
    )


def answer(text: str, **values: Any) -> Receipt:
    return waiting(
        kind="replied",
        message_ref="",
        detail="",
        text_cipher=vault.encrypt(text),
        address_cipher=vault.encrypt("+8613911112222"),
        **values,
    )


def test_what_waits_is_listed_with_what_is_known(desk: Client) -> None:
    waiting()
    answer("Call me <b>now</b>", n=2)
    page = desk.get("/receipts/review/").content.decode()
    assert "SM91" in page
    assert "30003" in page
    assert "+86****2222" in page
    assert "13911112222" not in page
    assert "Call me" not in page


def test_an_answer_is_read_on_its_own_page_and_is_text(desk: Client) -> None:
    page = desk.get(f"/receipts/{answer('Call me <b>now</b>').pk}/").content.decode()
    assert "Call me &lt;b&gt;now&lt;/b&gt;" in page


def test_without_anything_it_says_so(desk: Client) -> None:
    assert "Nothing to look at" in desk.get("/receipts/review/").content.decode()


def test_attached_to_its_message_it_acts(desk: Client, chief: User) -> None:
    message, receipt = sent(), waiting()
    where = f"/receipts/{receipt.pk}/"
    response = desk.post(where, {"verb": "attach", "message_id": message.pk, "reason": "Seen in the console"})
    assert response.status_code == 302
    receipt.refresh_from_db()
    message.refresh_from_db()
    assert (receipt.state, receipt.message_id, receipt.customer_id) == ("applied", message.pk, message.customer_id)
    assert (receipt.reason, receipt.decided_by_name) == ("Seen in the console", str(chief))
    assert message.delivery == "undelivered"
    event = Event.objects.get(verb="receipt.attached")
    assert (event.customer_id, event.reason) == (message.customer_id, "Seen in the console")
    assert "30003" in desk.get(f"/messages/{message.pk}/").content.decode()


def test_an_answer_attached_is_shown_with_the_message_and_the_name_masked(desk: Client, chief: User) -> None:
    message, receipt = sent(), answer("placeholder")
    Receipt.objects.filter(pk=receipt.pk).update(text_cipher=vault.encrypt(f"{message.customer.name}: tomorrow"))
    receipt_review.attach(actor=chief, receipt_id=receipt.pk, message_id=message.pk, reason="Her new number")
    receipt.refresh_from_db()
    assert receipt.state == "applied"
    page = desk.get(f"/messages/{message.pk}/").content.decode()
    assert ": tomorrow" in page
    assert message.customer.name not in page


def placed(text: str, **values: Any) -> Receipt:
    """An answer from the contact point of a message to a customer of Team 1."""
    message = sent(**values)
    return answer(text, customer=message.customer, contact_point=message.contact_point)


def test_a_person_reads_that_an_answer_opts_out(desk: Client) -> None:
    receipt = placed("STOP please")
    where = f"/receipts/{receipt.pk}/"
    assert desk.post(where, {"verb": "opt-out", "reason": "She says so"}).status_code == 302
    found = OptOut.objects.get()
    assert (found.contact_point_id, found.channel, found.evidence) == (
        receipt.contact_point_id,
        "sms",
        f"receipt {receipt.pk}",
    )
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("applied", "She says so")
    assert Event.objects.get(verb="receipt.opted-out").customer_id == receipt.customer_id
    again = desk.post(where, {"verb": "take-in", "reason": "Another reads it otherwise"})
    assert (again.status_code, OptOut.objects.count()) == (409, 1)


def test_a_person_reads_that_an_answer_opts_nobody_out(desk: Client) -> None:
    receipt = placed("I will stop by on Monday")
    assert desk.post(f"/receipts/{receipt.pk}/", {"verb": "take-in", "reason": "A visit"}).status_code == 302
    contact = Contact.objects.get()
    assert (contact.customer_id, contact.direction, contact.note) == (
        receipt.customer_id,
        "inbound",
        f"Receipt {receipt.pk}",
    )
    assert not OptOut.objects.exists()
    assert Event.objects.get(verb="receipt.read").reason == "A visit"


def test_what_came_from_nobody_known_opts_nobody_out(desk: Client) -> None:
    where = f"/receipts/{answer('STOP please').pk}/"
    assert 'value="opt-out"' not in desk.get(where).content.decode()
    refused = desk.post(where, {"verb": "opt-out", "reason": "So"})
    assert refused.status_code == 422
    assert not OptOut.objects.exists()


def test_who_works_the_case_reads_the_answer_and_decides_nothing(client: Client) -> None:
    team = TeamFactory(name="Team 3")
    receipt = placed("I paid on Friday", team=team)
    client.force_login(UserFactory(role="collector", team=team))
    case = Case.objects.get(customer=receipt.customer)
    assert f'href="/receipts/{receipt.pk}/"' in client.get(f"/cases/{case.ref}/").content.decode()
    page = client.get(f"/receipts/{receipt.pk}/").content.decode()
    assert "I paid on Friday" in page
    assert 'name="verb"' not in page
    assert client.post(f"/receipts/{receipt.pk}/", {"verb": "take-in", "reason": "So"}).status_code == 403
    assert client.get(f"/receipts/{answer('Hello', n=2).pk}/").status_code == 404


def test_dismissed_with_a_reason_it_does_nothing_and_is_kept(desk: Client) -> None:
    receipt = waiting()
    assert desk.post(f"/receipts/{receipt.pk}/", {"verb": "dismiss", "reason": ""}).status_code == 422
    assert desk.post(f"/receipts/{receipt.pk}/", {"verb": "dismiss", "reason": "A test of theirs"}).status_code == 302
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("dismissed", "A test of theirs")
    assert Event.objects.get(verb="receipt.dismissed").reason == "A test of theirs"
    page = desk.get(f"/receipts/{receipt.pk}/").content.decode()
    assert "A test of theirs" in page
    assert 'value="dismiss"' not in page


def test_of_two_who_decide_one_is_told(desk: Client, chief: User) -> None:
    receipt = waiting()
    receipt_review.dismiss(actor=chief, receipt_id=receipt.pk, reason="Not ours")
    response = desk.post(f"/receipts/{receipt.pk}/", {"verb": "dismiss", "reason": "Again"})
    assert response.status_code == 409
    assert "a colleague was quicker" in response.content.decode()
    receipt.refresh_from_db()
    assert receipt.reason == "Not ours"


@pytest.mark.parametrize("which", ["none", "another channel", "another team", "another customer"])
def test_it_is_attached_to_no_message_that_it_cannot_be_about(desk: Client, which: str) -> None:
    known = sent()
    receipt = waiting(customer=known.customer) if which == "another customer" else waiting()
    message_id = {
        "none": 999_999,
        "another channel": sent(channel="email", decision__channel="email").pk,
        "another team": sent(team=TeamFactory(name="Team 2")).pk,
        "another customer": sent().pk,
    }[which]
    response = desk.post(f"/receipts/{receipt.pk}/", {"verb": "attach", "message_id": message_id, "reason": "So"})
    assert response.status_code == 422
    assert f"There is no message {message_id} by SMS" in response.content.decode()
    receipt.refresh_from_db()
    assert (receipt.state, receipt.message_id) == ("review", None)


def test_a_message_that_never_went_takes_no_receipt(chief: User) -> None:
    message, receipt = sent(status="withheld", sent_at=None), waiting()
    with pytest.raises(Conflict, match="“Withheld”"):
        receipt_review.attach(actor=chief, receipt_id=receipt.pk, message_id=message.pk, reason="So")
    receipt.refresh_from_db()
    assert (receipt.state, receipt.message_id) == ("review", None)


def test_of_another_teams_customer_it_is_not_found(desk: Client, chief: User) -> None:
    theirs = sent(team=TeamFactory(name="Team 2"))
    receipt = waiting(customer=theirs.customer)
    assert desk.get(f"/receipts/{receipt.pk}/").status_code == 404
    assert "SM91" not in desk.get("/receipts/review/").content.decode()
    with pytest.raises(Conflict, match="among those you see"):
        receipt_review.dismiss(actor=chief, receipt_id=receipt.pk, reason="So")


def test_who_may_not_decide_does_not(client: Client) -> None:
    collector = UserFactory(role="collector")
    receipt = waiting()
    client.force_login(collector)
    assert client.get("/receipts/review/").status_code == 403
    for decide in (
        lambda: receipt_review.dismiss(actor=collector, receipt_id=receipt.pk, reason="So"),
        lambda: receipt_review.attach(actor=collector, receipt_id=receipt.pk, message_id=1, reason="So"),
    ):
        with pytest.raises(PermissionDenied):
            decide()


def test_an_unknown_verb_is_a_bad_request(desk: Client) -> None:
    assert desk.post(f"/receipts/{waiting().pk}/", {"verb": "eat"}).status_code == 400


def test_a_reason_is_needed(chief: User) -> None:
    with pytest.raises(Invalid, match="A reason is needed"):
        receipt_review.dismiss(actor=chief, receipt_id=waiting().pk, reason=" ")


@pytest.mark.parametrize("rows", [2, 20])
def test_the_list_asks_the_same_however_long_it_is(desk: Client, django_assert_max_num_queries, rows: int) -> None:
    for n in range(rows):
        waiting(n, customer=sent().customer)
    with django_assert_max_num_queries(12):
        assert desk.get("/receipts/review/").status_code == 200


@pytest.mark.parametrize("rows", [2, 20])
def test_a_message_asks_the_same_however_much_was_told(desk: Client, django_assert_max_num_queries, rows: int) -> None:
    message = sent()
    for n in range(rows):
        waiting(n, message=message, customer=message.customer)
    with django_assert_max_num_queries(14):
        assert desk.get(f"/messages/{message.pk}/").status_code == 200


def test_an_answer_from_an_unknown_number_is_kept_with_the_customer_of_a_reference(desk: Client) -> None:
    case = CaseFactory()
    for number, ref in enumerate((case.ref, case.customer.ref)):
        receipt = answer("Who is this?", n=10 + number)
        where = f"/receipts/{receipt.pk}/"
        assert 'value="keep-with"' in desk.get(where).content.decode()
        refused = desk.post(where, {"verb": "keep-with", "customer_ref": "NOBODY", "reason": "She said so"})
        assert refused.status_code == 422
        assert "There is no customer, account or case “NOBODY”" in refused.content.decode()
        kept = desk.post(where, {"verb": "keep-with", "customer_ref": f" {ref} ", "reason": "She said so"})
        assert kept.status_code == 302
        receipt.refresh_from_db()
        assert (receipt.state, receipt.customer, receipt.message) == ("applied", case.customer, None)
        event = Event.objects.get(verb="receipt.kept-with", subject_id=receipt.pk)
        assert (event.customer_id, event.reason) == (case.customer_id, "She said so")
    assert not Contact.objects.exists()
    assert not OptOut.objects.exists()


def test_whom_nobody_here_sees_keeps_no_receipt_and_whom_one_is_about_keeps_his(chief: User) -> None:
    far = CaseFactory(team=TeamFactory(name="Far"))
    with pytest.raises(Invalid, match="There is no customer"):
        receipt_review.keep_with(actor=chief, receipt_id=waiting(n=2).pk, customer_ref=far.ref, reason="Hers")
    near = CaseFactory()
    known = placed("Hello?")
    with pytest.raises(Invalid, match="It is known whom this is about"):
        receipt_review.keep_with(actor=chief, receipt_id=known.pk, customer_ref=near.ref, reason="Hers")


def test_a_receipt_dated_before_the_sending_is_kept_and_shown_as_such(desk: Client) -> None:
    message = sent()
    early = waiting(kind="delivered", message=message, customer=message.customer)
    for at, shown in ((MOMENT - timedelta(minutes=2), True), (MOMENT - timedelta(seconds=30), False)):
        Receipt.objects.filter(pk=early.pk).update(at=at)
        for address in (f"/messages/{message.pk}/", f"/receipts/{early.pk}/"):
            assert ("dated before it was sent" in desk.get(address).content.decode()) is shown
