"""An agreement is signed by a one-time code: where it goes, what is kept of it, and what ends it."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint
from accounts.services.customers import verify_contact_point
from audit.models import Event
from compliance.models import Contact, ContactDecision
from reminders import services as outbox
from reminders.masking import masked
from reminders.models import LANGUAGES, ChannelControl, Message, Template, TemplateVersion
from reminders.selectors import faults_of_texts
from reminders.services import reviewing
from restructuring.models import Agreement, PlanRule, SigningCode
from restructuring.services.agreements import agreement_of, sign_by_scan
from restructuring.services.codes import Answer, send_code, sign_by_code
from runs import clock
from staff.models import User
from tests.factories import ContactPointFactory, CustomerFactory, UserFactory
from tests.papers import picture
from tests.reminders.channels import servers
from tests.restructuring.deeds import ACTOR, TODAY, noon

pytestmark = pytest.mark.django_db
NOON = noon(TODAY)
PNG = picture("PNG")


def at(seconds: float) -> clock.frozen:
    return clock.frozen(NOON + timedelta(seconds=seconds))


def send(by: User, agreement: Agreement, point: ContactPoint, seconds: float = 0) -> Answer:
    with at(seconds):
        return send_code(actor=by, plan_id=agreement.plan_id, language=agreement.language, contact_point_id=point.pk)


def deliver(channel: str = "sms", seconds: float = 5) -> dict[str, int]:
    with at(seconds):
        return outbox.deliver(channel, seconds=30)


def code_in(text: str) -> str:
    """The six digits that stand alone: not in a hash, nor in a reference."""
    (code,) = re.findall(r"(?<![0-9a-f])\d{6}(?![0-9a-f])", text)
    return str(code)


def read(gateway: servers.Server) -> str:
    """The code in the SMS that arrived last."""
    return code_in(gateway.taken[-1].json["body"])


def enter(by: User, code: SigningCode | None, typed: str, seconds: float = 30) -> Agreement:
    assert code is not None
    with at(seconds):
        return sign_by_code(actor=by, plan_id=code.agreement.plan_id, code_id=code.pk, entered=typed)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def everything_kept() -> str:
    """All that PostgreSQL holds in clear of what was written in the test, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in ("audit_event", "reminders_message", "restructuring_signingcode", "compliance_contactdecision"):
            cursor.execute(f"SELECT coalesce(json_agg(to_jsonb(t) - 'at' - 'id')::text, '') FROM {table} t")
            found.append(cursor.fetchone()[0])
    return " ".join(found)


