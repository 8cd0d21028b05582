"""Data entry in a real browser, under the real policy: pickers, autocompletes and the dark page work without a complaint."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Bill, BucketTable, Customer, Hold
from accounts.services import customers, posting
from audit.services import SystemActor
from staff.models import Role
from tests.browser.conftest import axe
from tests.factories import PortfolioFactory

ACTOR = SystemActor("test")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def customer(transactional_db: None) -> Customer:
    person = customers.register_customer(actor=ACTOR, ref="C-100", name="王小明")
    posting.open_account(actor=ACTOR, ref="A-100", customer_id=person.pk, product_code="plain", currency="CNY")
    return person


def choose(desk: Page, field: str, typed: str) -> None:
    """Pick from an autocomplete by typing the beginning."""
    desk.locator(f".field-{field} .select2-selection").click()
    desk.locator(".select2-search__field").fill(typed)
    desk.locator(".select2-results__option--highlighted", has_text=typed).click()


def test_a_bill_is_entered_with_the_autocomplete_and_the_calendar(desk: Page, customer: Customer) -> None:
    desk.goto("/admin/accounts/bill/add/")
    choose(desk, "account", "A-1")
    desk.get_by_label("Reference:").fill("B-100")
    for field in ("statement_on", "due_on"):
        desk.locator(f".field-{field} .datetimeshortcuts a", has_text="Today").click()
    desk.locator(".field-due_on .date-icon").click()
    desk.locator(".calendarbox:visible .calendarnav-next").click()
    desk.locator(".calendarbox:visible td a", has_text="15").first.click()
    desk.get_by_label("Principal:").fill("250.50")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.locator(".messagelist")).to_contain_text("B-100")
    bill = Bill.objects.get()
    assert (bill.principal, bill.account.ref, bill.due_on.day) == (Decimal("250.50"), "A-100", 15)
    assert bill.due_on > bill.statement_on


def test_people_are_found_by_number_without_it_in_the_address(desk: Page, customer: Customer) -> None:
    customers.add_contact_point(actor=ACTOR, customer_id=customer.pk, kind="mobile", value="13800002046")
    desk.goto("/admin/accounts/customer/")
    seen: list[str] = []
    desk.on("request", lambda request: seen.append(request.url))
    desk.get_by_role("textbox").first.fill("13800002046")
    desk.get_by_role("button", name="Search").click()
    desk.wait_for_url(f"**/customer/{customer.pk}/change/")
    expect(desk.locator("#content")).to_contain_text("138****2046")
    assert seen
    assert not [address for address in seen if "13800002046" in address]


def test_a_hold_is_lifted_and_a_refusal_is_shown_at_its_field(desk: Page, customer: Customer) -> None:
    account = customer.accounts.get()
    desk.goto(f"/admin/accounts/account/{account.pk}/change/")
    desk.get_by_role("link", name="Place hold").click()
    desk.get_by_label("Kind:").select_option("contact")
    desk.get_by_label("First day:").fill("2026-03-05")
    desk.get_by_label("Last day:").fill("2026-03-01")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.locator(".field-ends_on .errorlist")).to_contain_text("lies before")
    desk.get_by_label("Last day:").fill("")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.locator(".messagelist")).to_contain_text("added successfully")
    hold = Hold.objects.get()
    desk.goto(f"/admin/accounts/hold/{hold.pk}/change/")
    desk.get_by_role("link", name="Lift hold").click()
    desk.get_by_label("Last day:").fill("2026-03-07")
    desk.get_by_label("Reason:").fill("agreed")
    desk.get_by_role("button", name="Lift hold").click()
    expect(desk.locator(".messagelist")).to_contain_text("lifted")


def test_rows_of_a_table_are_added_on_the_page(desk: Page, transactional_db: None) -> None:
    desk.goto("/admin/accounts/buckettable/add/")
    desk.get_by_label("In force from:").fill("2027-01-01")
    desk.get_by_label("Source:").fill("Policy 2")
    desk.locator(".add-row a").click()
    for number, row in enumerate((("E", "1", "10"), ("L", "11", ""))):
        for name, value in zip(("code", "from_days", "to_days"), row, strict=True):
            desk.locator(f"#id_rows-{number}-{name}").fill(value)
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.locator(".messagelist")).to_contain_text("2027-01-01")


def test_rows_are_named_to_who_does_not_see_their_headings(desk: Page, transactional_db: None) -> None:
    team = PortfolioFactory(buckets=["M1"]).team
    table = BucketTable.objects.earliest("effective_from")
    role = Role.objects.get(code="collector")
    for address in (f"staff/team/{team.pk}", f"accounts/buckettable/{table.pk}", f"staff/role/{role.pk}"):
        desk.goto(f"/admin/{address}/change/")
        found = axe(desk)
        assert found.violations_count == 0, (address, found.generate_report())


def test_the_lists_and_pages_open_in_the_dark_too(desk: Page, customer: Customer) -> None:
    desk.emulate_media(color_scheme="dark")
    account = customer.accounts.get()
    for address in ("", "accounts/account/", f"accounts/account/{account.pk}/change/", "accounts/ledgerentry/"):
        desk.goto(f"/admin/{address}")
        expect(desk.locator("#site-name")).to_have_text("Delinquency")
    background = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(18, 22, 28)"
    desk.get_by_role("button", name="Switch to light").click()
    expect(desk.locator("html")).to_have_attribute("data-theme", "light")
    assert desk.evaluate("getComputedStyle(document.body).backgroundColor") != background
    desk.get_by_role("button", name="Switch to dark").click()
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
