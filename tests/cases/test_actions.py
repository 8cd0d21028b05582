"""Acting on a case from its page: every verb is allowed, forbidden, out of scope, wrong, stale, in part and whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts.models import Hold
from audit.models import Event
from cases.models import Case, Dispute, Note, Promise
from cases.selectors.desk import CaseDesk, with_day
from cases.services import disputes, holds, promises
from compliance.models import Contact, ContactAgreement, ContactDecision, CustomerFlag, OptOut, Recording
from compliance.services import agreements, flags, opt_outs, register
from runs import clock
from staff.models import User
from tests.factories import DAY, MOMENT, BusinessDayFactory, TeamFactory, UserFactory, workable_case

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "panel"}
TODAY = DAY
SOON = TODAY + timedelta(days=5)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(MOMENT):
        yield


@pytest.fixture
def case() -> Case:
    BusinessDayFactory(date=TODAY - timedelta(days=1))
    return workable_case()


@pytest.fixture
def lead() -> User:
    return UserFactory(role="supervisor", display_name="Wang")


@pytest.fixture
def desk(client: Client, lead: User) -> Client:
    """A supervisor's: she may everything that is done here."""
    client.force_login(lead)
    return client


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
# What is wrong, and the words that say so.
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "call": ({"contact_point": "999"}, "is not on the list"),
    "contact": ({"outcome": "", "note": "kept words"}, "“Outcome”: nothing is chosen. Choose one."),
    "inbound": ({"seconds": "2:99", "note": "kept words"}, "is no length"),
    "promise": ({"on_1": TODAY - timedelta(days=1), "note": "kept words"}, "too early"),
    "dispute": ({"reason": "", "statement": "kept words"}, "“What is disputed”: nothing is chosen"),
    "hold": ({"ends_on": TODAY - timedelta(days=1), "reason": "kept words"}, "before"),
    "note": ({"text": "  "}, "is empty. Fill it in."),
    "follow-up": ({"on": TODAY - timedelta(days=1), "note": "kept words"}, "is past"),
    "flag": ({"kind": "", "evidence": "kept words"}, "nothing is chosen. Choose one."),
    "contact-point": ({"value": "no address", "source": "kept words"}, "This is no e-mail address."),
    "hours": ({"closes": "10:00", "evidence": "kept words"}, "that is never"),
    "assign": ({"to": "999"}, "is not on the list"),
    "reveal": ({"reason": ""}, "“Reason” is empty. Fill it in."),
    "correct": ({"reason": "", "note": "kept words"}, "is empty. Fill it in."),
    "recording": ({"link": "", "name": "kept words"}, "either a file or a link"),
    "cancel-promise": ({"reason": ""}, "“Reason” is empty"),
    "close-dispute": ({"status": "", "answer": "kept words"}, "nothing is chosen. Choose one."),
    "lift": ({"last_day": TODAY - timedelta(days=9), "reason": "kept words"}, "outside the hold"),
    "end-flag": ({"reason": ""}, "“Reason” is empty"),
    "revoke-hours": ({"reason": ""}, "“Reason” is empty"),
    "opt-out": ({"channel": "voice", "evidence": "kept words"}, "is not on the list"),
    "opt-in": ({"evidence": ""}, "“Evidence” is empty"),
}
STALE = ["contact", "inbound", "contact-point", "promise", "dispute", "hold", "follow-up", "assign", "take", "cancel-promise",
         "close-dispute", "lift"]  # fmt: skip
FORMS = [code for code in GOOD if code not in ("take", "release")]


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