def test_time_goes_on_while_it_is_signed(lin, agreed, mobile, gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    code = send(lin, agreed, mobile).code
    deliver()
    frozen, ticks = clock.now, count()
    monkeypatch.setattr(clock, "now", lambda: frozen() + timedelta(milliseconds=next(ticks)))
    signed = enter(lin, code, read(gateway))
    code.refresh_from_db()
    assert signed.signed_at == code.used_at == code.ended_at


def test_the_code_is_sent_read_out_and_entered(lin, agreed, mobile, gateway, caplog) -> None:
    answer = send(lin, agreed, mobile)
    assert answer.decision.allowed
    assert (answer.decision.channel, answer.decision.purpose) == ("sms", "signing")
    assert deliver() == {"sent": 1}
    body = gateway.taken[0].json["body"]
    assert agreed.plan.ref in body
    assert agreed.sha256[:12] in body
    assert "for 9 minutes" in body
    code = read(gateway)
    signed = enter(lin, answer.code, f" {code[:3]} {code[3:]}")
    assert (signed.way, signed.code, signed.recorded_by_name) == ("code", answer.code, "Lin")
    signed.plan.refresh_from_db()
    assert signed.plan.status == "signed"
    used = SigningCode.objects.get()
    assert (used.used_at, used.sent_at, used.sha256) == (NOON + timedelta(seconds=30), NOON, agreed.sha256)
    assert (used.contact_point, used.attempts) == (mobile, 0)
    event = Event.objects.get(verb="agreement.signed")
    assert event.after["way"] == "code"
    assert event.after["sha256"] == agreed.sha256
    assert event.after["contact_point"] == mobile.pk
    assert Contact.objects.get().outcome == "sent"
    assert code not in everything_kept()
    assert code not in caplog.text


def test_nobody_of_the_staff_can_read_it_and_nothing_keeps_it(lin, agreed, mobile, gateway) -> None:
    send(lin, agreed, mobile)
    waiting = Message.objects.get()
    assert waiting.body == ""
    assert waiting.secret is not None
    deliver()
    message = Message.objects.get()
    code = read(gateway)
    assert message.secret is None
    assert "******" in message.body
    assert code not in masked(message, "body")
    assert message.body.replace("******", code).strip() == gateway.taken[0].json["body"]
    assert code not in everything_kept()
    # Nor can it be kept longer than its message is on its way.
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.update(secret=b"x")


def test_it_goes_by_email_too(lin, agreed, account, mail) -> None:
    point = ContactPointFactory(customer=account.customer, clear="wang@example.com")
    answer = send(lin, agreed, point)
    assert deliver("email") == {"sent": 1}
    (letter,) = mail.letters
    assert not re.search(r"\d{6}", letter["Subject"])
    code = code_in(letter.get_content())
    assert code not in Message.objects.get().body
    assert enter(lin, answer.code, code).way == "code"


def test_a_wrong_code_counts_until_none_is_left(lin, agreed, mobile, gateway) -> None:
    PlanRule.objects.update(code_attempts=2)
    answer = send(lin, agreed, mobile)
    deliver()
    code = read(gateway)
    for nonsense in ("", "12345", "1234567", "１２３４５６", "12a456"):
        with pytest.raises(Invalid, match="six digits"):
            enter(lin, answer.code, nonsense)
    with pytest.raises(Invalid, match="1 attempt is left"):
        enter(lin, answer.code, other_than(code))
    with pytest.raises(Invalid, match="this code is dead"):
        enter(lin, answer.code, other_than(code))
    with pytest.raises(Conflict, match="used up"):
        enter(lin, answer.code, code)
    assert Event.objects.filter(verb="agreement.code-wrong").count() == 2
    agreed.plan.refresh_from_db()
    assert agreed.plan.status == "asked"
    assert code not in everything_kept()


def test_it_lapses(lin, agreed, mobile, gateway) -> None:
    answer = send(lin, agreed, mobile)
    deliver()
    with pytest.raises(Conflict, match="This code held until 12:10:00"):
        enter(lin, answer.code, read(gateway), seconds=600)
    assert enter(lin, answer.code, read(gateway), seconds=599).way == "code"


def test_one_that_could_not_go_in_time_does_not_go(lin, agreed, mobile, gateway) -> None:
    send(lin, agreed, mobile)
    assert deliver(seconds=541) == {"withheld": 1}
    assert not gateway.taken
    message = Message.objects.get()
    assert (message.secret, message.body) == (None, "")


def test_another_code_ends_the_one_before_after_a_pause(lin, agreed, mobile, gateway) -> None:
    first = send(lin, agreed, mobile)
    deliver()
    old = read(gateway)
    with pytest.raises(Conflict, match="another may be sent from 12:01:00 on"):
        send(lin, agreed, mobile, 59)
    # In the other language: it is the plan that is signed.
    chinese = agreement_of(actor=lin, plan_id=agreed.plan_id, language="zh-hans")
    second = send(lin, chinese, mobile, 60)
    assert deliver(seconds=65) == {"sent": 1}
    assert "签署" in gateway.taken[-1].json["body"]
    with pytest.raises(Conflict, match="A newer code was sent"):
        enter(lin, first.code, old, 70)
    assert enter(lin, second.code, read(gateway), 70) == chinese
    agreed.refresh_from_db()
    assert agreed.signed_at is None
    # What was used is used.
    with pytest.raises(Conflict, match="not to be signed any more"):
        enter(lin, second.code, read(gateway), 71)


def test_one_that_was_not_sent_yet_does_not_go_behind_a_newer_one(lin, agreed, mobile, gateway) -> None:
    send(lin, agreed, mobile)
    send(lin, agreed, mobile, 60)
    assert deliver(seconds=61) == {"sent": 1, "withheld": 1}
    assert len(gateway.taken) == 1


def test_a_code_is_good_for_its_own_plan_and_file_alone(lin, agreed, mobile, gateway, account) -> None:
    answer = send(lin, agreed, mobile)
    deliver()
    with pytest.raises(Conflict, match="No such code"), at(10):
        sign_by_code(actor=lin, plan_id=agreed.plan_id + 1, code_id=answer.code.pk, entered=read(gateway))
    for what in ({"sha256": "0" * 64}, {"signed_at": NOON, "way": "code", "code": answer.code}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Agreement.objects.filter(pk=agreed.pk).update(**what)
    with pytest.raises(IntegrityError), transaction.atomic():
        SigningCode.objects.update(sha256="0" * 64)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.filter(pk=agreed.pk).update(signed_at=NOON, way="scan")
    enter(lin, answer.code, read(gateway))
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.update(recorded_by_name="Somebody else")


def test_it_goes_to_nobody_elses_point_and_to_none_in_doubt(lin, agreed, account) -> None:
    for number, doubt in enumerate(
        (
            {"relationship": "guarantor"},
            {"relationship": "contact-person"},
            {"relationship": ""},
            {"verification": "unverified"},
            {"verification": "wrong"},
            {"permitted": None},
            {"kind": "push"},
            {"kind": "phone"},
            {"customer": CustomerFactory()},
        )
    ):
        own = {"customer": account.customer, "kind": "mobile", "clear": f"1380000555{number}"}
        with pytest.raises(Invalid, match="debtor's own"):
            send(lin, agreed, ContactPointFactory(**own | doubt))
    assert not Message.objects.exists()


def test_a_point_that_turned_out_wrong_signs_nothing(lin, agreed, mobile, gateway) -> None:
    answer = send(lin, agreed, mobile)
    deliver()
    verify_contact_point(actor=ACTOR, contact_point_id=mobile.pk, verification="wrong", reason="Another answered")
    with pytest.raises(Conflict, match="not the debtor's own and verified any more"):
        enter(lin, answer.code, read(gateway))


def test_the_gate_may_refuse_and_the_code_before_goes_on(lin, agreed, mobile, gateway) -> None:
    late_evening = 10 * 3600
    refused = send(lin, agreed, mobile, late_evening)
    assert (refused.decision.rule, refused.code) == ("contact-hours", None)
    assert refused.decision.next_allowed_at is not None
    assert not SigningCode.objects.exists()
    assert not Message.objects.exists()
    first = send(lin, agreed, mobile)
    deliver()
    send(lin, agreed, mobile, 60)
    third = send(lin, agreed, mobile, 120)
    assert (third.decision.rule, third.code) == ("messages", None)
    assert SigningCode.objects.get(ended_at=None) != first.code
    assert ContactDecision.objects.filter(allowed=False, purpose="signing").count() == 2


def test_a_channel_that_is_not_open_takes_none(lin, agreed, mobile) -> None:
    ChannelControl.objects.filter(channel="sms").update(state="paused")
    with pytest.raises(Conflict, match="Choose another"):
        send(lin, agreed, mobile)
    assert not ContactDecision.objects.exists()


def test_one_of_which_nobody_knows_whether_it_went_is_not_sent_again(lin, agreed, mobile, gateway, chen) -> None:
    send(lin, agreed, mobile)
    gateway.script = [servers.CUT]
    assert deliver() == {"set-aside": 1}
    message = Message.objects.get()
    assert (message.status, message.secret) == ("review", None)
    with pytest.raises(Conflict, match="cannot be sent again"):
        reviewing.send_again(actor=UserFactory(role="supervisor"), message_id=message.pk, reason="x")


def test_a_cancelled_message_takes_its_code_along(lin, agreed, mobile) -> None:
    send(lin, agreed, mobile)
    message = Message.objects.get()
    reviewing.cancel(actor=UserFactory(role="supervisor"), message_id=message.pk, reason="x")
    message.refresh_from_db()
    assert (message.status, message.secret) == ("cancelled", None)


def test_the_paper_ends_the_code(lin, agreed, mobile) -> None:
    answer = send(lin, agreed, mobile)
    sign_by_scan(actor=lin, plan_id=agreed.plan_id, language="en", file=SimpleUploadedFile("a.png", PNG))
    agreed.refresh_from_db()
    assert (agreed.way, agreed.code) == ("scan", None)
    answer.code.refresh_from_db()
    assert answer.code.ended_at is not None
    assert deliver() == {"withheld": 1}


def test_who_may_not_sign_may_neither_send_nor_enter(agreed, mobile) -> None:
    auditor = UserFactory(role="auditor")
    with pytest.raises(PermissionDenied):
        send(auditor, agreed, mobile)
    with pytest.raises(PermissionDenied):
        sign_by_code(actor=auditor, plan_id=agreed.plan_id, code_id=1, entered="123456")


def test_it_is_printed_first(lin, agreed, mobile) -> None:
    agreed.language = "zh-hans"
    with pytest.raises(Conflict, match="not printed in that language"):
        send(lin, agreed, mobile)


def test_the_installed_words_keep_the_rules() -> None:
    for template in Template.objects.filter(kind="signing"):
        version = TemplateVersion.objects.get(template=template, status="approved")
        assert set(version.texts) == set(LANGUAGES)
        assert faults_of_texts(template, version.texts, TODAY) == []
        bare = {language: text | {"body": "An overdue debt"} for language, text in version.texts.items()}
        codes = {fault.code for _language, _place, fault in faults_of_texts(template, bare, TODAY)}
        assert codes == {"missing", "word"}
