"""What stays where it is in a real browser: the page while it loads, a case's head, and what was typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from accounts.models import ContactPoint
from cases.models import Case
from cases.services.follow_ups import schedule
from runs import clock
from staff.models import Team, User
from tests.browser.conftest import sign_in
from tests.browser.test_hour import panel
from tests.factories import DAY, MOMENT, BusinessDayFactory, CustomerFactory, UserFactory
from tests.kinds import asked
from tests.whole_cases import workable_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHIFTS = """
window.shifted = 0;
window.moved = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.shifted += entry.value;
    window.moved.push(...entry.sources.map((one) => one.node?.outerHTML?.slice(0, 120)));
  }
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(MOMENT):
        yield


@pytest.fixture
def cases() -> list[Case]:
    """Two cases: one with little to say in its head, one with much."""
    BusinessDayFactory(date=DAY - timedelta(days=1))
    plain = workable_case(ref="K-1", priority=9, customer=CustomerFactory(name="王小明"))
    full = workable_case(ref="K-2", priority=5, customer=CustomerFactory(name="李明"))
    ContactPoint.objects.filter(customer=full.customer).update(verification="unverified")
    return [plain, full]


@pytest.fixture
def zhao() -> User:
    return UserFactory(username="zhao", display_name="Zhao", role="supervisor")


def come_late(route: Route) -> None:
    """What a page asks for itself comes when the page has been drawn."""
    route.request.frame.page.wait_for_timeout(300)
    route.continue_()


@pytest.mark.parametrize("address", ["/worklist/", "/board/", "/cases/K-1/"])
def test_nothing_jumps_while_a_page_loads(kinds: None, cases: list[Case], page: Page, zhao: User, address: str) -> None:
    asked(UserFactory(username="lin", is_superuser=True), cases[0].customer.accounts.get())
    sign_in(page, zhao)
    page.add_init_script(SHIFTS)
    page.route("**/queues/counts/*", come_late)
    page.route("**/board/*/", come_late)
    page.goto(address)
    expect(page.locator(".rail .n-approval-kinds li")).not_to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.005, page.evaluate("window.moved")


@pytest.mark.parametrize("width", [1200, 1280, 1440, 1920])
def test_the_actions_stand_at_the_same_height_in_every_case(
    cases: list[Case], page: Page, zhao: User, width: int
) -> None:
    sign_in(page, zhao)
    page.set_viewport_size({"width": width, "height": 900})
    Team.objects.filter(pk=cases[1].team_id).update(name="Late stage, north-eastern provinces")
    Case.objects.filter(pk=cases[1].pk).update(assignee=zhao, overdue_amount=Decimal("123456789.01"))
    schedule(
        actor=zhao, case_id=cases[1].pk, on=DAY + timedelta(days=2), seen_version=cases[1].version,
        note="Ask again whether the transfer from the other bank has gone out, and when it shall arrive",
    )  # fmt: skip
    heights = []
    for case in cases:
        page.goto(f"/cases/{case.ref}/")
        heights.append(page.locator("#panel").bounding_box()["y"])  # type: ignore[index]  # it is there
        figures = page.locator(".case .figures")
        assert figures.evaluate(
            "(all) => { const ends = (one) => one.getBoundingClientRect().right;"
            " return [...all.children].every((one) => ends(one) <= ends(all) + 1); }"
        )
    assert heights[0] == heights[1]


def test_who_and_whether_stay_in_sight_while_a_promise_is_filled_in(cases: list[Case], page: Page, zhao: User) -> None:
    sign_in(page, zhao)
    page.goto("/cases/K-1/")
    page.keyboard.press("i")
    panel(page, "Inbound")
    page.keyboard.press("2")
    expect(page.locator(".for-promise :focus")).to_be_in_viewport(ratio=1)
    page.locator("#act [name=note]").last.focus()
    for sight in (page.locator("#who"), page.locator(".gate")):
        expect(sight).to_be_in_viewport(ratio=1)


def test_what_was_typed_is_not_lost_without_a_word(cases: list[Case], page: Page, zhao: User) -> None:
    sign_in(page, zhao)
    page.goto("/cases/K-1/")
    page.keyboard.press("t")
    # The rail follows at once: whose the case is, and how many are hers.
    mine = page.locator(".rail a", has_text="My work")
    expect(mine).to_have_attribute("aria-current", "page")
    expect(page.locator(".rail a", has_text="Worklist")).not_to_have_attribute("aria-current", "page")
    expect(mine.locator(".n")).to_have_text("1")
    page.keyboard.press("o")
    panel(page, "Note")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#act-sheet")).to_have_count(0)  # nothing was typed: nothing is asked

    page.keyboard.press("o")
    panel(page, "Note")
    page.keyboard.type("Calls back on Friday")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_have_text("What you typed is not saved. Esc again discards it.")
    page.keyboard.press("x")  # another way out is asked about anew, and the case stays hers
    expect(page.get_by_role("alert")).to_have_text(
        "What you typed is not saved. The same again discards it and goes on."
    )
    expect(page.locator("#act textarea")).to_have_value("Calls back on Friday")
    page.keyboard.press("f")
    page.keyboard.press("f")
    panel(page, "Follow-up")  # the second time is meant
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    page.keyboard.press("o")
    panel(page, "Note")
    page.keyboard.type("Calls back on Friday")
    asks: list[str] = []

    def stay(dialog: Dialog) -> None:
        asks.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Worklist").first.click()
    expect(page.locator("#act textarea")).to_have_value("Calls back on Friday")
    assert asks == ["beforeunload"]
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#act-sheet")).to_have_count(0)
    page.get_by_role("link", name="Worklist").first.click()
    page.wait_for_url("**/worklist/")