@pytest.mark.parametrize("code", GOOD)
def test_who_may_does_it_and_is_back_on_the_case(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    events = Event.objects.count()
    response = desk.post(where, values(code, case))
    if code == "reveal":
        assert "13800002046" in response.content.decode()
    else:
        assert response.status_code == 302, _errors(response)
        assert response["Location"] == (f"/cases/{case.ref}/contact/" if code == "call" else f"/cases/{case.ref}/")
    assert code == "call" or Event.objects.count() > events


@pytest.mark.parametrize("code", GOOD)
def test_htmx_gets_every_part_that_may_have_changed(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    page = desk.post(where, values(code, case), headers=HTMX).content.decode()
    assert "<html" not in page
    for part in ('id="panel"', 'id="case-head"', 'id="case-debts"', 'id="case-side"', 'id="said"', 'id="timeline"'):
        assert page.count(part) == 1, part
    assert ('id="act-sheet"' in page) is (code == "call")


@pytest.mark.parametrize("code", GOOD)
def test_who_may_not_is_forbidden(code: str, case: Case, lead: User, client: Client) -> None:
    where = prepared(code, case, lead)
    client.force_login(UserFactory(role="auditor", team=None))
    assert client.get(where).status_code == 403
    assert client.post(where, values(code, case)).status_code == 403


@pytest.mark.parametrize("code", GOOD)
def test_another_teams_case_is_not_found(code: str, case: Case, lead: User, client: Client) -> None:
    where = prepared(code, case, lead)
    client.force_login(UserFactory(role="supervisor", team=TeamFactory(name="Team 2")))
    for headers in ({}, HTMX):
        assert client.get(where, headers=headers).status_code == 404
        assert client.post(where, values(code, case), headers=headers).status_code == 404


@pytest.mark.parametrize("code", [code for code in GOOD if code in (
    "reveal", "correct", "recording", "cancel-promise", "close-dispute", "lift", "end-flag", "revoke-hours",
    "opt-out", "opt-in")])  # fmt: skip
def test_what_belongs_to_another_customer_is_not_found(code: str, case: Case, lead: User, desk: Client) -> None:
    target = target_of(code, case, lead)
    other = workable_case()
    assert desk.get(address(other, code, target)).status_code == 404
    assert desk.post(address(other, code, target), values(code, other)).status_code == 404


@pytest.mark.parametrize("code", BAD)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    wrong, words = BAD[code]
    before = version(case)
    for headers in ({}, HTMX):
        response = desk.post(where, values(code, case, **wrong), headers=headers)
        page = response.content.decode()
        assert response.status_code == 200
        assert words in page
        assert "kept words" in page or "kept words" not in wrong.values()
        assert ("<html" in page) is (headers != HTMX)
    assert version(case) == before


@pytest.mark.parametrize("code", STALE)
def test_a_stale_screen_is_told_what_changed_and_keeps_what_was_typed(
    code: str, case: Case, lead: User, desk: Client
) -> None:
    where = prepared(code, case, lead)
    seen = version(case)
    other = UserFactory(role="supervisor", display_name="Zhao")
    holds.place(
        actor=other, case_id=case.pk, seen_version=seen, account_id=None, kind="treatment", starts_on=TODAY,
        ends_on=SOON, reason="Elsewhere",
    )  # fmt: skip
    typed = values(code, case, seen_version=seen)
    for headers in ({}, HTMX):
        if code == "take":
            continue
        response = desk.post(where, typed, headers=headers)
        page = response.content.decode()
        assert response.status_code == 409
        assert "Nothing was saved" in page
        assert "Zhao" in page
        assert "Hold placed" in page
        for value in (typed.get("note"), typed.get("statement"), typed.get("reason"), typed.get("answer")):
            assert not value or str(value) in page

        looked = desk.post(where, typed | {"look": "1"}, headers=headers)
        assert looked.status_code == 200
        assert f'name="seen_version" value="{version(case)}"' in looked.content.decode()
    if code == "take":
        assert desk.post(where, typed, headers=HTMX).status_code == 409
        return
    again = desk.post(where, typed | {"seen_version": version(case)})
    assert again.status_code == 302, _errors(again)


@pytest.mark.parametrize("code", FORMS)
def test_the_form_opens_in_the_page_and_alone_for_htmx(code: str, case: Case, lead: User, desk: Client) -> None:
    where = prepared(code, case, lead)
    whole, part = desk.get(where).content.decode(), desk.get(where, headers=HTMX).content.decode()
    for page in (whole, part):
        assert f'data-verb="{code}"' in page
        assert f'action="{where}"' in page
    assert 'id="case-head"' in whole
    assert 'id="case-head"' not in part


def test_a_refused_call_says_why_in_words_and_is_recorded(case: Case, desk: Client) -> None:
    with clock.frozen(MOMENT + timedelta(hours=11)):  # 23:00
        page = desk.post(f"/cases/{case.ref}/call/", values("call", case), headers=HTMX).content.decode()
    assert "The gate refuses." in page
    assert "08:00" in page
    assert "13800002046" not in page
    assert ContactDecision.objects.get().allowed is False


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
    assert logged.status_code == 302, _errors(logged)
    promise = Promise.objects.get()
    assert promise.contact == Contact.objects.get(decision=decision)
    assert promise.amount == 300


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
    assert logged.status_code == 302, _errors(logged)
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
    assert logged.status_code == 302, _errors(logged)


def test_a_dispute_is_opened_with_the_call_it_came_in(case: Case, desk: Client) -> None:
    said = {"dispute-reason": "paid", "dispute-statement": "Paid in October", "dispute-account": ""}
    desk.post(f"/cases/{case.ref}/inbound/", values("inbound", case, outcome="dispute") | said)
    assert Dispute.objects.get().contact == Contact.objects.get()


def test_a_promise_is_split_into_equal_instalments(case: Case, desk: Client) -> None:
    asked = {"rows": 1, "amount_1": "100.00", "on_1": SOON, "parts": 3, "interval": "7", "split": "1"}
    page = desk.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    for value in ("33.33", "33.34", (SOON + timedelta(days=14)).isoformat()):
        assert f'value="{value}"' in page
    assert 'name="rows" value="3"' in page
    assert not Promise.objects.exists()


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (["400.00", "500.00"], "Of ¥1,000.00 overdue ¥100.00 is left to be divided."),
        (["400.00", "600.00"], "All of ¥1,000.00 overdue is divided."),
        (["400.00", "600.01"], "¥0.01 more than the ¥1,000.00 overdue."),
        (["400.00", ""], "Of ¥1,000.00 overdue ¥600.00 is left to be divided."),
        (["400.00", "-1"], "Of ¥1,000.00 overdue ¥600.00 is left to be divided."),
    ],
)
def test_what_is_left_to_be_divided_is_said_of_the_amounts_as_typed(
    case: Case, desk: Client, amounts: list[str], said: str
) -> None:
    Case.objects.update(overdue_amount=1000)
    asked = {"rows": 2, "left": "1", "on_1": "", "on_2": ""} | {f"amount_{n}": one for n, one in enumerate(amounts, 1)}
    page = desk.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    assert page.strip() == said
    inner = {f"promise-{name}": value for name, value in asked.items() if name != "left"} | {"left": "1"}
    page = desk.post(f"/cases/{case.ref}/inbound/", values("inbound", case) | inner, headers=HTMX).content.decode()
    assert page.strip() == said
    assert not Promise.objects.exists()
    assert not Contact.objects.exists()


