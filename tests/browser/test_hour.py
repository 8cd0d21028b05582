"""A collector's hour in a real browser: with the mouse, and the same by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.models import Case, Dispute, Promise
from cases.services.notes import add_note
from cases.views import VERBS
from compliance.models import Contact, ContactDecision
from compliance.services import flags, register
from runs import clock
from staff.models import User
from tests.browser.conftest import axe, pass_the_door, sign_in
from tests.factories import DAY, MOMENT, BusinessDayFactory, CustomerFactory, UserFactory
from tests.sizes import VARIANTS, dealt
from tests.whole_cases import workable_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(MOMENT):
        yield


@pytest.fixture
def cases() -> list[Case]:
    """Two cases of Team 1; the first is taken first."""
    BusinessDayFactory(date=DAY - timedelta(days=1))
    return [
        workable_case(ref="K-1", priority=9, customer=CustomerFactory(name="王小明")),
        workable_case(ref="K-2", priority=5, customer=CustomerFactory(name="李明")),
    ]


@pytest.fixture
def lin() -> User:
    return UserFactory(username="lin", display_name="Lin")


@pytest.fixture
def zhao() -> User:
    return UserFactory(username="zhao", display_name="Zhao", role="supervisor")


def panel(page: Page, title: str) -> None:
    """Wait until the form of that name is open and ready to be typed in."""
    expect(page.locator("#act-sheet h2")).to_have_text(title)
    expect(page.locator("#act-sheet :focus")).to_have_count(1)


def said(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("status").last).to_contain_text(words)
    expect(page.locator("#act-sheet")).to_have_count(0)


def test_a_collectors_hour_with_the_mouse(cases: list[Case], page: Page, lin: User) -> None:
    pass_the_door(page, lin)
    page.get_by_role("button", name=re.compile("^Take next")).first.click()
    page.wait_for_url("**/cases/K-1/")
    expect(page.get_by_role("heading", level=1)).to_have_text("王*明")
    expect(page.locator(".gate")).to_contain_text("You may call this number now")

    actions = page.get_by_label("Actions", exact=True)
    actions.get_by_role("link", name=re.compile("^Call")).click()
    panel(page, "Call")
    page.get_by_label(re.compile("Contact person")).check()
    page.get_by_role("button", name="Ask the gate").click()
    expect(page.get_by_role("alert")).to_contain_text("The gate refuses.")
    expect(page.locator(".timeline .refusal")).to_have_count(1)
    refusal = ContactDecision.objects.get()
    assert not refusal.allowed

    page.get_by_label(re.compile(r"2046 · Own")).check()
    page.get_by_role("button", name="Ask the gate").click()
    panel(page, "Log contact")
    expect(page.locator(".dial")).to_contain_text("13800002046")
    page.get_by_label("Right party").check()
    page.get_by_role("textbox", name="Note").fill("Is paid on the 25th")
    page.get_by_role("button", name="Save").click()
    said(page, "Logged: Right party.")
    expect(page.locator(".timeline .contact.contact .told")).to_have_text("Is paid on the 25th")
    assert "13800002046" not in page.content()

    actions.get_by_role("link", name=re.compile("^Promise")).click()
    panel(page, "Promise")
    page.get_by_label("Amount").fill("500")
    page.get_by_label("By").fill((DAY + timedelta(days=5)).isoformat())
    page.get_by_role("button", name="Save").click()
    said(page, "Promise taken: CNY 500.00")
    expect(page.locator(".who-card")).to_contain_text("Promised by 2026-11-27")

    actions.get_by_role("link", name=re.compile("^Dispute")).click()
    panel(page, "Dispute")
    page.get_by_label("What is disputed").select_option("amount")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“What the debtor says” is empty. Fill it in.")).to_be_visible()
    expect(page.get_by_label("What the debtor says")).to_be_focused()
    page.get_by_label("What the debtor says").fill("The fee was waived")
    page.get_by_role("button", name="Save").click()
    said(page, "Dispute opened")
    expect(page.locator("#case-side")).to_contain_text("The fee was waived")

    page.get_by_role("button", name=re.compile("^Take next")).click()
    page.wait_for_url("**/cases/K-2/")
    assert list(Case.objects.filter(assignee=lin).values_list("ref", flat=True).order_by("ref")) == ["K-1", "K-2"]
    page.wait_for_load_state("networkidle")  # the tables are emptied next: nothing may be reading them


def tab_to(page: Page, label: str) -> None:
    """On to a field, by Tab alone."""
    for _press in range(20):
        if page.get_by_label(label, exact=True).evaluate("field => field === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"“{label}” is not reached by twenty presses of Tab.")


def test_the_same_hour_by_keyboard_alone(cases: list[Case], page: Page, lin: User) -> None:
    pass_the_door(page, lin)
    key = page.keyboard
    key.press("n")
    page.wait_for_url("**/cases/K-1/")
    key.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Log contact")
    expect(page.get_by_role("dialog")).to_contain_text("Next and previous action beside a number")
    key.press("Escape")
    # What stands beside a number has no key of its own: it is gone to.
    first = page.locator("#case-side .do").first
    for pressed, wanted in (("j", first), ("j", page.locator("#case-side .do").nth(1)), ("k", first)):
        key.press(pressed)
        expect(wanted).to_be_focused()
    key.press("Enter")
    expect(page.locator("#act-sheet")).to_be_visible()
    key.press("Escape")
    key.press("Escape")
    expect(page.locator("#act-sheet")).to_have_count(0)

    key.press("c")
    panel(page, "Call")
    key.press("ArrowDown")  # the contact person's
    key.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("The gate refuses.")
    panel(page, "Call")
    # Nothing was typed: the form is left without a question.
    key.press("Escape")
    key.press("Escape")
    expect(page.locator("#act-sheet")).to_have_count(0)
    key.press("c")
    panel(page, "Call")
    key.press("Control+Enter")
    panel(page, "Log contact")
    key.press("3")
    expect(page.get_by_label("Right party")).to_be_checked()
    key.press("1")
    expect(page.get_by_label("No answer")).to_be_checked()
    key.press("4")  # a promise, in the same form
    expect(page.locator(".for-promise")).to_be_visible()
    tab_to(page, "By")
    key.press("Escape")  # leaves the field, keeps the form
    expect(page.locator("#act-sheet")).to_be_visible()
    key.press("Control+Enter")
    said(page, "Promise taken: CNY 6,930.00")
    assert Promise.objects.get().contact == Contact.objects.get()

    key.press("d")
    panel(page, "Dispute")
    key.press("Escape")
    key.press("Escape")
    expect(page.locator("#act-sheet")).to_have_count(0)
    expect(page.locator("#do-dispute")).to_be_focused()
    key.press("Enter")
    panel(page, "Dispute")
    key.type("Already")
    key.press("Tab")
    key.press("Tab")
    key.type("Paid in October; not h, not d")
    key.press("Control+Enter")
    said(page, "Dispute opened")
    assert Dispute.objects.get().statement == "Paid in October; not h, not d"
    expect(page.locator("#do-dispute")).to_be_focused()

    key.press("o")
    panel(page, "Note")
    key.type("Nothing more today")
    key.press("Control+Enter")
    said(page, "Note added.")
    key.press("n")
    page.wait_for_url("**/cases/K-2/")
    key.press("x")
    said(page, "The case is back with the team.")
    key.press("t")
    said(page, "The case is yours.")
    page.wait_for_load_state("networkidle")


def test_what_is_left_to_be_divided_follows_the_amounts(cases: list[Case], page: Page, lin: User) -> None:
    Case.objects.filter(ref="K-1").update(overdue_amount=1000)
    sign_in(page, lin)
    page.goto("/cases/K-1/promise/")
    form = page.locator("#act")
    form.get_by_label("Instalments").fill("2")
    form.get_by_role("button", name="Split").click()
    second = form.get_by_label("Amount").nth(1)
    expect(second).to_have_value("500.00")
    expect(form.get_by_role("status")).to_have_text("All of ¥1,000.00 overdue is divided.")
    for typed, words in (
        ("450", "¥50.00 is left to be divided."),
        ("500", "is divided."),
        ("600", "¥100.00 more than"),
    ):
        second.fill(typed)
        second.press("Tab")
        expect(form.get_by_role("status")).to_contain_text(words)
    expect(form.get_by_label("By").nth(1)).to_be_focused()


def test_a_supervisor_reassigns_and_the_stale_window_keeps_what_was_typed(
    cases: list[Case], browser: Browser, live_server: LiveServer, lin: User, zhao: User
) -> None:
    windows = [browser.new_context(base_url=live_server.url, locale="en-GB").new_page() for _ in range(2)]
    collector, supervisor = windows
    sign_in(collector, lin)
    sign_in(supervisor, zhao)
    collector.goto("/cases/K-1/promise/")
    collector.get_by_label("Amount").fill("123.45")

    supervisor.goto("/cases/K-1/")
    supervisor.keyboard.press("a")
    panel(supervisor, "Assign")
    supervisor.keyboard.type("Lin")
    expect(supervisor.get_by_label("To", exact=True)).to_have_value(str(lin.pk))
    supervisor.keyboard.press("Control+Enter")
    said(supervisor, "Assigned to Lin.")
    expect(supervisor.locator(".who-card")).to_contain_text("Lin")

    collector.get_by_role("button", name="Save").click()
    stale = collector.get_by_role("alert")
    expect(stale).to_contain_text("Nothing was saved")
    expect(stale).to_contain_text("Zhao")
    expect(collector.get_by_label("Amount")).to_have_value("123.45")
    assert not Promise.objects.exists()
    collector.get_by_role("button", name="Look at it as it is now").click()
    expect(collector.locator(".who-card")).to_contain_text("Lin")
    expect(collector.get_by_label("Amount")).to_have_value("123.45")
    collector.get_by_role("button", name="Save").click()
    said(collector, "Promise taken: CNY 123.45")
    for window in windows:
        window.context.close()


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_the_case_is_accessible_with_every_panel_open(
    cases: list[Case], page: Page, zhao: User, scheme: str, width: int
) -> None:
    case = cases[0]
    sign_in(page, zhao)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    add_note(actor=zhao, case_id=case.pk, text="Works nights")
    flag = flags.place_flag(
        actor=zhao, customer_id=case.customer_id, kind="hardship", from_on=DAY, evidence="A letter of the employer"
    )
    contact = register.log_inbound(actor=zhao, customer_id=case.customer_id, channel="voice", outcome="refused")
    targets = {"correct": contact.pk, "recording": contact.pk, "end-flag": flag.pk}
    targets["reveal"] = case.customer.contact_points.first().pk
    addresses = [f"/cases/{case.ref}/"]
    for verb in VERBS:
        if verb.asks and (verb.target is None or verb.code in targets):
            addresses.append(f"/cases/{case.ref}/{verb.code}/" + (f"{targets[verb.code]}/" if verb.target else ""))
    faults = []
    for place, address in enumerate(dealt(addresses, width)):
        page.goto(address)
        # Beside the panel they are all the same page.
        results = axe(page, within="#panel" if place else None)
        if results.violations_count:
            faults.append(f"{address}\n{results.generate_report()}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{address}: wider than the window")
    assert not faults


def test_the_first_action_is_in_sight_at_a_desks_size(cases: list[Case], page: Page, lin: User) -> None:
    sign_in(page, lin)
    page.goto("/cases/K-1/contact/")
    for part in (page.get_by_role("button", name="Save"), page.locator(".gate"), page.locator(".why").first):
        box = part.bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_a_form_comes_up_as_a_sheet_on_a_telephone(cases: list[Case], page: Page, lin: User) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, lin)
    page.goto("/cases/K-1/")
    page.get_by_role("link", name="Log contact").click()
    panel(page, "Log contact")
    box = page.locator("#act-sheet").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 844
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#act-sheet")).to_have_count(0)
