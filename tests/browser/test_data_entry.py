"""The data-entry pages in a real browser: axe finds nothing on lists and forms, in the theme that was chosen for the desk."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from tests.browser.conftest import axe, sign_in
from tests.factories import JobRunFactory, UserFactory
from tests.sizes import VARIANTS, dealt
from tests.whole_cases import late_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADMINISTRATORS = (
    *("staff/user/", "staff/user/add/", "staff/role/", "staff/role/add/", "audit/event/"),
    *("compliance/contactrule/", "compliance/contactrule/add/?code=calls-a-day", "runs/dayclose/"),
)
ENTRY = (
    *("", "accounts/account/", "accounts/account/add/", "accounts/account/{account}/change/"),
    *("accounts/account/{account}/history/", "accounts/account/import/", "accounts/customer/add/"),
    *("accounts/customer/{customer}/change/", "accounts/contactpoint/", "accounts/bill/add/", "accounts/payment/add/"),
)


@pytest.mark.parametrize(("theme", "width"), VARIANTS)
@pytest.mark.parametrize(("role", "addresses"), [("administrator", ADMINISTRATORS), ("data-entry", ENTRY)])
def test_axe_finds_nothing(
    browser: Browser, live_server: LiveServer, role: str, addresses: tuple[str, ...], theme: str, width: int
) -> None:
    account: Account = late_case().customer.accounts.get()
    # Without the policy: axe itself styles what it measures on long forms.
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 900}, locale="en-GB", bypass_csp=True
    )
    context.add_cookies([{"name": "delinquency_theme", "value": theme, "url": live_server.url}])
    page = context.new_page()
    reader = UserFactory(role=role)
    JobRunFactory(kind="import", actor_id=reader.pk, arguments={"upload": "x", "dry_run": True}, status="done")
    sign_in(page, reader)
    reports = []
    for address in dealt(addresses, width):
        page.goto(f"/admin/{address.format(account=account.pk, customer=account.customer_id)}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            reports.append(f"{address} is wider than its window")
        results = axe(page)
        if results.violations_count:
            reports.append(f"{address}\n{results.generate_report()}")
    context.close()
    assert not reports, "\n".join(reports)


def test_a_bill_beside_its_account_makes_the_page_no_wider_than_its_window(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": 1366, "height": 768},
        locale="en-GB",
        timezone_id="America/New_York",
    )
    page = context.new_page()
    sign_in(page, UserFactory(role="data-entry"))
    page.goto("/admin/accounts/account/add/")
    page.locator(".add-row a").first.click()
    expect(page.locator('[name$="-0-due_on"]')).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    context.close()


def test_no_stylesheet_holds_a_page_to_one_orientation(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(base_url=live_server.url, bypass_csp=True)
    page = context.new_page()
    sign_in(page, UserFactory(role="data-entry"))
    for address in ("/preferences/", "/admin/accounts/account/add/"):
        page.goto(address)
        found = Axe().run(page, options={"runOnly": ["css-orientation-lock"]}).response
        # Not incomplete: it could read the sheets.
        assert [len(found[kind]) for kind in ("passes", "violations", "incomplete")] == [1, 0, 0], address
    context.close()


def test_the_theme_of_the_desk_holds_and_is_changed_here_too(page: Page) -> None:
    sign_in(page, UserFactory(role="data-entry"))
    page.context.add_cookies([{"name": "delinquency_theme", "value": "light", "url": page.url}])
    page.goto("/admin/accounts/account/")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Theme: light. Switch to dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/admin/accounts/account/")
