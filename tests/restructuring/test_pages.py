"""The pages: offers beside each other, asking, the agreement and its signature, deciding, the list."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from approvals.models import Request
from cases.models import Case
from restructuring.models import Agreement, Plan
from runs import clock
from tests.clients import signed_in
from tests.factories import TeamFactory, UserFactory
from tests.papers import picture
from tests.restructuring.deeds import TODAY, ask, bill, close_through, noon, running

pytestmark = pytest.mark.django_db
PNG = picture("PNG")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def desk(client: Client, account, lin) -> Iterator[Client]:
    """Lin's, the day after: her team works the case."""
    close_through(TODAY)
    assert Case.objects.filter(customer=account.customer).exists()
    with clock.frozen(noon(TODAY + timedelta(days=1))):
        client.force_login(lin)
        yield client


def chosen(**values: str) -> dict[str, str]:
    return {
        "covers": "overdue",
        "late_fee": "carry",
        "income": "6000",
        "expenses": "4000",
        "a-kind": "instalments",
        "a-first_due_on": "2026-04-01",
        "a-count": "6",
        "a-method": "equal-instalments",
        "a-annual_rate": "6",
        "b-kind": "settlement",
        "b-first_due_on": "2026-03-20",
        "b-discount": "300",
        "c-kind": "",
    } | values


