"""The way in, in a real browser: the first time with the app's key, later with its code; axe finds nothing on any page."""

from __future__ import annotations

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from staff.models import User
from tests.browser.conftest import axe, pass_the_door
from tests.factories import UserFactory
from tests.staff.doors import PASSWORD, enrolled, present_code, wrong_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def is_accessible(page: Page) -> None:
    found = axe(page)
    assert not found.violations_count, found.generate_report()


def give_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_the_first_time_one_sets_up_the_app_and_keeps_the_recovery_codes(page: Page) -> None:
    user = UserFactory(username="wang")
    page.goto("/login/")
    is_accessible(page)
    give_password(page, user)
    expect(page.get_by_role("heading", name="Set up the second step")).to_be_visible()
    picture = page.get_by_role("img")
    assert picture.evaluate("image => image.naturalWidth") > 100
    is_accessible(page)
    page.get_by_label("Code").fill(present_code(TOTPDevice.objects.get(user=user)))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator("li code")).to_have_count(10)
    is_accessible(page)
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_url("**/")


def test_a_wrong_code_is_told_at_the_field(page: Page) -> None:
    user = UserFactory(username="wang")
    device = enrolled(user)
    give_password(page, user)
    expect(page.get_by_label("Code")).to_be_focused()
    is_accessible(page)
    page.get_by_label("Code").fill(wrong_code(device))
    page.keyboard.press("Enter")
    expect(page.get_by_text("That code is not right")).to_be_visible()
    is_accessible(page)


def test_who_was_given_a_password_changes_it_first(page: Page) -> None:
    user = UserFactory(username="wang", must_change_password=True)
    device = enrolled(user)
    give_password(page, user)
    page.get_by_label("Code").fill(present_code(device))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Choose a password of your own")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("seven lamps over water")
    page.get_by_label("New password confirmation").fill("seven lamps over water")
    page.get_by_role("button", name="Change the password").click()
    page.wait_for_url("**/")


def test_an_administrator_ends_somebodys_session(page: Page) -> None:
    user = UserFactory(username="boss", role="administrator")
    pass_the_door(page, user)
    for address in ("/preferences/", "/sessions/", "/password/", "/recovery-codes/"):
        page.goto(address)
        is_accessible(page)
