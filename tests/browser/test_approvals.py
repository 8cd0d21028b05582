"""Four eyes in a real browser: one asks, another sends back and approves; at the desk and on a telephone."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accounts.models import Account
from approvals import services
from approvals.models import Request
from tests.browser.conftest import axe, sign_in
from tests.factories import AccountFactory, BusinessDayFactory, CaseFactory, UserFactory
from tests.kinds import asked
from tests.queues import work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def request_row(transactional_db: None) -> Request:
    BusinessDayFactory()
    lin = UserFactory(username="wu", display_name="Wu Jing")
    return asked(lin, AccountFactory(customer=CaseFactory().customer), currency="CNY", amount=30000)


def as_supervisor(page: Page) -> Page:
    sign_in(page, UserFactory(username="chief", display_name="Chief", role="supervisor"))
    return page


def accessible(page: Page) -> None:
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_supervisor_finds_it_by_the_rail_sends_it_back_and_approves_it(request_row: Request, page: Page) -> None:
    as_supervisor(page)
    link = page.locator(".rail").get_by_role("link", name="Approvals")
    expect(link.locator("b")).to_have_text("1")
    link.click()
    accessible(page)
    page.locator(".rows").get_by_role("link", name="Credit limit").click()
    expect(page.locator("#preview")).to_have_text("20000.00 → 30000.00")
    accessible(page)
    page.get_by_label("Comment").fill("Half of that")
    page.get_by_role("button", name="Send back").click()
    expect(page.get_by_role("heading", name="Sent back for changes")).to_be_visible()
    services.resubmit(
        actor=request_row.requested_by, request_id=request_row.pk, seen_version=2, payload={"limit": "25000.00"},
        preview={"before": "20000.00", "after": "25000.00"}, reason="Half, then", amount=25000,
    )  # fmt: skip
    page.reload()
    expect(page.locator("#preview")).to_have_text("20000.00 → 25000.00")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("and what it asked for is done")).to_be_visible()
    assert Account.objects.get(pk=request_row.subject_id).credit_limit == 25000


def test_on_a_telephone_the_list_is_narrowed_in_place(request_row: Request, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    as_supervisor(page).goto("/approvals/")
    expect(page.locator(".rows").get_by_role("link", name="Credit limit")).to_be_visible()
    page.get_by_role("link", name="Asked by me").click()
    expect(page.get_by_role("heading", name="No request yet")).to_be_visible()
    page.wait_for_url("**/approvals/?show=mine")
    page.locator("#show-all").click()
    expect(page.locator(".rows").get_by_role("link", name="Credit limit")).to_be_visible()
    page.get_by_label("State").select_option("Rejected")
    expect(page.get_by_role("heading", name="No request matches")).to_be_visible()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"


def test_several_are_decided_with_one_press_and_each_answers(request_row: Request, page: Page, valkey) -> None:
    other = asked(request_row.requested_by, AccountFactory(customer=CaseFactory().customer))
    as_supervisor(page).goto("/approvals/")
    assert page.locator("#bulk").evaluate("bar => bar.classList.contains('is-idle')"), "nothing is ticked yet"
    page.get_by_label("Select every row").check()
    expect(page.locator("[data-selected]")).to_have_text("2")
    Account.objects.filter(pk=other.subject_id).update(credit_limit=1)
    page.locator("#bulk").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Approve 2 requests?")).to_be_visible()
    expect(page.locator("#sums")).to_contain_text("¥30,000.00")
    accessible(page)
    page.get_by_role("button", name="Yes, approve them").click()
    page.wait_for_url("**/approvals/decide/*/")
    accessible(page)
    work()
    expect(page.get_by_text("The limit is 1.00 by now")).to_be_visible()
    expect(page.locator("#bulk-decision .pill.may").first).to_be_visible()
    assert Account.objects.get(pk=request_row.subject_id).credit_limit == 30000
    assert Account.objects.get(pk=other.subject_id).credit_limit == 1


@pytest.mark.parametrize("width", [1440, 390])
def test_a_delegation_and_a_document_at_every_width(
    request_row: Request, page: Page, settings, tmp_path, width
) -> None:
    settings.MEDIA_ROOT = tmp_path
    UserFactory(display_name="Zhou", role="supervisor")
    page.set_viewport_size({"width": width, "height": 900})
    as_supervisor(page).goto("/approvals/delegations/")
    page.get_by_label("Who stands in").select_option("Zhou")
    page.get_by_label("Reason").fill("Leave")
    page.get_by_label("Last day").fill(page.get_by_label("First day").input_value())
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("in force")).to_be_visible()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"
    services.attach(
        actor=request_row.requested_by, request_id=request_row.pk, seen_version=1, name="Payslip",
        documents=[SimpleUploadedFile("a.pdf", b"%PDF-1.4 payslip")],
    )  # fmt: skip
    page.goto(f"/approvals/{request_row.pk}/")
    expect(page.get_by_role("heading", name="Who may decide")).to_be_visible()
    with page.expect_download() as given:
        page.get_by_role("link", name="Payslip").click()
    assert given.value.suggested_filename.endswith(".pdf")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"
    # What the page still asks for must not meet the end of the database.
    page.wait_for_load_state("networkidle")
