"""A freeze in a real browser: proposed, asked for, approved by another, told to the core system, and on the page of the case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from approvals.models import Request
from cases.models import Case
from freezing.services.sending import send_due
from strategy.models import Proposal, Rule
from tests.browser.conftest import sign_in
from tests.browser.test_desk import _faults as faults
from tests.browser.test_waivers import chief  # noqa: F401  # a fixture
from tests.factories import UserFactory
from tests.freezing.conftest import TODAY, Scripted, core, late_account, on  # noqa: F401  # a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account(transactional_db: None) -> Iterator[Account]:
    """Over 90 days late; a strategy proposes to freeze it."""
    with on(TODAY):
        made = late_account()
        Proposal.objects.create(account=made, kind="freeze", rule=Rule.objects.earliest("pk"), business_day=TODAY)
        yield made


def test_a_proposal_is_confirmed_by_two_told_and_on_the_case(
    page: Page, account: Account, chief: Page, core: Scripted  # noqa: F811
) -> None:  # fmt: skip
    case = Case.objects.get()
    sign_in(page, UserFactory(username="lin", display_name="Lin"))
    page.goto(f"/cases/{case.ref}/")
    page.locator('a[href="/freezes/A1/"]').click()
    expect(page.get_by_text("Proposed on")).to_be_visible()
    page.get_by_label("Reason").fill("Over 90 days")
    page.get_by_role("button", name="Ask to freeze").click()
    expect(page.get_by_role("heading", name="Waits for a decision")).to_be_visible()

    chief.goto(f"/approvals/{Request.objects.get().pk}/")
    chief.get_by_role("button", name="Approve").click()
    expect(chief.get_by_text("and what it asked for is done")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Asked", exact=True)).to_be_visible()
    assert not [fault for address in ("/freezes/", "/freezes/A1/") if (fault := faults(page, address))]

    core.script = ["done"]
    assert send_due(seconds=5) == {"done": 1}
    page.goto(f"/cases/{case.ref}/")
    expect(page.get_by_text("Freeze: Confirmed")).to_be_visible()
    expect(page.get_by_text("Frozen").first).to_be_visible()