def test_of_a_chosen_debt_what_is_overdue_on_it_is_divided(case: Case, desk: Client) -> None:
    Case.objects.update(overdue_amount=1000)
    (late,) = CaseDesk(with_day(Case.objects.all()).get(), UserFactory()).late
    asked = {"left": "1", "amount_1": "1", "account": late.account.pk}
    page = desk.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    assert page.startswith(f"Of ¥{late.how_late.overdue_amount / 100:,.2f} overdue")
    assert "All of ¥1,000.00 overdue is divided." in desk.get(f"/cases/{case.ref}/promise/").content.decode()


def test_a_blank_follow_up_takes_it_off(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(follow_up_on=SOON)
    desk.post(f"/cases/{case.ref}/follow-up/", values("follow-up", case, on=""))
    case.refresh_from_db()
    assert case.follow_up_on is None


def test_a_contact_that_answers_a_follow_up_says_that_it_is_done(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(follow_up_on=TODAY)
    page = desk.post(f"/cases/{case.ref}/inbound/", values("inbound", case), follow=True).content.decode()
    assert f"Logged: Right party. The follow-up of {TODAY} is done and taken off." in page
    assert "Follow-up cleared" in page.split('id="timeline"')[1]


def test_a_collector_is_not_offered_what_she_may_not(case: Case, client: Client) -> None:
    client.force_login(UserFactory())
    page = client.get(f"/cases/{case.ref}/").content.decode()
    assert 'id="do-promise"' in page
    assert 'id="do-assign"' not in page
    assert "deferral" not in client.get(f"/cases/{case.ref}/hold/").content.decode().lower()


def test_a_collector_cannot_place_a_deferral_by_hand(case: Case, client: Client) -> None:
    client.force_login(UserFactory())
    page = client.post(f"/cases/{case.ref}/hold/", values("hold", case, kind="deferral")).content.decode()
    assert "is not on the list" in page
    assert not Hold.objects.exists()


def test_a_revealed_number_is_shown_once_and_recorded(case: Case, desk: Client) -> None:
    where = address(case, "reveal", mobile(case))
    assert "13800002046" in desk.post(where, values("reveal", case), headers=HTMX).content.decode()
    assert Event.objects.get(verb="contact-point.revealed").reason == "The number was changed"
    assert "13800002046" not in desk.get(f"/cases/{case.ref}/").content.decode()


def test_a_sound_is_attached_to_a_contact(case: Case, lead: User, desk: Client) -> None:
    contact = contact_of(case, lead)
    sound = SimpleUploadedFile("call.wav", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64), content_type="audio/wav")
    response = desk.post(address(case, "recording", contact.pk), {"file": sound, "seen_version": version(case)})
    assert response.status_code == 302, _errors(response)
    assert Recording.objects.get().contact == contact


def test_a_closed_case_takes_notes_and_nothing_else(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(status="cured", closed_on=TODAY)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert 'id="do-note"' in page
    assert 'id="do-promise"' not in page
    assert "is closed" in desk.post(f"/cases/{case.ref}/promise/", values("promise", case)).content.decode()
    desk.post(f"/cases/{case.ref}/note/", values("note", case))
    assert Note.objects.get().text == "Works nights"


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
        assert f'{told} SMS <span class="muted">{OptOut.objects.get().contact_point.masked_value}' in record


def test_flags_and_hours_are_on_the_page_with_what_ends_them(case: Case, lead: User, desk: Client) -> None:
    flag, hours = target_of("end-flag", case, lead), target_of("revoke-hours", case, lead)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert address(case, "end-flag", flag) in page
    assert address(case, "revoke-hours", hours) in page
    assert CustomerFlag.objects.get().kind == "hardship"
    assert "10:00 – 20:00" in page
    assert ContactAgreement.objects.get().revoked_at is None


def _errors(response: HttpResponse) -> str:
    """What the page says is wrong, for a failing test to show."""
    import re

    return " | ".join(re.findall(r'(?:class="wrong"[^>]*>|class="notice[^>]*><p>)(.*?)<', response.content.decode()))


def test_instalments_that_were_not_shown_are_shown_before_anything_is_saved(case: Case, client: Client) -> None:
    client.force_login(UserFactory())
    asked = {"rows": 1, "amount_1": "90.00", "on_1": TODAY + timedelta(days=7), "parts": 3, "interval": "fit"}
    page = client.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    assert "Nothing is saved yet" in page
    assert not Promise.objects.exists()
    shown = {"rows": 3, "parts": 3} | {f"amount_{number}": "30.00" for number in (1, 2, 3)}
    for number, ahead in enumerate((7, 10, 13), 1):  # within the fortnight that she may decide
        shown[f"on_{number}"] = TODAY + timedelta(days=ahead)
        assert f'value="{shown[f"on_{number}"].isoformat()}"' in page
    client.post(f"/cases/{case.ref}/promise/", values("promise", case) | shown, headers=HTMX)
    assert Promise.objects.get().instalments.count() == 3


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
