"""The page of a plan: a code is sent to the debtor, its state shown, and entered; without JavaScript too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from reminders.models import ChannelControl, Message
from restructuring.models import Agreement, PlanRule, SigningCode
from restructuring.services.codes import send_code
from runs import clock
from tests.factories import ContactPointFactory, UserFactory
from tests.restructuring.deeds import TODAY, noon
from tests.restructuring.test_codes import deliver, other_than, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, agreed: Agreement, chen) -> Client:
    """Chen's, at noon; nothing was sent."""
    client.force_login(chen)
    return client


def page_of(agreed: Agreement) -> str:
    return reverse("plan", args=[agreed.plan.ref])


def test_sent_entered_wrongly_and_entered(desk: Client, agreed, mobile, gateway) -> None:
    address = page_of(agreed)
    assert "Send the code" in desk.get(address).content.decode()
    send = {"verb": "send", "language": "en", "contact_point": mobile.pk}
    assert desk.post(address, send)["Location"] == address
    page = desk.get(address).content.decode()
    assert "A code is on its way: Mobile phone 138****1234." in page
    assert "13800001234" not in page
    for said in ("Waits to be entered", "Queued", "12:10:00", "5 / 5"):
        assert said in page
    deliver()
    code = read(gateway)
    part = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Sent" in part
    assert 'hx-trigger="every 5s"' in part
    sent = SigningCode.objects.get().pk
    wrong = desk.post(address, {"verb": "enter", "sent": sent, "code": other_than(code)})
    assert wrong.status_code == 422
    assert "4 attempts are left" in wrong.content.decode()
    assert other_than(code) not in wrong.content.decode()
    again = desk.post(address, send)
    assert again.status_code == 422
    assert "another may be sent from 12:01:00 on" in again.content.decode()
    message = desk.get(reverse("message", args=[Message.objects.get().pk])).content.decode()
    assert "******" in message
    assert code not in message
    assert desk.post(address, {"verb": "enter", "sent": sent, "code": code})["Location"] == address
    page = desk.get(address).content.decode()
    assert "The signature is recorded." in page
    assert "sent 12:00:00, entered 12:00:00" in page
    assert "138****1234" in page
    assert code not in page
    assert "Send the code" not in page


def test_the_last_wrong_attempt_and_a_lapsed_code_are_told(desk: Client, agreed, mobile, gateway, chen) -> None:
    PlanRule.objects.update(code_attempts=1)
    address = page_of(agreed)
    code = send_code(actor=chen, plan_id=agreed.plan_id, language="en", contact_point_id=mobile.pk).code
    with clock.frozen(noon(TODAY) + timedelta(minutes=11)):
        page = desk.get(address).content.decode()
        assert "Lapsed" in page
        assert "Sign by this code" not in page
        late = desk.post(address, {"verb": "enter", "sent": code.pk, "code": "123456"}).content.decode()
        assert "This code held until 12:10:00" in late
    deliver()
    dead = desk.post(address, {"verb": "enter", "sent": code.pk, "code": other_than(read(gateway))})
    assert "this code is dead" in dead.content.decode()
    assert "Attempts used up" in dead.content.decode()
    assert "hx-trigger" not in desk.get(address, headers={"HX-Request": "true"}).content.decode()


def test_the_gates_refusal_is_shown_in_its_words(desk: Client, agreed, mobile) -> None:
    with clock.frozen(noon(TODAY) + timedelta(hours=10)):
        refused = desk.post(page_of(agreed), {"verb": "send", "language": "en", "contact_point": mobile.pk})
    assert refused.status_code == 422
    said = refused.content.decode()
    assert "Do not send an SMS now: it is outside the hours of contact. Allowed again tomorrow at 08:00." in said


def test_only_the_debtors_own_points_are_offered(desk: Client, agreed, account) -> None:
    third = ContactPointFactory(
        customer=account.customer, kind="mobile", clear="13900009999", relationship="contact-person"
    )
    page = desk.get(page_of(agreed)).content.decode()
    assert "139****9999" not in page
    assert "there is nowhere to send a code to" in page
    sent = desk.post(page_of(agreed), {"verb": "send", "language": "en", "contact_point": third.pk})
    assert sent.status_code == 422
    assert not Message.objects.exists()
    assert desk.post(page_of(agreed), {"verb": "x"}).status_code == 400


def test_who_only_reads_sees_no_forms(client: Client, agreed, mobile) -> None:
    client.force_login(UserFactory(role="auditor"))
    page = client.get(page_of(agreed)).content.decode()
    assert "Send the code" not in page
    assert client.post(page_of(agreed), {"verb": "send"}).status_code == 403


def test_in_chinese(desk: Client, agreed, mobile) -> None:
    desk.cookies["django_language"] = "zh-hans"
    page = desk.get(page_of(agreed)).content.decode()
    assert "发送验证码" in page
    assert "Send the code" not in page


def test_where_the_gate_lets_a_code_go_now_is_offered_first_and_why_not_is_said(desk: Client, agreed, gateway) -> None:
    email, mobile = (
        ContactPointFactory(customer=agreed.plan.customer, kind=kind, clear=clear)
        for kind, clear in (("email", "wang@example.com"), ("mobile", "13800001234"))
    )
    address = page_of(agreed)
    sending = desk.get(address).context["sign"].forms["send"]
    assert [one.pk for one in sending.points] == [email.pk, mobile.pk]
    assert sending.refused == []
    with clock.frozen(noon(TODAY)):
        send_code(
            actor=UserFactory(role="supervisor"), plan_id=agreed.plan_id, language="en", contact_point_id=email.pk
        )
    page = desk.get(address)
    sending = page.context["sign"].forms["send"]
    assert [one.pk for one in sending.points] == [mobile.pk, email.pk]
    assert [one.point for one in sending.refused] == [email]
    assert "Do not write an e-mail now: enough of these went out already" in page.content.decode()
    ChannelControl.objects.filter(channel="sms").update(state="paused")
    assert "a code would come too late" in desk.get(address).content.decode()
