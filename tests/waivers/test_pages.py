"""Asking on a case with what it would do, the list and its file, one waiver, the panel, the page of the request."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from accounts.services import posting
from approvals import services as approvals
from approvals.models import Request
from cases.models import Case
from delinquency.words import word
from tests.clients import signed_in
from tests.factories import TeamFactory, UserFactory
from tests.papers import picture
from tests.waivers.conftest import ACTOR, TODAY, approve, ask, late_account, pay
from waivers.models import Waiver, WaiverPolicy

pytestmark = pytest.mark.django_db
WHOLE = {"reason_code": "lender-error", "basis": "full", "reason": "Our letter went astray"}


@pytest.fixture
def asking(lin, chen) -> Client:
    return signed_in(lin)


@pytest.fixture
def desk(chen) -> Client:
    return signed_in(chen)


@pytest.fixture
def address(account) -> str:
    return f"/cases/{Case.objects.get(customer=account.customer).ref}/waive/"


def text(response) -> str:
    return response.content.decode()


# --- Asking


def test_the_page_begins_with_the_account_and_what_waiving_all_would_do(asking, address, account) -> None:
    page = text(asking.get(address))
    assert "王*明" in page
    assert "王小明" not in page
    assert "¥1,950.00" in page
    assert "No policy lets this pass" in page, "she has not paid"


def test_what_it_would_do_is_shown_as_it_is_entered_and_nothing_is_kept(asking, address, account) -> None:
    data = WHOLE | {"account": account.pk, "basis": "percent", "percent": "50", "preview": "1"}
    part = text(asking.post(address, data, headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert "¥975.00" in part
    assert "¥101,950.00" in part
    assert "¥100,975.00" in part
    assert "At our discretion" in part
    page = asking.post(address, data)
    assert page.status_code == 200
    assert "¥975.00" in text(page)
    assert "Our letter went astray" in text(page), "what was entered stays"
    assert not Waiver.objects.exists()


def test_what_cannot_be_asked_for_is_said_at_once(asking, address, account) -> None:
    data = WHOLE | {"account": account.pk, "basis": "amount", "amount": "2000", "preview": "1"}
    part = text(asking.post(address, data, headers={"HX-Request": "true"}))
    assert "2,000.00 is more than there is to waive: at most 1,950.00 CNY" in part
    part = text(asking.post(address, data | {"amount": ""}, headers={"HX-Request": "true"}))
    assert "Enter how much" in part


def test_who_may_decide_is_who_sees_the_customer_and_not_who_asks(asking, address, account, chen) -> None:
    UserFactory(role="supervisor", display_name="Far", team=TeamFactory(name="Team 2"))
    data = WHOLE | {"account": account.pk, "preview": "1"}
    part = text(asking.post(address, data, headers={"HX-Request": "true"}))
    assert "Who may decide" in part
    assert "Chen" in part
    assert "Far" not in part
    part = text(signed_in(chen).post(address, data, headers={"HX-Request": "true"}))
    assert "Nobody may decide this at the moment" in part
    refused = signed_in(chen).post(address, WHOLE | {"account": account.pk})
    assert (refused.status_code, Waiver.objects.count()) == (422, 0)


def test_of_the_bills_those_are_offered_that_caused_some_of_the_fee_with_it(asking, address, account, lin) -> None:
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref="B-new",
        statement_on=TODAY,
        due_on=TODAY + timedelta(days=20),
        principal=Decimal(100),
    )
    page = text(asking.get(address))
    assert "B1, due 2026-01-20: 1,950.00 CNY" in page
    assert "B-new" not in page


def test_an_agreed_payment_beyond_what_is_owed_is_refused_at_its_field(asking, address, account) -> None:
    data = WHOLE | {"account": account.pk, "condition_amount": "99999999", "condition_on": "2026-03-01"}
    answer = asking.post(address, data)
    assert answer.status_code == 422
    (said,) = answer.context["form"].errors["condition_amount"]
    assert said.startswith("99,999,999.00 cannot be agreed as the payment")
    assert "100,000.00 CNY is owed" in text(
        asking.post(address, data | {"preview": "1"}, headers={"HX-Request": "true"})
    )


def test_documents_are_attached_as_it_is_asked_for(asking, desk, address, account, tmp_path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path
    data = WHOLE | {"account": account.pk}
    paper = SimpleUploadedFile("letter.png", picture("PNG"), content_type="image/png")
    # The page leaves it to the service to preview it.
    with patch("waivers.views.preview") as previewed:
        assert asking.post(address, data | {"documents": [paper]}).status_code == 302
    assert not previewed.called
    waiver = Waiver.objects.get()
    assert waiver.request.attachments.get().media_type == "image/png"
    approvals.send_back(actor=UserFactory(role="supervisor"), request_id=waiver.request_id, seen_version=1, comment="x")
    paper = SimpleUploadedFile("second.jpg", picture("JPEG"), content_type="image/jpeg")
    again = data | {"seen_version": "2", "documents": [paper]}
    answer = asking.post(f"/waivers/{waiver.pk}/again/", again)
    assert answer.status_code == 302, answer.context["form"].errors
    assert waiver.request.attachments.count() == 2


def test_documents_that_nobody_would_read_are_not_taken(asking, address, account) -> None:
    WaiverPolicy.objects.filter(code="discretion").update(automatic_up_to=5000)
    paper = SimpleUploadedFile("letter.png", picture("PNG"), content_type="image/png")
    answer = asking.post(address, WHOLE | {"account": account.pk, "documents": [paper]})
    assert "nobody would read the documents" in text(answer)
    assert not Waiver.objects.exists()


@pytest.mark.parametrize(
    ("entered", "words"),
    [
        ({"basis": "amount", "amount": "-5"}, "“Amount”: “-5” is too little: expected at least 0.01."),
        ({"basis": "amount", "amount": "2000.00"}, "2,000.00 is more than there is to waive: at most 1,950.00 CNY"),
        ({"basis": "amount", "amount": "9e99"}, "“9e99” is too much: expected at most 999999999999.99."),
        ({"basis": "amount", "amount": "NaN"}, "“NaN” is no number"),
        ({"basis": "percent", "percent": "-1"}, "“Percent”: “-1” is too little: expected at least 0.01."),
        ({"basis": "percent", "percent": "1000"}, "“Percent”: “1000” is too much: expected at most 100."),
        ({"basis": "full", "condition_amount": "-5", "condition_on": "2026-03-06"}, "“-5” is too little"),
    ],
)
def test_the_preview_of_an_impossible_amount_is_an_error_and_no_figure(
    asking, address, account, entered, words
) -> None:
    data = WHOLE | {"account": account.pk, "preview": "1"} | entered
    part = text(asking.post(address, data, headers={"HX-Request": "true"}))
    assert words in part
    assert "→" not in part
    assert words in text(asking.post(address, data)), "without a script, on the whole page"
    assert words in text(asking.post(address, {name: value for name, value in data.items() if name != "preview"}))
    assert not Waiver.objects.exists()


def test_where_there_is_no_fee_an_amount_is_refused_without_a_figure(asking, address, account, lin, chen) -> None:
    approve(chen, ask(lin, account))
    data = WHOLE | {"account": account.pk, "basis": "amount", "amount": "5", "preview": "1"}
    part = text(asking.post(address, data, headers={"HX-Request": "true"}))
    assert "There is no late fee on account" in part
    assert "→" not in part


def test_what_was_entered_for_another_way_is_passed_over_and_not_lost(asking, address, account) -> None:
    data = WHOLE | {"account": account.pk, "basis": "percent", "percent": "50", "amount": "-5", "preview": "1"}
    page = text(asking.post(address, data))
    assert "¥975.00" in page
    assert "too little" not in page
    assert 'value="-5"' in page
    assert asking.post(address, data | {"preview": ""}).status_code == 200
    del data["preview"]
    assert asking.post(address, data).status_code == 302
    assert Waiver.objects.get().amount == Decimal(975)


def test_asking_leads_to_the_waiver_and_what_is_wrong_stays_on_the_form(asking, address, account) -> None:
    wrong = asking.post(address, WHOLE | {"account": account.pk, "basis": "amount", "amount": "2000"})
    assert wrong.status_code == 422
    assert "at most 1,950.00 CNY" in text(wrong)
    assert 'value="2000"' in text(wrong)
    empty = asking.post(address, WHOLE | {"account": account.pk, "reason": ""})
    assert (empty.status_code, "Say why" in text(empty)) == (422, True)
    odd = asking.post(address, WHOLE | {"account": account.pk, "condition_on": "2026-02-30"})
    assert "2026-02-30” is no date" in text(odd)
    assert not Waiver.objects.exists()
    answer = asking.post(address, WHOLE | {"account": account.pk})
    assert answer["Location"] == f"/waivers/{Waiver.objects.get().pk}/"


def test_of_another_customers_account_or_bill_nothing_is_asked(asking, address, account) -> None:
    other = late_account("2")
    assert asking.post(address, WHOLE | {"account": other.pk}).status_code == 422
    bill = other.bills.get()
    answer = asking.post(address, WHOLE | {"account": account.pk, "basis": "bill", "bill": bill.pk})
    assert answer.status_code == 422
    assert not Waiver.objects.exists()


def test_a_collector_of_another_team_finds_neither_the_case_nor_the_waiver(account, address, lin) -> None:
    UserFactory(role="supervisor")
    waiver = ask(lin, account)
    far = signed_in(UserFactory(team=None))
    assert far.get(address).status_code == 404
    assert far.get(f"/waivers/{waiver.pk}/").status_code == 404
    assert far.post(f"/waivers/{waiver.pk}/", {"reason": "x"}).status_code == 404
    assert list(far.get("/waivers/").context["page"].rows) == []


# --- Deciding


def test_the_decider_compares_before_and_after_and_approves(desk, asking, account, lin) -> None:
    waiver = ask(lin, account, condition_amount=Decimal(50000), condition_on=TODAY + timedelta(days=5))
    page = text(desk.get(f"/approvals/{waiver.request.pk}/"))
    for words in ("¥2,200.00", "¥102,200.00", "¥100,000.00", "once ¥50,000.00 comes by 2026-03-06", "Our own error"):
        assert words in page
    own = text(asking.get(f"/approvals/{waiver.request.pk}/"))
    assert 'value="approve"' not in own
    desk.post(f"/approvals/{waiver.request.pk}/", {"verb": "approve", "seen_version": 1})
    waiver.refresh_from_db()
    assert waiver.status == "waiting"


def test_nobody_approves_her_own_by_a_forged_form(desk, account, chen) -> None:
    UserFactory(role="supervisor")
    waiver = ask(chen, account)
    answer = desk.post(f"/approvals/{waiver.request.pk}/", {"verb": "approve", "seen_version": 1})
    assert answer.status_code in (409, 422)
    assert "You asked for this yourself" in text(answer)
    waiver.refresh_from_db()
    assert waiver.status == "asked"


def test_the_decider_is_told_what_changed(desk, account, lin) -> None:
    waiver = ask(lin, account)
    pay(account, "100500")
    answer = desk.post(f"/approvals/{waiver.request.pk}/", {"verb": "approve", "seen_version": 1})
    assert "Since then: payment P1 of 100,500.00" in text(answer)


def test_what_was_sent_back_is_changed_on_its_own_page(desk, asking, account, lin, chen) -> None:
    waiver = ask(lin, account)
    again = f"/waivers/{waiver.pk}/again/"
    assert asking.get(again).status_code == 404
    approvals.send_back(actor=chen, request_id=waiver.request.pk, seen_version=1, comment="Half of it")
    assert desk.get(again).status_code == 404
    assert f'href="{again}"' in text(asking.get(f"/approvals/{waiver.request.pk}/")), "from where it came back"
    page = text(asking.get(again))
    assert "Half of it" in page
    assert 'name="seen_version" value="2"' in page
    data = WHOLE | {"account": account.pk, "basis": "percent", "percent": "50"}
    assert "changed since you opened it" in text(asking.post(again, data | {"seen_version": "1"}))
    answer = asking.post(again, data | {"seen_version": "2"})
    assert answer["Location"] == f"/waivers/{waiver.pk}/"
    waiver.refresh_from_db()
    assert (waiver.amount, waiver.request.status) == (Decimal(975), "pending")


# --- The list, its file, one waiver


def listed(client: Client, query: str = "") -> list[Waiver]:
    return list(client.get(f"/waivers/{query}").context["page"].rows)


def test_the_list_is_narrowed_by_state_reference_and_reason(desk, account, lin, chen) -> None:
    granted = approve(chen, ask(lin, account, basis="amount", amount=Decimal(10)))
    rejected = ask(lin, account, basis="amount", amount=Decimal(10), reason_code="goodwill")
    approvals.reject(actor=chen, request_id=rejected.request.pk, seen_version=1, comment="No")
    asked = ask(lin, late_account("2"), basis="amount", amount=Decimal(10))
    assert listed(desk) == [asked, rejected, granted]
    assert listed(desk, "?status=granted") == [granted]
    assert listed(desk, "?status=asked") == [asked]
    assert listed(desk, "?status=refused") == [rejected]
    assert listed(desk, "?q=A2") == [asked]
    assert listed(desk, "?q=K1") == [rejected, granted]
    assert listed(desk, "?reason_code=goodwill") == [rejected]
    assert listed(desk, "?policy=hardship") == []
    assert listed(desk, "?day_to=2026-02-28") == []
    page = text(desk.get("/waivers/", headers={"HX-Request": "true"}))
    assert page.lstrip().startswith('<div id="results">')
    assert "王*明" in page


def test_the_file_is_what_the_filters_leave_on_the_record(desk, account, lin) -> None:
    ask(lin, account, condition_amount=Decimal(500), condition_on=TODAY)
    answer = desk.get("/waivers/export/?status=asked")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[1][:7] == ["W" + str(Waiver.objects.get().pk), "王*明", "K1", "A1", rows[1][4], "CNY", "1950.00"]
    assert desk.get("/waivers/export/?day_from=nonsense").status_code == 400


def test_one_waiver_is_taken_back_from_its_page(asking, desk, account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account))
    page = text(asking.get(f"/waivers/{waiver.pk}/"))
    assert "Taken off" in page
    assert "Waiver granted" in page
    assert asking.post(f"/waivers/{waiver.pk}/", {"reason": ""}).status_code == 422
    answer = asking.post(f"/waivers/{waiver.pk}/", {"reason": "The wrong account"})
    request = Request.objects.get(kind="waiver-back")
    assert answer["Location"] == f"/approvals/{request.pk}/"
    assert "The customer owes again" in text(desk.get(f"/approvals/{request.pk}/"))
    assert "waits for a decision" in text(asking.get(f"/waivers/{waiver.pk}/"))
    desk.post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": 1})
    waiver.refresh_from_db()
    assert waiver.status == "taken-back"


def test_the_case_shows_waivers_and_the_way_to_ask(asking, account, lin) -> None:
    waiver = ask(lin, account, basis="amount", amount=Decimal(10))
    case = Case.objects.get(customer=account.customer)
    page = text(asking.get(f"/cases/{case.ref}/beside/"))
    assert f"/waivers/{waiver.pk}/" in page
    assert f"/cases/{case.ref}/waive/" in page


# --- Data entry of policies


def test_a_policy_is_added_from_tomorrow_on(db, today) -> None:
    entry = signed_in(UserFactory(role="administrator"))
    data = {
        "code": "spring", "title": "Spring", "currency": "CNY", "in_use": "on", "reasons": ["first"],
        "most_percent": "30", "yearly_cap": "-1", "source": "Board", "effective_from": str(TODAY + timedelta(days=1)),
    }  # fmt: skip
    page = entry.post("/admin/waivers/waiverpolicy/add/", data)
    assert "-1 is negative: expected 0 or more" in text(page)
    late = entry.post("/admin/waivers/waiverpolicy/add/", data | {"yearly_cap": "9", "effective_from": str(TODAY)})
    assert "2026-03-01 is too early: expected 2026-03-02 or later" in text(late)
    saved = entry.post("/admin/waivers/waiverpolicy/add/", data | {"yearly_cap": "9"})
    assert saved.status_code == 302
    twice = entry.post("/admin/waivers/waiverpolicy/add/", data | {"yearly_cap": "8"})
    assert "Policy spring has a row in CNY from 2026-03-02 on already" in text(twice)


def test_the_installed_policy_is_named_neutrally_also_where_it_was_kept_by_its_former_name() -> None:
    policy = WaiverPolicy.objects.get(code="repayment")
    assert str(policy) == "Repays voluntarily"
    assert word("title", "Repays of her own accord") == "Repays voluntarily"
    with translation.override("zh-hans"):
        assert str(policy) == word("title", "Repays of her own accord") == "主动还款"
