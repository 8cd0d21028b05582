"""A real browser: the machine's Chromium, driven by Playwright against the live server."""

from __future__ import annotations

import asyncio
import os
import shutil
from asyncio import AbstractEventLoop
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from staff.models import User
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.staff.doors import PASSWORD, enrolled, present_code

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Each window of a Chromium without a head has an address bar, which nobody sees: drawing its pop-ups takes two thirds of what
# opening a window takes. The argument replaces Playwright's own, whose features are named again.
WITHOUT = [
    *("PreloadTopChromeWebUI", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "PaintHolding"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "ThirdPartyStoragePartitioning", "AimEnabled"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
]
ARGUMENTS = [
    f"--disable-features={','.join(WITHOUT)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[tuple[Browser, AbstractEventLoop]]:
    """The machine's Chromium, started once, and the loop that Playwright runs in this thread. Where CI is set its absence is a
    failure; elsewhere the test says that it was left out."""
    if CHROMIUM is None:
        said = "No Chromium on this machine: install it (Debian: apt-get install chromium) to run the browser tests."
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        loop = asyncio.get_running_loop()
        # Tests that know of no browser run in between, and theirs may be other loops.
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture(scope="module")
def browser(django_db_setup: None, chromium: tuple[Browser, AbstractEventLoop]) -> Iterator[Browser]:
    """Chromium for one module's tests."""
    own = connections[DEFAULT_DB_ALIAS]
    found, loop = chromium
    with pytest.MonkeyPatch.context() as patched:
        # Under a loop Django would refuse the database, and keep connections apart from those that the tests' set-up prepared.
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        asyncio._set_running_loop(loop)
        connections[DEFAULT_DB_ALIAS] = own
        yield found
        asyncio._set_running_loop(None)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A fresh window of a desk's size. Any error that the browser reports, a refused script or style included, fails the test;
    but for what htmx says of a request whose page was left before the answer came."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    left = any(line.startswith("htmx:sendAbort") for line in complaints)
    of_left = ("htmx:sendAbort", "htmx:afterRequest") if left else ()
    assert not [line for line in complaints if not line.startswith(of_left)]


def axe(page: Page, within: str | None = None) -> AxeResults:
    """What axe finds on the page (or `within` a part of it, a selector), WCAG 2.2 included: its rule on the size of what is
    clicked is off by itself. What passed is left out of its answer, which halves the time. The stylesheets are not fetched
    anew, which takes a quarter of the rest: one rule alone reads them, `css-orientation-lock`, and `test_data_entry.py` asks
    it at the desk and in data entry, whose pages have all the sheets between them."""
    rules = {"target-size": {"enabled": True}, "css-orientation-lock": {"enabled": False}}
    return Axe().run(page, context=within, options={"resultTypes": ["violations"], "preload": False, "rules": rules})


def sign_in(page: Page, user: User) -> None:
    """Open the first page as `user`, who passed both steps before: `pass_the_door` takes a second or two."""
    session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": "localhost", "path": "/"}]
    )
    page.goto("/")


def pass_the_door(page: Page, user: User) -> None:
    """Come in through the real pages: name and password, then the code that the user's app shows now."""
    device = enrolled(user)
    page.goto("/")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(present_code(device))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/")


@pytest.fixture
def desk(page: Page) -> Page:
    """The window of somebody who may do everything."""
    sign_in(page, UserFactory(username="lin", is_superuser=True))
    return page
