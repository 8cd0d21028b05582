"""A template in a real browser: written beside its preview, put forward, approved by somebody else; axe finds nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from reminders.models import Template, TemplateVersion
from reminders.services import templates as services
from tests.browser.conftest import axe, sign_in
from tests.browser.test_desk import _faults as faults
from tests.factories import UserFactory
from tests.sizes import VARIANTS
from tests.whole_cases import late_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_is_written_seen_put_forward_and_approved_by_another(page: Page) -> None:
    case = late_case()
    chen = UserFactory(username="chen", display_name="Chen", role="legal-officer")
    sign_in(page, UserFactory(username="lin", role="administrator"))
    page.goto("/templates/")
    page.get_by_role("link", name="Overdue, SMS").click()
    page.get_by_role("button", name="New version").click()
    words = page.locator("#id_body_en")
    words.fill("{lender}: {totl} is due. {pay_url} {lender_contact} {opt_out}")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("there is no variable “totl”")
    words.fill("{lender}: {total} is due. {pay_url} {lender_contact} {opt_out}")
    expect(preview).not_to_contain_text("there is no variable")
    expect(preview).to_contain_text("GSM-7")
    page.get_by_label("A customer's, an account's or a case's reference").fill(case.customer.accounts.get().ref)
    expect(preview).not_to_contain_text("1,314.50")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator(".alert-success")).to_contain_text("The draft is saved.")
    page.get_by_label("What changed, and why").fill("Shorter")
    page.get_by_role("button", name="Save and ask for approval").click()
    expect(page.locator(".alert-info")).to_contain_text("Version 2 waits")
    page.context.clear_cookies()

    sign_in(page, chen)
    page.goto("/approvals/")
    page.locator("a.open", has_text="Approve a template").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve a template")
    expect(page.locator("main")).to_contain_text("{total} is due.")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Shown with values made up")
    page.get_by_label("A customer's, an account's or a case's reference").fill(case.ref)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(preview).to_contain_text(f"Shown with {case.customer.masked_name}, {case.customer.ref}.")
    report = axe(page)
    assert not report.violations_count, report.generate_report()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".alert-success")).to_contain_text("is approved")
    version = TemplateVersion.objects.get(template__name="overdue-sms", status="approved")
    assert (version.number, version.written_by_name, version.approved_by_name) == (2, "Lin", "Chen")


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_the_preview_says_while_it_is_behind(desk: Page, scheme: str, width: int) -> None:
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": width, "height": 900})
    preview, held = _written(desk)
    desk.locator("#id_body_en").fill("{lender}: another text")
    expect(preview).to_have_attribute("aria-busy", "true")
    expect(preview.get_by_text("Refreshing…")).to_be_visible()
    expect(preview).not_to_contain_text("another text")
    report = axe(desk)
    assert not report.violations_count, report.generate_report()
    held.pop().continue_()
    expect(preview).to_contain_text("another text")
    expect(preview).not_to_have_attribute("aria-busy", "true")
    expect(preview.get_by_text("Refreshing…")).to_be_hidden()


def test_the_preview_says_that_no_newer_came(browser: Browser, live_server: LiveServer) -> None:
    # A window of its own: what the browser reports of the lost answer is meant.
    with browser.new_context(base_url=live_server.url, locale="en-GB") as context:
        page = context.new_page()
        sign_in(page, UserFactory(is_superuser=True))
        preview, held = _written(page)
        page.locator("#id_body_en").fill("{lender}: another text")
        expect(preview).to_have_attribute("aria-busy", "true")
        held.pop().abort()
        expect(preview).not_to_have_attribute("aria-busy", "true")
        expect(preview.get_by_text("Could not be refreshed")).to_be_visible()
        page.locator("#id_body_en").fill("{lender}: a third text")
        expect(preview.get_by_text("Refreshing…")).to_be_visible()
        held.pop().continue_()
        expect(preview).to_contain_text("a third text")
        expect(preview.get_by_text("Could not be refreshed")).to_be_hidden()


def _written(page: Page) -> tuple[Locator, list[Route]]:
    """A draft being written: its preview, and the requests for newer ones, which are held back."""
    template = Template.objects.get(name="first-late")
    services.begin_draft(actor=UserFactory(role="administrator"), template_id=template.pk)
    held: list[Route] = []
    page.route("**/preview/", lambda route: held.append(route))
    page.goto("/templates/first-late/edit/")
    return page.locator("#preview"), held


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_axe_finds_nothing_on_their_pages(desk: Page, scheme: str, width: int) -> None:
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": width, "height": 900})
    template = Template.objects.get(name="overdue-sms")
    services.begin_draft(actor=UserFactory(role="administrator"), template_id=template.pk)
    addresses = ["/templates/", "/templates/first-late/", "/templates/new/"]
    addresses += ["/templates/overdue-sms/", "/templates/overdue-sms/edit/"]
    assert not [fault for address in addresses if (fault := faults(desk, address))]
