"""What the window of a small laptop and of a telephone leaves room for: words stay whole, and nothing is cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cases.models import Case
from staff.models import User
from tests.browser.conftest import sign_in
from tests.factories import DAY, BusinessDayFactory, CustomerFactory, UserFactory
from tests.whole_cases import workable_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# In how many lines the text of an element stands.
LINES = """(one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return new Set([...range.getClientRects()].map((line) => line.top)).size;
}"""
BROKEN_WORDS = """() => [...document.querySelectorAll(".bills thead th")].filter((one) => {
    const range = document.createRange(), text = one.firstChild;
    if (!text || !one.checkVisibility()) return false;
    return text.data.split(/\\s+/).some((word) => {
        const at = text.data.indexOf(word);
        range.setStart(text, at), range.setEnd(text, at + word.length);
        return range.getClientRects().length > 1;
    });
}).map((one) => one.textContent)"""


@pytest.fixture
def chief() -> User:
    return UserFactory(username="chief", display_name="Demo deputy supervisor", role="supervisor")


@pytest.fixture
def case(chief: User) -> Case:
    BusinessDayFactory(date=DAY)
    case = workable_case(ref="K-1", customer=CustomerFactory(name="王小明"))
    Case.objects.filter(pk=case.pk).update(assignee=chief)
    return case


@pytest.mark.parametrize("width", [1366, 1024])
def test_a_long_name_takes_two_lines_of_the_worklist_and_no_column_is_cut_off(
    case: Case, chief: User, page: Page, width: int
) -> None:
    sign_in(page, chief)
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/worklist/")
    assert page.locator(".worker").evaluate(LINES) <= 2
    assert page.locator("#worklist .list").evaluate(
        "list => list.scrollWidth <= list.clientWidth || getComputedStyle(list).overflowX === 'auto'"
    )


@pytest.mark.parametrize("width", [1366, 1024])
def test_no_word_of_a_heading_of_bills_is_broken_beside_an_open_form(
    case: Case, chief: User, page: Page, width: int
) -> None:
    sign_in(page, chief)
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/cases/K-1/note/")
    expect(page.locator("#act-sheet")).to_be_visible()
    assert page.evaluate(BROKEN_WORDS) == []


@pytest.mark.parametrize("width", [1440, 1366, 1024])
def test_the_board_has_no_hole(case: Case, chief: User, page: Page, width: int) -> None:
    sign_in(page, chief)
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/board/")
    expect(page.locator("#board-panels > section")).to_have_count(2)
    for cards in (".tiles > .card", ".columns section"):
        boxes = [one.bounding_box() for one in page.locator(cards).all()]
        rows: dict[int, list[dict[str, float]]] = {}
        for box in boxes:
            rows.setdefault(round(box["y"]), []).append(box)
        ends = {round(max(box["x"] + box["width"] for box in row)) for row in rows.values()}
        assert max(ends) - min(ends) <= 1, "every row is full"
        for row in rows.values():
            assert max(box["height"] for box in row) - min(box["height"] for box in row) <= 1, "and as high everywhere"


def test_the_channels_of_a_contact_are_whole_on_a_telephone(case: Case, chief: User, page: Page) -> None:
    sign_in(page, chief)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/cases/K-1/contact/")
    strip = page.locator(".tabs")
    expect(strip).to_be_visible()
    assert strip.evaluate("one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth")
