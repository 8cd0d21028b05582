"""Channels and messages in doubt in a real browser: figures that renew themselves while seen, and a decision with its reason."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from reminders.models import ChannelControl, Message
from tests.browser.conftest import axe, sign_in
from tests.factories import BusinessDayFactory, CaseFactory, MessageFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HIDE = "hidden => Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true})"


def accessible(page: Page) -> None:
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()


def narrow(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"


def test_the_figures_renew_themselves_only_while_somebody_sees_them(page: Page) -> None:
    BusinessDayFactory()
    sign_in(page, UserFactory(username="runner", role="administrator"))
    page.clock.install()
    page.goto("/channels/")
    accessible(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/channels/health/" in request.url else None)
    ChannelControl.objects.filter(channel="sms").update(state="paused")
    page.clock.run_for(16_000)
    expect(page.get_by_role("row", name="SMS")).to_contain_text("paused")
    assert len(asked) == 1
    page.evaluate(HIDE, True)
    page.clock.run_for(60_000)
    assert len(asked) == 1
    page.evaluate(HIDE, False)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
    assert len(asked) == 2
    narrow(page)


def test_an_administrator_pauses_a_channel_with_a_reason(page: Page) -> None:
    BusinessDayFactory()
    sign_in(page, UserFactory(username="runner", role="administrator"))
    page.locator(".rail").get_by_role("link", name="Channels").click()
    page.get_by_role("link", name="E-mail").click()
    accessible(page)
    page.get_by_label("From now on").select_option("paused")
    page.locator("#state-reason").fill("The server is renewed")
    page.get_by_role("button", name="Set the state").click()
    expect(page.locator(".heading")).to_contain_text("paused")
    assert ChannelControl.objects.get(channel="email").reason == "The server is renewed"
    narrow(page)


def test_a_supervisor_decides_about_a_message_in_doubt(page: Page) -> None:
    BusinessDayFactory()
    message = MessageFactory(customer=CaseFactory().customer, status="review", context={"accounts": []})
    sign_in(page, UserFactory(username="chief", role="supervisor"))
    page.locator(".rail").get_by_role("link", name="To be looked at").click()
    accessible(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/messages/{message.pk}/")
    accessible(page)
    narrow(page)
    page.locator("#give-up-reason").fill("Too old")
    page.get_by_role("button", name="Give it up").click()
    expect(page.get_by_role("heading", name="Nothing to look at")).to_be_visible()
    assert Message.objects.get().status == "failed"
