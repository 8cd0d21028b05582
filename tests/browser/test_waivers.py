"""A waiver in a real browser: asked for with what it would do beside the form, sent back, changed, approved by somebody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.models import Case
from tests.browser.conftest import sign_in
from tests.browser.test_desk import _faults as faults
from tests.factories import UserFactory
from tests.waivers.conftest import TODAY, ask, late_account, on
from waivers.models import Waiver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(transactional_db: None) -> Iterator[Case]:
    """Of somebody with a late fee of 1,950.00."""
    with on(TODAY):
        yield Case.objects.get(customer=late_account().customer)


@pytest.fixture
def chief(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The window of a supervisor, at another desk."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    sign_in(page, UserFactory(username="chen", display_name="Chen", role="supervisor"))
    yield page
    context.close()


def test_it_is_asked_for_sent_back_changed_and_approved_by_another(page: Page, case: Case, chief: Page) -> None:
    sign_in(page, UserFactory(username="lin", display_name="Lin"))
    page.goto(f"/cases/{case.ref}/")
    page.get_by_role("link", name="Ask for a waiver").click()
    shown = page.locator("#preview")
    expect(shown).to_contain_text("No policy lets this pass")
    page.get_by_label("Reason").select_option("lender-error")
    expect(shown).to_contain_text("At our discretion")
    ways = {name: page.locator(f"#waive [name={name}]") for name in ("amount", "percent", "bill")}
    for field in ways.values():
        expect(field).to_be_hidden()
    page.get_by_label("How much").select_option("amount")
    ways["amount"].fill("-5")
    expect(shown).to_contain_text("“-5” is too little")
    page.get_by_label("How much").select_option("percent")
    expect(ways["amount"]).to_be_hidden()
    expect(ways["bill"]).to_be_hidden()
    page.get_by_label("Percent").fill("50")
    expect(shown).to_contain_text("¥100,975.00")
    page.get_by_label("How much").select_option("amount")
    expect(ways["amount"]).to_have_value("-5")
    page.get_by_label("How much").select_option("percent")
    page.get_by_role("textbox", name="Why").fill("Our letter went astray")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("somebody else decides.")).to_be_visible()
    waiver = Waiver.objects.get()

    chief.goto(f"/approvals/{waiver.request_id}/")
    expect(chief.locator("main")).to_contain_text("¥975.00")
    chief.get_by_label("Comment").fill("All of it")
    chief.get_by_role("button", name="Send back").click()
    expect(chief.get_by_role("heading", name="Sent back for changes")).to_be_visible()

    page.reload()
    page.get_by_role("link", name="Change it and ask again").click()
    page.get_by_label("How much").select_option("full")
    expect(shown).to_contain_text("¥1,950.00")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("is asked for again")).to_be_visible()

    chief.goto(f"/approvals/{waiver.request_id}/")
    chief.get_by_role("button", name="Approve").click()
    expect(chief.get_by_text("and what it asked for is done")).to_be_visible()
    page.goto(f"/cases/{case.ref}/")
    expect(page.locator("#case-side")).to_contain_text("Granted")
    waiver.refresh_from_db()
    assert waiver.status == "granted"


@pytest.mark.parametrize("width", [1440, 390])
def test_its_pages_are_accessible_and_fit(page: Page, case: Case, width: int) -> None:
    lin = UserFactory(username="lin", display_name="Lin")
    chen = UserFactory(username="chen", role="supervisor")
    waiver = ask(lin, case.customer.accounts.get())
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, chen)
    addresses = (f"/cases/{case.ref}/waive/", "/waivers/", f"/waivers/{waiver.pk}/", f"/approvals/{waiver.request_id}/")
    assert not [fault for address in addresses if (fault := faults(page, address))]
