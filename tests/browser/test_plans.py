"""A plan in a real browser: offers compared and asked for, signed on paper, sent back, asked again, signed by code, approved."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from accounts.services import customers, posting
from cases.models import Case
from delinquency.close_of_day import close_day
from reminders import services as outbox
from restructuring.models import Plan
from runs import clock
from tests.browser.conftest import axe, sign_in
from tests.factories import ContactPointFactory, PortfolioFactory, UserFactory
from tests.reminders.channels.servers import Server
from tests.reminders.conftest import gateway as gateway
from tests.restructuring.deeds import ACTOR, noon
from tests.restructuring.test_codes import read

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(noon(clock.today())):
        yield


@pytest.fixture
def account(transactional_db: None, settings, tmp_path: Path) -> Account:
    """A month late, with its case."""
    settings.MEDIA_ROOT = tmp_path
    PortfolioFactory()
    due = clock.today() - timedelta(days=30)
    customer = customers.register_customer(actor=ACTOR, ref="K1", name="王小明")
    made = posting.open_account(
        actor=ACTOR, ref="A1", customer_id=customer.pk, product_code="instalment", currency="CNY"
    )
    posting.post_bill(
        actor=ACTOR,
        account_id=made.pk,
        ref="B1",
        statement_on=due - timedelta(days=20),
        due_on=due,
        principal=Decimal(1200),
    )
    ContactPointFactory(customer=customer, kind="mobile", clear="13800001234")
    close_day(actor=ACTOR, day=clock.today())
    return made


@pytest.fixture
def other(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Somebody else's window."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-GB")
    yield context.new_page()
    context.close()


def accessible(page: Page) -> None:
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"


def ask(page: Page, instalments: str, name: str) -> None:
    page.get_by_role("group", name=f"Offer {name}").get_by_label("Instalments", exact=True).fill(instalments)
    page.keyboard.press("Tab")
    offer = page.get_by_role("article", name=f"Offer {name}")
    expect(offer.get_by_role("definition").filter(has_text=instalments).first).to_be_visible()
    accessible(page)
    page.get_by_label("Offer", exact=True).select_option(name.lower())
    page.get_by_label("Why").fill("Lost her job")
    page.get_by_role("button", name="Ask for this offer").click()
    expect(page.get_by_role("heading", name="Paid in instalments")).to_be_visible()


def uses_alone_is_shown(page: Page) -> None:
    """Of an offer, the fields that its kind and method use."""
    offer = page.get_by_role("group", name="Offer C")
    kind, fields = offer.get_by_label("Kind"), ("Instalments", "Method", "Interest a year, %", "Discount", "Balloon")
    for chosen, used in (
        ("instalments", {"Instalments", "Method", "Interest a year, %"}),
        ("extension", {"Interest a year, %"}),
        ("settlement", {"Discount"}),
        ("", set()),
    ):
        kind.select_option(chosen)
        for field in fields:
            expect(offer.get_by_label(field, exact=True)).to_be_visible(visible=field in used)
        expect(offer.get_by_text("More terms")).to_be_visible(visible=chosen in ("instalments", "extension"))


def printed(page: Page) -> bytes:
    """The agreement, printed."""
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF in English").click()
    page.reload()
    return Path(download.value.path()).read_bytes()


def sign_by_code(page: Page, gateway: Server) -> str:
    """Print the agreement, have a code sent, enter it; what the paper says."""
    paper = printed(page)
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_text("Waits to be entered")).to_be_visible()
    accessible(page)
    outbox.deliver("sms", seconds=10)
    code = read(gateway)
    # It is told without a reload.
    expect(page.locator("#code-state").get_by_text("Sent", exact=True)).to_be_visible(timeout=10_000)
    page.get_by_label("Code that the debtor reads out").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The signature is recorded.")).to_be_visible()
    return text_of(paper)


def sign(page: Page) -> None:
    """Print the agreement, hand in what was printed as its scan."""
    paper = printed(page)
    page.get_by_label("Signed agreement").set_input_files(
        {"name": "signed.pdf", "mimeType": "application/pdf", "buffer": paper}
    )
    page.get_by_role("button", name="Record the signature").click()
    expect(page.get_by_text("The signature is recorded.")).to_be_visible()
    accessible(page)


def text_of(paper: bytes) -> str:
    return "".join(one.extract_text() for one in PdfReader(io.BytesIO(paper)).pages).replace("\0", "")


@pytest.mark.long
def test_a_plan_from_the_offers_to_the_customers_page(
    account: Account, page: Page, other: Page, gateway: Server
) -> None:
    case = Case.objects.get(customer=account.customer)
    lin, chief = UserFactory(username="lin"), UserFactory(username="chief", role="supervisor")
    sign_in(page, lin)
    page.goto(f"/cases/{case.ref}/")
    page.get_by_role("link", name="Offers for A1").click()
    uses_alone_is_shown(page)
    ask(page, "9", "B")
    first = Plan.objects.get()
    sign(page)

    sign_in(other, chief)
    other.goto(f"/approvals/{first.request_id}/")
    accessible(other)
    other.get_by_label("Comment").fill("Longer, please")
    other.get_by_role("button", name="Send back").click()
    expect(other.get_by_role("heading", name="Sent back for changes")).to_be_visible()

    page.goto("/plans/new/A1/")
    expect(page.get_by_text("Longer, please")).to_be_visible()
    offer = page.get_by_role("group", name="Offer A")
    expect(offer.get_by_label("Instalments", exact=True)).to_have_value("9")
    expect(page.get_by_label("Why")).to_have_value("Lost her job")
    ask(page, "11", "A")
    plan = Plan.objects.exclude(pk=first.pk).get()
    paper = sign_by_code(page, gateway)
    assert f"{plan.total:,.2f}" in paper
    assert all(one.due_on.isoformat() in paper for one in plan.instalments.all())

    other.goto(f"/approvals/{plan.request_id}/")
    expect(other.get_by_text(f"{plan.total:,.2f}").first).to_be_visible()
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_text("and what it asked for is done")).to_be_visible()
    page.goto(f"/cases/{case.ref}/")
    expect(page.get_by_text("On track")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/plans/")
    page.get_by_role("link", name=plan.ref).click()
    accessible(page)
