"""Lists in a real browser: selecting, assigning, taking, keeping a queue, searching, the rail and the bar below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest
from django.db.models import F
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import vault
from cases.models import Case, Queue
from runs import clock
from staff.models import User
from tests.browser.conftest import axe, sign_in
from tests.factories import BusinessDayFactory, CaseFactory, ContactPointFactory, CustomerFactory, UserFactory
from tests.sizes import VARIANTS, dealt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ID = "110101199003072046"


@pytest.fixture
def at_noon() -> Iterator[None]:
    """Noon in Shanghai today: contact hours are open, whenever the tests run."""
    with clock.frozen(datetime.combine(clock.today(), time(4), UTC)):
        yield


@pytest.fixture
def cases() -> list[Case]:
    """Four people, each to be reached at a number of her own."""
    BusinessDayFactory()
    made = []
    for number, (name, bucket) in enumerate((("王小明", "M1"), ("李明", "M2"), ("陈建华", "M3"), ("Anna Lee", "M3"))):
        customer = CustomerFactory(
            name=name, id_number_index=vault.blind_index("id-number", ID) if not number else None
        )
        ContactPointFactory(customer=customer, kind="mobile", clear=f"1380000204{number}")
        made.append(CaseFactory(ref=f"K-{number}", customer=customer, bucket=bucket, priority=10 - number))
    return made


@pytest.fixture
def wu(transactional_db: None) -> User:
    return UserFactory(username="wu", display_name="Wu Jing")


def as_supervisor(page: Page) -> Page:
    sign_in(page, UserFactory(username="chief", display_name="Chief", role="supervisor"))
    return page


def as_collector(page: Page) -> Page:
    sign_in(page, UserFactory(username="lin", display_name="Lin"))
    return page


def test_a_supervisor_selects_rows_and_assigns_them(cases: list[Case], wu: User, page: Page) -> None:
    desk = as_supervisor(page)
    desk.goto("/worklist/?sort=-priority")
    bar = desk.locator("[data-bulk]")
    expect(bar).to_be_hidden()
    desk.keyboard.press("j")
    desk.keyboard.press("s")
    expect(bar).to_be_visible()
    desk.get_by_label("Select K-2").click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected")
    expect(desk).to_have_url(re.compile("/worklist/"))
    desk.get_by_role("button", name="Assign", exact=True).click()
    missing = desk.get_by_label("Assign to").evaluate("field => field.validationMessage")
    assert missing == "Nobody was chosen. Choose to whom the cases go, then assign."
    expect(bar).to_contain_text("3 selected")  # what is ticked stays
    desk.get_by_label("Assign to").select_option(label="Wu Jing")
    desk.get_by_role("button", name="Assign", exact=True).click()
    expect(desk.get_by_role("status").first).to_contain_text("3 cases assigned to Wu Jing.")
    assert set(Case.objects.filter(assignee=wu).values_list("ref", flat=True)) == {"K-0", "K-1", "K-2"}

    desk.get_by_label("Select every row").click()
    desk.get_by_role("button", name="Release").click()
    expect(desk.get_by_text("3 cases released.")).to_be_visible()
    expect(desk.get_by_text("K-3: ")).to_be_visible()
    assert not Case.objects.exclude(assignee=None).exists()


def test_a_collector_takes_the_next_case_by_its_key(cases: list[Case], page: Page, at_noon: None) -> None:
    desk = as_collector(page)
    desk.keyboard.press("n")
    desk.wait_for_url("**/cases/K-0/")
    desk.goto("/")
    expect(desk.locator("[data-row]")).to_have_count(1)
    expect(desk.locator(".rail .n-mine")).to_have_text("1")
    queue = Queue.objects.get(code="early")
    desk.goto(f"/queues/{queue.pk}/")
    # The clock stands: what is pressed in the same two seconds is one press.
    Case.objects.filter(ref="K-0").update(assigned_at=None)
    desk.get_by_role("button", name="Take next").click()
    expect(desk.get_by_text("Nothing to take")).to_be_visible()
    expect(desk).to_have_url(re.compile(f"/queues/{queue.pk}/"))


def test_a_case_given_back_by_its_key_is_taken_back(
    cases: list[Case], browser: Browser, live_server: LiveServer, at_noon: None
) -> None:
    # A window of its own: the browser complains of the answer to a stale press.
    desk = as_collector(browser.new_context(base_url=live_server.url, locale="en-GB").new_page())
    desk.keyboard.press("n")
    desk.wait_for_url("**/cases/K-0/")
    desk.keyboard.press("x")
    said = desk.locator("#said")
    expect(said).to_contain_text("The case is back with the team.")
    assert not axe(desk, "#said").violations_count
    expect(desk.locator("#do-call")).to_be_focused()
    said.get_by_role("button", name="Take it back").click()
    expect(said).to_have_text("The case is yours.")
    assert Case.objects.get(ref="K-0").assignee is not None

    expect(desk.locator("#do-call")).to_be_focused()  # the answer is in its place
    desk.keyboard.press("x")
    expect(said).to_contain_text("The case is back with the team.")
    Case.objects.filter(ref="K-0").update(version=F("version") + 1)
    expect(desk.locator("#do-call")).to_be_focused()
    said.get_by_role("button", name="Take it back").click()
    expect(desk.locator("#stale")).to_be_visible()
    expect(said).to_be_empty()
    desk.context.close()


def test_the_present_question_becomes_a_queue_in_the_rail(cases: list[Case], page: Page) -> None:
    desk = as_collector(page)
    desk.goto("/worklist/")
    desk.get_by_role("link", name=re.compile("^M3")).click()
    expect(desk.locator("[data-row]")).to_have_count(2)
    desk.get_by_label("Name of the queue").fill("Third month")
    desk.get_by_role("button", name="Save as a queue").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Third month")
    expect(desk.locator("[data-row]")).to_have_count(2)
    mine = desk.locator(".rail").get_by_role("link", name="Third month")
    expect(mine).to_contain_text("2")
    expect(mine).to_have_attribute("aria-current", "page")


def test_a_queue_is_given_other_filters_and_another_order(cases: list[Case], page: Page) -> None:
    desk = as_supervisor(page)
    queue = Queue.objects.create(name="Third month", query="bucket=M3", sort="name")
    desk.goto(f"/queues/{queue.pk}/")
    desk.get_by_text("Filter", exact=True).click()
    desk.get_by_role("link", name="Change this queue’s filters and order").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Filters of the queue “Third month”")
    expect(desk.get_by_role("button", name="Save in this queue")).to_have_count(0)
    desk.get_by_role("link", name=re.compile("^M2")).click()
    expect(desk.locator("[data-row]")).to_have_count(3)
    desk.get_by_label("Order", exact=True).select_option("-days")
    expect(desk.locator(".keep-changes")).to_contain_text("Order: Name → Days past due (descending)")
    expect(desk.locator(".keep-changes")).to_contain_text("Bucket: M3 → M2 M3")
    assert not axe(desk, "#worklist").violations_count
    desk.get_by_role("button", name="Save in this queue").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Third month")
    expect(desk.locator("[data-row]")).to_have_count(3)
    queue.refresh_from_db()
    assert queue.sort == "-days"


def test_filters_change_what_is_kept_and_exported(cases: list[Case], page: Page) -> None:
    desk = as_supervisor(page)
    desk.goto("/worklist/")
    desk.get_by_text("Filter", exact=True).click()
    desk.get_by_label("Work", exact=True).select_option("unassigned")
    expect(desk.get_by_role("link", name="Export")).to_have_attribute("href", re.compile("work=unassigned"))
    expect(desk.locator("#keep input[name=query]")).to_have_value(re.compile("work=unassigned"))
    with desk.expect_download() as waited:
        desk.get_by_role("link", name="Export").click()
    assert waited.value.suggested_filename.endswith(".csv")


def test_a_person_is_found_by_number_without_it_in_an_address(cases: list[Case], page: Page) -> None:
    desk = as_collector(page)
    seen: list[str] = []
    desk.on("request", lambda request: seen.append(request.url))
    desk.keyboard.press("/")
    desk.keyboard.type(ID)
    desk.keyboard.press("Enter")
    expect(desk.locator("#found [data-row]")).to_have_count(1)
    expect(desk.locator("#found")).to_contain_text("identity number")
    desk.get_by_label("Search for").fill("王小明")
    desk.get_by_label("Search for").press("Enter")
    expect(desk.locator("#found")).to_contain_text("name")
    assert not [address for address in seen if ID in address or "%E7%8E%8B" in address]


def test_on_a_telephone_the_rail_is_a_bar_and_the_rest_is_under_more(cases: list[Case], page: Page) -> None:
    desk = as_collector(page)
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto("/worklist/")
    bottom = desk.locator(".bottom")
    expect(desk.locator(".rail")).to_be_hidden()
    expect(bottom.get_by_role("link", name="Complaints")).to_be_hidden()
    bottom.get_by_text("More").click()
    bottom.locator(".sheet").get_by_role("link", name="Messages").click()
    desk.wait_for_url("**/messages/")


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_every_list_is_accessible(cases: list[Case], wu: User, page: Page, scheme: str, width: int) -> None:
    Case.objects.filter(ref="K-0").update(assignee=wu)
    desk = as_supervisor(page)
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": width, "height": 900})
    queue = Queue.objects.get(code="everything")
    addresses = [
        "/",
        "/worklist/?days_min=1&sort=-priority",
        f"/queues/{queue.pk}/",
        "/queues/",
        "/promises/",
        "/disputes/",
        "/search/",
        "/board/",
        f"/board/hand-over/{wu.pk}/",
    ]
    faults = []
    for address in dealt(addresses, width):
        desk.goto(address)
        expect(desk.locator("[id^=rail-queue-]").first).to_be_attached()
        faults.append(_faults(desk, address))
    desk.goto("/worklist/")
    desk.locator("[data-select]").first.check()
    faults.append(_faults(desk, "selected"))
    desk.goto("/search/")
    desk.locator("#words").fill("K-")
    desk.locator("#words").press("Enter")
    expect(desk.locator("#found [data-row]")).to_have_count(4)
    faults.append(_faults(desk, "found"))
    if width == 390:
        desk.locator(".more summary").click()
        faults.append(_faults(desk, "more"))
    assert not [fault for fault in faults if fault]


def _faults(page: Page, what: str) -> str:
    results = axe(page)
    report = f"{what}\n{results.generate_report()}" if results.violations_count else ""
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        report += f"{what}: wider than the window\n"
    return report
