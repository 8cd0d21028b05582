"""The money desk in a real browser: money that matched no account is matched by a person, and a refund is asked for with what it
would do, and paid out where another person approves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account, PaymentFile, UnmatchedPayment
from approvals.models import Request
from desk import asking, giving_back
from runs import clock
from tests.browser.conftest import sign_in
from tests.browser.test_desk import _faults as faults
from tests.browser.test_waivers import chief  # noqa: F401  # a fixture
from tests.factories import UserFactory
from tests.freezing.conftest import TODAY, late_account, on, pay
from tests.sizes import VARIANTS, dealt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account(transactional_db: None) -> Iterator[Account]:
    """Late, and money for it that names another account."""
    with on(TODAY):
        made = late_account()
        file = PaymentFile.objects.create(
            received_at=clock.now(), business_day=TODAY, actor_name="Import", received=1, received_amount=5000,
            waiting=1, waiting_amount=5000,
        )  # fmt: skip
        UnmatchedPayment.objects.create(
            ref="X1", account_ref="a-1", amount=5000, effective_on=TODAY, recorded_at=clock.now(), file=file
        )
        yield made


def test_money_is_matched_by_a_person_and_its_rest_refunded_by_two(page: Page, account: Account, chief: Page) -> None:  # noqa: F811
    chief.goto("/payments/days/")
    chief.get_by_role("cell", name="5,000.00").get_by_role("link").click()
    chief.locator(".rows").get_by_role("link", name="X1").click()
    expect(chief.get_by_text("by the reference")).to_be_visible()
    chief.get_by_role("textbox", name="Account").fill("A1")
    chief.get_by_label("Reason").first.fill("Her name on the transfer")
    chief.get_by_role("button", name="Post").click()
    expect(chief.get_by_text("Payment X1 is posted on account A1.")).to_be_visible()

    sign_in(page, UserFactory(username="lin", display_name="Lin"))
    page.goto("/money/A1/")
    page.get_by_role("link", name="Refund waiting credit").click()
    shown = page.locator("#preview")
    expect(shown.get_by_role("row", name="Waits as credit")).to_contain_text("¥0.00")
    expect(shown).to_contain_text("Chen")
    page.get_by_label("Amount").fill("100")
    expect(shown.get_by_role("row", name="Waits as credit")).not_to_contain_text("¥0.00")
    page.get_by_label("Amount").fill("1000000")
    expect(shown.get_by_role("alert")).to_contain_text("waits as credit by now")
    page.get_by_label("Amount").fill("100")
    page.get_by_label("Reason").fill("Paid too much")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("May decide: Chen")).to_be_visible()

    request = Request.objects.get()
    chief.goto(f"/approvals/{request.pk}/")
    expect(chief.get_by_role("row", name="Waits as credit")).to_be_visible()
    chief.get_by_role("button", name="Approve").click()
    expect(chief.get_by_text("and what it asked for is done")).to_be_visible()
    page.reload()
    expect(page.get_by_text("May decide")).to_have_count(0)
    assert account.bills.get(kind="refund").principal == 100


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_its_pages_are_accessible_and_fit(page: Page, account: Account, scheme: str, width: int) -> None:
    pay(account, "100")
    lin = UserFactory(username="lin", display_name="Lin")
    chen = UserFactory(username="chen", display_name="Chen", role="supervisor")
    request = asking.ask(actor=lin, account=account, kind="acceleration", notified_on=TODAY, due_on=TODAY, reason="x")
    pay(account, "50", "P2")
    waiting = UnmatchedPayment.objects.get()
    giving_back.ask(actor=UserFactory(role="data-entry", team=None), unmatched_id=waiting.pk, reason="Unknown")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, chen)
    addresses = (
        *("/money/A1/?ask=reversal", "/money/A1/?ask=refund", "/payments/days/", "/payments/files/"),
        *(f"/approvals/{request.pk}/", f"/payments/unmatched/{waiting.pk}/"),
    )
    assert not [fault for address in dealt(addresses, width) if (fault := faults(page, address))]
