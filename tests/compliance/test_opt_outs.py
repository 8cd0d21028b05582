"""Opt-outs: recorded with evidence, withdrawn by a word of the person's, and known to the gate."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint, Customer
from audit.models import Event
from compliance.models import ContactRule, OptOut
from compliance.selectors import look
from compliance.sentences import say
from compliance.services import may_contact
from compliance.services.opt_outs import opt_in_again, opt_out
from runs import clock
from staff.models import User
from tests.factories import ContactPointFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mobile(now: datetime) -> ContactPoint:
    return ContactPointFactory(kind="mobile", clear="13800002046")


def opted(lin: User, point: ContactPoint, **values: Any) -> OptOut | None:
    given = {"channel": "sms", "source": "staff", "evidence": "Call of today", **values}
    return opt_out(actor=lin, contact_point_id=point.pk, **given)


def asked(lin: User, customer: Customer, point: ContactPoint | None, channel: str, purpose: str = "reminder") -> str:
    decision = may_contact(actor=lin, customer=customer, contact_point=point, channel=channel, purpose=purpose)
    return "" if decision.allowed else decision.rule


@pytest.mark.parametrize("purpose", ["reminder", "collection", "notice"])
def test_who_opted_out_of_sms_gets_none_whatever_it_is_for_and_is_still_called(
    lin: User, mobile: ContactPoint, purpose: str
) -> None:
    customer = mobile.customer
    assert asked(lin, customer, mobile, "sms", purpose) == ""
    opted(lin, mobile)
    assert asked(lin, customer, mobile, "sms", purpose) == "opt-out"
    assert asked(lin, customer, None, "sms", purpose) == "opt-out"
    assert asked(lin, customer, mobile, "voice", "collection") == ""


def test_what_the_law_wants_told_goes_by_letter(lin: User, mobile: ContactPoint) -> None:
    address = ContactPointFactory(customer=mobile.customer, kind="address", clear="上海市浦东新区世纪大道1号")
    opted(lin, mobile)
    assert asked(lin, mobile.customer, mobile, "sms", "notice") == "opt-out"
    assert asked(lin, mobile.customer, address, "letter", "notice") == ""
    with pytest.raises(Invalid, match="knows no opt-out"):
        opted(lin, address, channel="letter")


def test_another_number_of_hers_is_taken_instead(lin: User, mobile: ContactPoint) -> None:
    other = ContactPointFactory(customer=mobile.customer, kind="mobile", clear="13800002047")
    opted(lin, mobile)
    decision = may_contact(actor=lin, customer=mobile.customer, contact_point=None, channel="sms", purpose="reminder")
    assert (decision.allowed, decision.contact_point_id) == (True, other.pk)


def test_waiting_does_not_help_and_the_answer_says_why(lin: User, mobile: ContactPoint) -> None:
    opted(lin, mobile)
    (found,) = look(customer_id=mobile.customer_id, channels=["sms"], purpose="reminder")
    assert found.verdict.next_allowed_at is None
    assert say(found.verdict, channel="sms") == (
        "Do not send an SMS: the customer asked not to be contacted there in this way."
    )


def test_in_the_united_states_calls_can_be_opted_out_of(lin: User, now: datetime) -> None:
    ours = ContactPointFactory(kind="mobile", clear="13800002046")
    theirs = ContactPointFactory(kind="mobile", clear="13800002047", customer=CustomerFactory(jurisdiction="us"))
    with pytest.raises(Invalid, match="Choose one of: SMS"):
        opted(lin, ours, channel="voice")
    opted(lin, theirs, channel="voice")
    assert asked(lin, theirs.customer, theirs, "voice", "collection") == "opt-out"


def test_it_is_recorded_once_and_tells_nothing_in_clear(lin: User, mobile: ContactPoint) -> None:
    first, second = opted(lin, mobile), opted(lin, mobile, evidence="Again")
    assert first == second
    event = Event.objects.get(verb="opt-out.recorded")
    assert event.after == {"channel": "sms", "value": "138****2046", "source": "staff", "evidence": "Call of today"}
    assert event.customer_id == mobile.customer_id


def test_withdrawn_the_gate_allows_again_and_another_may_follow(lin: User, mobile: ContactPoint) -> None:
    made = opted(lin, mobile)
    assert made is not None
    with pytest.raises(Invalid, match="Say how this is known"):
        opt_in_again(actor=lin, opt_out_id=made.pk, evidence=" ")
    opt_in_again(actor=lin, opt_out_id=made.pk, evidence="Call of noon")
    assert asked(lin, mobile.customer, mobile, "sms") == ""
    with pytest.raises(
        Conflict, match=r"Lin withdrew this opt-out already, on 2026-\d\d-\d\d \d\d:\d\d\. Nothing was changed\."
    ):
        opt_in_again(actor=lin, opt_out_id=made.pk, evidence="Again")
    event = Event.objects.get(verb="opt-out.withdrawn")
    assert (event.before, event.after) == ({"channel": "sms", "value": "138****2046"}, {"evidence": "Call of noon"})
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert opted(lin, mobile) != made


def test_an_older_word_that_comes_late_does_not_undo_the_later_one(
    lin: User, mobile: ContactPoint, now: datetime
) -> None:
    made = opted(lin, mobile, at=now - timedelta(hours=3))
    assert made is not None
    opt_in_again(actor=lin, opt_out_id=made.pk, evidence="Call of noon")
    assert opted(lin, mobile, at=now - timedelta(hours=2)) is None
    assert asked(lin, mobile.customer, mobile, "sms") == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"evidence": ""}, "Say how this is known"),
        ({"evidence": "x" * 301}, "301 characters; it may have 300"),
        ({"channel": "pigeon"}, "“pigeon” knows no opt-out"),
        ({"at": datetime.fromisoformat("2030-01-01T00:00:00+00:00")}, "cannot be in the future"),
    ],
)
def test_what_is_wrong_is_refused(lin: User, mobile: ContactPoint, values: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        opted(lin, mobile, **values)
    assert not OptOut.objects.exists()


def test_without_the_rule_the_gate_is_shut(lin: User, mobile: ContactPoint) -> None:
    ContactRule.objects.filter(code="opt-out").delete()
    assert asked(lin, mobile.customer, mobile, "sms") == "fail-closed"


def test_the_database_lets_nobody_change_or_remove_one(lin: User, mobile: ContactPoint) -> None:
    made = opted(lin, mobile)
    assert made is not None
    for change in (
        lambda: OptOut.objects.filter(pk=made.pk).update(channel="voice"),
        lambda: OptOut.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="compliance_optout"), transaction.atomic():
            change()
    opt_in_again(actor=lin, opt_out_id=made.pk, evidence="Call of noon")
    with pytest.raises(DatabaseError, match="withdrawn once"), transaction.atomic():
        OptOut.objects.filter(pk=made.pk).update(withdrawn_at=None)
