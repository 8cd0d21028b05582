"""What a collector does at her desk, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from cases.models import Case
from runs.models import DayClose, JobRun
from tests.browser.conftest import axe
from tests.factories import DAY, BillFactory, BusinessDayFactory, CustomerFactory, DayCloseFactory, JobRunFactory
from tests.sizes import VARIANTS, dealt
from tests.whole_cases import late_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cases() -> list[Case]:
    """Three late people, the longest overdue first."""
    BusinessDayFactory()
    return [
        late_case(
            ref=f"K-{days}",
            bucket=bucket,
            clock_from_on=DAY - timedelta(days=days),
            customer=CustomerFactory(name=name),
        )
        for days, bucket, name in ((78, "M3", "王小明"), (44, "M2", "李明"), (9, "M1", "陈建华"))
    ]


def rows(page: Page) -> list[str]:
    return page.locator("[data-row] .who small").all_inner_texts()


def test_a_collector_filters_the_worklist_and_opens_a_case(cases: list[Case], desk: Page) -> None:
    desk.goto("/worklist/")
    assert rows(desk) == ["K-78", "K-44", "K-9"]

    desk.get_by_role("link", name=re.compile("^M2")).click()
    expect(desk.locator("[data-row]")).to_have_count(1)
    assert "bucket=M2" in desk.url
    desk.get_by_role("link", name="Clear all").click()
    expect(desk.locator("[data-row]")).to_have_count(3)

    desk.get_by_text("Filter", exact=True).click()
    desk.get_by_label("Days from").fill("40")
    desk.get_by_label("Days from").press("Tab")
    expect(desk.locator("[data-row]")).to_have_count(2)
    expect(desk.get_by_label("Days to")).to_be_focused()
    assert "days_min=40" in desk.url

    desk.go_back()
    expect(desk.locator("[data-row]")).to_have_count(3)

    # What cannot be is pointed at, and filters nothing.
    desk.get_by_label("Days from").fill("-4")
    desk.get_by_label("Days from").press("Tab")
    expect(desk.get_by_label("Days from")).to_be_focused()
    expect(desk.locator("[data-row]")).to_have_count(3)

    desk.get_by_role("link", name=re.compile("K-44")).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("李*")
    expect(desk.locator(".why")).to_contain_text("lacks")

    desk.get_by_role("link", name="Money").click()
    expect(desk.locator(".timeline li.standing")).to_have_count(0)
    expect(desk.locator(".timeline li.money").first).to_be_visible()


@pytest.mark.parametrize("width", [1366, 1280, 1100, 900, 800, 720])
def test_bills_stay_in_their_card_however_wide_the_window_is(cases: list[Case], desk: Page, width: int) -> None:
    account = cases[0].customer.accounts.get()
    BillFactory(account=account, ref="INSTALMENT-002365-B07", principal=Decimal("1234567.89"))
    desk.set_viewport_size({"width": width, "height": 900})
    desk.goto("/cases/K-78/")
    expect(desk.locator("table.bills").first).to_be_visible()
    beyond = """[...document.querySelectorAll("table.bills")].filter(
        table => table.getBoundingClientRect().right > table.closest("section").getBoundingClientRect().right)"""
    assert desk.evaluate(f"{beyond}.length") == 0
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everything_is_reached_from_the_keyboard(cases: list[Case], desk: Page) -> None:
    desk.goto("/worklist/")
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    expect(desk.get_by_role("link", name=re.compile("K-44"))).to_be_focused()
    desk.keyboard.press("k")
    expect(desk.get_by_role("link", name=re.compile("K-78"))).to_be_focused()
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/cases/K-78/")

    desk.keyboard.press("/")
    desk.keyboard.type("K-9jk?")
    expect(desk.locator("#search")).to_have_value("K-9jk?")
    expect(desk.locator("#keys")).to_be_hidden()
    desk.locator("#search").fill("K-9")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/search/")
    assert rows(desk) == ["K-9"]

    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator("#keys")).to_be_hidden()


def test_language_and_theme_are_chosen_and_kept(cases: list[Case], desk: Page) -> None:
    desk.goto("/worklist/")
    desk.get_by_role("button", name="中文").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("工作清单")
    expect(desk.locator("html")).to_have_attribute("lang", "zh-hans")
    desk.get_by_role("button", name="English").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Worklist")

    light = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    desk.goto("/preferences/")
    desk.get_by_role("button", name="Dark", exact=True).click()
    desk.goto("/")
    expect(desk.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert desk.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_the_system_decides_between_light_and_dark_until_somebody_does(cases: list[Case], desk: Page) -> None:
    light = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    desk.emulate_media(color_scheme="dark")
    assert desk.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_a_running_day_moves_by_itself_and_stops_asking_when_done(desk: Page) -> None:
    BusinessDayFactory(date=DAY - timedelta(days=1), is_opening=True)
    step = DayCloseFactory(status="running", done=300, finished_at=None)
    desk.goto(f"/days/{DAY}/")
    expect(desk.locator(".progress-line")).to_contain_text("300 / 1,200")
    DayClose.objects.filter(pk=step.pk).update(done=900)
    expect(desk.locator(".progress-line")).to_contain_text("900 / 1,200")
    DayClose.objects.filter(pk=step.pk).update(
        done=1200, status="done", finished_at=step.started_at + timedelta(seconds=9)
    )
    BusinessDayFactory()
    expect(desk.locator("#day[hx-get]")).to_have_count(0)
    expect(desk.locator(".overall")).to_contain_text("100 %")


def test_a_running_job_moves_by_itself_and_stops_asking_when_done(desk: Page) -> None:
    job = JobRunFactory(status="running", total=100, done=10)
    desk.goto(f"/jobs/{job.pk}/")
    expect(desk.locator(".progress-line")).to_contain_text("10 / 100")
    JobRun.objects.filter(pk=job.pk).update(status="done", done=100)
    expect(desk.locator("#job[hx-get]")).to_have_count(0)
    expect(desk.locator(".progress-line")).to_contain_text("100 / 100")


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_every_page_is_accessible(cases: list[Case], desk: Page, scheme: str, width: int) -> None:
    DayCloseFactory()
    failed = DayCloseFactory(
        date=DAY + timedelta(days=1), status="failed", error="Disk full", done=3, result={"late": 3}
    )
    job = JobRunFactory(status="running", total=100, done=10)
    message = cases[0].customer.messages.get()
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": width, "height": 900})
    case = f"/cases/{cases[0].ref}/"
    worklists = ["/", "/worklist/?bucket=M2&days_min=3", "/worklist/?q=nobody", "/worklist/?amount_min=x"]
    days = ["/days/", f"/days/{DAY}/", f"/days/{failed.date}/", f"/jobs/{job.pk}/"]
    logs = ["/messages/", f"/messages/{message.pk}/", "/audit/", "/preferences/"]
    evidence = f"{case}evidence/{cases[0].customer.accounts.get().ref}/"
    addresses = [*worklists, case, evidence, *days, *logs]
    faults = [_faults(desk, address) for address in dealt(addresses, width)]
    desk.context.clear_cookies()
    faults.append(_faults(desk, "/login/"))
    assert not [fault for fault in faults if fault]


def _faults(page: Page, address: str) -> str:
    """What axe finds on a page, and whether it is wider than its window; empty if neither."""
    page.goto(address)
    results = axe(page)
    report = f"{address}\n{results.generate_report()}" if results.violations_count else ""
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        report += f"{address}: wider than the window\n"
    return report