def test_offers_are_shown_beside_each_other_as_they_are_typed(desk: Client, account) -> None:
    address = reverse("plan-new", args=[account.ref])
    page = desk.get(address).content.decode()
    assert "Offer A" in page
    assert "Offer C" in page
    part = desk.post(address, chosen(), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert part.count("<article") == 2
    assert "Affordable" in part
    # More than 60 months, and a count that is no number.
    part = desk.post(
        address, chosen(**{"a-count": "60", "a-first_due_on": "2026-06-01"}), headers={"HX-Request": "true"}
    )
    assert "Not allowed" in part.content.decode()
    part = desk.post(address, chosen(**{"a-count": "x"}), headers={"HX-Request": "true"}).content.decode()
    assert "is no whole number" in part
    desk.post(address, chosen(ask="1", offer="a", reason="x"), headers={"HX-Request": "true"})
    assert not Plan.objects.exists()


@pytest.mark.parametrize("field", ["a-balloon", "b-discount", "income", "expenses"])
def test_an_amount_below_nothing_is_refused_where_it_stands_and_nothing_is_none(desk: Client, account, field) -> None:
    address = reverse("plan-new", args=[account.ref])
    page = desk.post(address, chosen(**{field: "-200"})).content.decode()
    assert "“-200” is too little: expected at least 0." in page
    assert 'value="-200"' in page
    assert "is too little" not in desk.post(address, chosen(**{field: "0"})).content.decode()
    page = desk.post(address, chosen(**{field: "1e30"})).content.decode()
    assert "“1e30” is too much: expected at most 999999999999.99." in page


def test_who_may_decide_is_who_sees_the_customer_and_nobody_else_is_asked(desk: Client, account) -> None:
    address = reverse("plan-new", args=[account.ref])
    UserFactory(role="supervisor", display_name="Far", team=TeamFactory(name="Team 2"))
    wanted = chosen(ask="1", offer="a", reason="Lost her job")
    refused = desk.post(address, wanted)
    assert refused.status_code == 422
    assert refused.content.decode().count("Nobody may decide this at the moment, so that it cannot be asked for") == 2
    UserFactory(role="supervisor", display_name="Near")
    shown = desk.post(address, chosen(), headers={"HX-Request": "true"}).content.decode()
    assert "Near" in shown
    assert "Far" not in shown


def test_documents_are_attached_as_a_plan_is_asked_for(desk: Client, account, chen) -> None:
    paper = SimpleUploadedFile("payslip.png", PNG, content_type="image/png")
    wanted = chosen(ask="1", offer="a", reason="Lost her job") | {"documents": [paper]}
    assert desk.post(reverse("plan-new", args=[account.ref]), wanted).status_code == 302
    assert Plan.objects.get().request.attachments.get().media_type == "image/png"


def test_days_out_of_reach_are_refused_and_what_does_nothing_is_said(desk: Client, account) -> None:
    address = reverse("plan-new", args=[account.ref])

    def part(**values: str) -> str:
        return desk.post(address, chosen(**values), headers={"HX-Request": "true"}).content.decode()

    for day in ("2099-01-01", "9000-12-31"):
        for kind in ("instalments", "extension", "settlement"):
            shown = part(**{"a-first_due_on": day, "a-kind": kind, "a-count": "1"})
            told = shown.split('class="wrong">')[1].split("</p>")[0]
            assert "is too late: it may be due until" in told or "make no schedule" in told
    refused = desk.post(address, chosen(ask="1", offer="a", reason="x", **{"a-first_due_on": "2099-01-01"}))
    assert refused.status_code == 422
    assert "or an earlier first due date" in refused.content.decode()
    shown = part(**{"a-discount": "5", "a-method": "stepped", "a-step_every": "6"})
    assert "The discount is passed over" in shown
    assert "The step never comes: 6 instalments pay principal" in shown
    assert shown.count("Who may decide") == 1
    # A settlement below what is owed costs nothing a year.
    assert "-" not in shown.split("Yearly cost (IRR)")[2][:60].replace("</dt><dd>", "")
    assert "The present value is reckoned at" in shown
    assert "Affordable" not in part(income="-1")
    closed = desk.post(address, chosen(ask="1", offer="a", reason="x", income="-1"))
    assert closed.status_code == 200
    assert not Plan.objects.exists()


def test_of_an_account_with_a_live_plan_the_form_is_closed(client: Client, account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    client.force_login(chen)
    address = reverse("plan-new", args=[account.ref])
    page = client.get(address)
    assert (page.status_code, b"<fieldset" in page.content) == (200, False)
    assert f"has plan {plan.ref}, which is not over" in page.content.decode()
    assert client.post(address, chosen(ask="1", offer="a", reason="x")).status_code == 409
    shown = client.get(reverse("approval", args=[plan.request_id])).content.decode()
    for what in ("Paid in instalments", "Equal instalments", "6.00 %", "Yearly cost (IRR)", "On track"):
        assert what in shown


def test_one_is_asked_for_printed_signed_and_decided(desk: Client, account, lin, chen) -> None:
    address = reverse("plan-new", args=[account.ref])
    refused = desk.post(address, chosen(ask="1", offer="c", reason="x"))
    assert refused.status_code == 422
    done = desk.post(address, chosen(ask="1", offer="a", reason="Lost her job"))
    plan = Plan.objects.get()
    assert done["Location"] == reverse("plan", args=[plan.ref])
    page = desk.get(done["Location"]).content.decode()
    assert f"{plan.total:,.2f}" in page
    assert "Print the agreement" in page
    for language, title in (("en", "Repayment agreement"), ("zh-hans", "还款协议")):
        answer = desk.post(reverse("plan-agreement", args=[plan.ref, language]))
        printed = b"".join(answer.streaming_content)
        text = "".join(part.extract_text() for part in PdfReader(io.BytesIO(printed)).pages).replace("\0", "")
        assert title in text
        assert "王小明" in text
        for one in plan.instalments.all():
            assert f"{one.total:,.2f}" in text
            assert one.due_on.isoformat() in text
        assert all(f"{number}. " in text for number in range(1, 7))
        # The same file ever after.
        again = b"".join(desk.post(reverse("plan-agreement", args=[plan.ref, language])).streaming_content)
        assert again == printed
    assert Agreement.objects.count() == 2
    wrong = desk.post(done["Location"], {"language": "en", "scan": SimpleUploadedFile("a.png", b"MZ")})
    assert wrong.status_code == 422
    signed = desk.post(done["Location"], {"language": "en", "scan": SimpleUploadedFile("a.png", PNG)})
    assert signed.status_code == 302
    plan.refresh_from_db()
    assert plan.status == "signed"
    scan = desk.get(reverse("plan-scan", args=[plan.ref, "en"]))
    assert b"".join(scan.streaming_content) == PNG
    request = Request.objects.get()
    desk.force_login(chen)
    shown = desk.get(reverse("approval", args=[request.pk])).content.decode()
    assert f"{plan.total:,.2f}" in shown
    assert "Signed" in shown
    assert "Affordable" in shown
    desk.post(
        reverse("approval", args=[request.pk]), {"verb": "approve", "seen_version": request.version, "comment": "Yes"}
    )
    plan.refresh_from_db()
    assert plan.status == "running"
    assert "On track" in desk.get(done["Location"]).content.decode()


def test_the_list_counts_narrows_and_exports(client: Client, account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    client.force_login(chen)
    page = client.get(reverse("plans")).content.decode()
    assert plan.ref in page
    assert "2026-04-01" in page
    assert plan.ref not in client.get(reverse("plans"), {"status": "breached"}).content.decode()
    assert plan.ref in client.get(reverse("plans"), {"q": "A1"}).content.decode()
    rows = b"".join(client.get(reverse("plans-export")).streaming_content).decode()
    assert f"{plan.total}" in rows
    assert ",0.00," in rows
    assert "E-" not in rows
    assert "王小明" not in rows


def test_the_case_shows_its_plans_and_where_offers_are_made(desk: Client, account, lin, chen, terms) -> None:
    case = Case.objects.get(customer=account.customer)
    beside = reverse("case-beside", args=[case.ref])
    assert reverse("plan-new", args=[account.ref]) in desk.get(beside).content.decode()
    plan = ask(lin, account, terms)
    assert reverse("plan", args=[plan.ref]) in desk.get(beside).content.decode()


def test_both_languages(desk: Client, account, lin, chen, terms) -> None:
    plan = ask(lin, account, terms)
    desk.cookies["django_language"] = "zh-hans"
    assert "还款计划" in desk.get(reverse("plan", args=[plan.ref])).content.decode()
    assert "并列比较" in desk.get(reverse("plan-new", args=[account.ref])).content.decode()
    assert plan.total > Decimal(0)


@pytest.mark.parametrize("status", ["asked", "signed"])
@pytest.mark.parametrize("count", [2, 12])
def test_the_request_asks_as_much_for_many_as_for_few(
    account, lin, chen, terms, status, count, django_assert_max_num_queries
) -> None:
    """Of instalments and bills; as few as other requests within an authority (`tests/approvals/test_pages.py`)."""
    for number in range(count):
        bill(account, f"X{number}", date(2026, 1, 1), date(2026, 1, 21), "10")
    plan = ask(lin, account, replace(terms, count=count))
    Plan.objects.filter(pk=plan.pk).update(status=status)
    client = signed_in(chen)
    with django_assert_max_num_queries(17):
        page = client.get(f"/approvals/{plan.request_id}/")
    assert page.status_code == 200
    assert ("not signed yet" in page.content.decode()) == (status == "asked")
