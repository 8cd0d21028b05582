"""What can be done on a case from its page: the address of each verb, what it acts on, and values that are right."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponse

from cases.models import Case
from cases.services import contacts, disputes, holds, promises
from compliance.models import Contact
from compliance.services import agreements, flags, opt_outs, register
from runs import clock
from staff.models import User
from tests.factories import DAY, ContactPointFactory, UserFactory

HTMX = {"HX-Request": "true", "HX-Target": "panel"}
TODAY = DAY
SOON = TODAY + timedelta(days=5)
# Of each verb that is done by a form or a button.
GOOD: dict[str, dict[str, Any]] = {
    "call": {"channel": "voice"},
    "contact": {"channel": "voice", "outcome": "no-answer", "note": ""},
    "inbound": {"channel": "voice", "contact_point": "", "outcome": "right-party", "note": "Asks for a plan"},
    "promise": {"rows": 1, "amount_1": "500.00", "on_1": SOON, "note": "Payday"},
    "dispute": {"reason": "amount", "statement": "The fee was waived", "account": ""},
    "hold": {"kind": "fees", "account": "", "starts_on": TODAY, "ends_on": SOON, "reason": "Under review"},
    "note": {"text": "Works nights"},
    "follow-up": {"on": SOON, "note": "Ask for the letter"},
    "flag": {"kind": "hardship", "from_on": TODAY, "evidence": "The employer's letter"},
    "contact-point": {
        "kind": "email",
        "value": "lawyer@example.com",
        "relationship": "representative",
        "source": "Letter of today",
        "permitted": "yes",
    },
    "hours": {"opens": "10:00", "closes": "20:00", "from_on": TODAY, "evidence": "Said so on the telephone"},
    "assign": {"to": ""},
    "take": {},
    "release": {},
    "reveal": {"reason": "The number was changed"},
    "verify": {"reason": "Answered with name and date of birth"},
    "mark-wrong": {"reason": "A shop answered"},
    "correct": {"outcome": "call-back", "note": "Tomorrow", "reason": "Ticked the wrong one"},
    "recording": {"link": "https://recordings.example/1", "name": "First call"},
    "cancel-promise": {"reason": "Taken by mistake"},
    "close-dispute": {"status": "rejected", "answer": "The fee is right"},
    "lift": {"last_day": TODAY, "reason": "Answered"},
    "end-flag": {"reason": "Works again"},
    "revoke-hours": {"reason": "Took it back"},
    "opt-out": {"channel": "sms", "evidence": "Call of today"},
    "opt-in": {"evidence": "Call of tomorrow"},
}


def mobile(case: Case) -> int:
    return case.customer.contact_points.get(relationship="own").pk


def contact_of(case: Case, actor: User) -> Contact:
    return register.log_inbound(actor=actor, customer_id=case.customer_id, channel="voice", outcome="refused")


def version(case: Case) -> int:
    return Case.objects.values_list("version", flat=True).get(pk=case.pk)


def target_of(code: str, case: Case, actor: User) -> int | None:
    """What the verb acts on, made for it."""
    seen: dict[str, Any] = {"actor": actor, "case_id": case.pk, "seen_version": version(case)}
    if code == "reveal":
        return mobile(case)
    if code == "mark-wrong":
        return mobile(case)
    if code == "verify":
        return ContactPointFactory(
            customer=case.customer, verification="unverified", kind="mobile", clear="13900001111"
        ).pk
    if code in ("correct", "recording"):
        return contact_of(case, actor).pk
    if code == "cancel-promise":
        return promises.take_promise(**seen, instalments=[(SOON, Decimal(100))]).pk
    if code == "close-dispute":
        return disputes.open_dispute(**seen, reason="amount", statement="Too much").pk
    if code == "lift":
        return holds.place(**seen, account_id=None, kind="fees", starts_on=TODAY, ends_on=SOON, reason="Asked for it")[
            0
        ].pk
    person = {"actor": actor, "customer_id": case.customer_id}
    if code == "end-flag":
        return flags.place_flag(**person, kind="hardship", from_on=TODAY, evidence="A letter").pk
    if code == "revoke-hours":
        hours = [clock.now().time().replace(hour=hour, microsecond=0) for hour in (10, 20)]
        return agreements.agree_hours(
            **person, opens=hours[0], closes=hours[1], from_on=TODAY, evidence="On the telephone"
        ).pk
    if code == "opt-out":
        return mobile(case)
    if code == "opt-in":
        made = opt_outs.opt_out(
            actor=actor, contact_point_id=mobile(case), channel="sms", source="staff", evidence="Call of today"
        )
        assert made is not None
        return made.pk
    return None


def address(case: Case, code: str, target: int | None) -> str:
    return f"/cases/{case.ref}/{code}/" + (f"{target}/" if target is not None else "")


def values(code: str, case: Case, **changes: Any) -> dict[str, Any]:
    given = GOOD[code] | changes | {"seen_version": changes.get("seen_version", version(case))}
    if code in ("call", "contact"):
        given = {"contact_point": mobile(case)} | given
    return {name: "" if value is None else value for name, value in given.items()}


def prepared(code: str, case: Case, actor: User) -> str:
    """The address of a verb on a case where it can be done."""
    if code == "release":
        Case.objects.filter(pk=case.pk).update(assignee=actor)
    if code == "assign":
        Case.objects.filter(pk=case.pk).update(assignee=UserFactory())
    return address(case, code, target_of(code, case, actor))


def errors(response: HttpResponse) -> str:
    """What the page says is wrong, for a failing test to show."""
    return " | ".join(re.findall(r'(?:class="wrong"[^>]*>|class="notice[^>]*><p>)(.*?)<', response.content.decode()))


def call(case: Case, user: User, outcome: str) -> None:
    case.refresh_from_db()
    point = case.customer.contact_points.get(relationship="own")
    answer = contacts.ask_to_contact(
        actor=user, case_id=case.pk, contact_point_id=point.pk, channel="voice", purpose="collection"
    )
    contacts.log_contact(
        actor=user, case_id=case.pk, seen_version=None, decision_id=answer.decision.pk, outcome=outcome
    )


def back(case: Case, lin: User, on: date, at: time | None = None, channel: str = "voice") -> None:
    contacts.log_inbound(
        actor=lin,
        case_id=case.pk,
        seen_version=None,
        channel=channel,
        outcome="call-back",
        call_back=contacts.CallBack(on, at),
    )
