"""A session that ended while a form was being filled loses nothing of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from cases.models import Note
from tests.browser.conftest import sign_in
from tests.factories import DAY, BusinessDayFactory, UserFactory
from tests.whole_cases import workable_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripted", [True, False])
def test_what_was_typed_is_saved_after_signing_in_in_another_tab(
    browser: Browser, live_server: LiveServer, scripted: bool
) -> None:
    BusinessDayFactory(date=DAY - timedelta(days=1))
    case = workable_case()
    lin = UserFactory(username="lin")
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, lin)
    page.goto(f"/cases/{case.ref}/note/")
    page.get_by_role("textbox", name="Note").fill("Works nights")
    session, token = (
        next(one for one in context.cookies() if one["name"] == name) for name in ("sessionid", "csrftoken")
    )
    context.clear_cookies(name="sessionid")
    if scripted:
        page.get_by_role("button", name="Save").first.click()
    else:
        page.evaluate("document.getElementById('act').submit()")  # as a whole, as where htmx did not come
    expect(page.get_by_role("heading", name="You were signed out")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in in another tab")).to_have_attribute("target", "_blank")
    # What signing in in another tab does: the session is there again, and every form has another token.
    context.add_cookies([{**session, "expires": -1}, {**token, "value": "n" * 32}])
    if scripted:
        page.get_by_role("button", name="I have signed in: go on").click()
        expect(page.get_by_role("textbox", name="Note")).to_have_value("Works nights")
        page.get_by_role("button", name="Save").first.click()
        expect(page.locator("#act-sheet")).to_have_count(0)
    else:
        page.get_by_role("button", name="Save again").click()
        page.wait_for_url(f"**/cases/{case.ref}/")
    assert Note.objects.get().text == "Works nights"
    context.close()
