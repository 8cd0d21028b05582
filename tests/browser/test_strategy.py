"""A strategy in a real browser: written rule by rule, simulated, put forward, activated by somebody else; axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Standing
from runs import clock
from strategy.models import Deployment, Proposal, Rule, Simulation, Treatment, Version
from tests.browser.conftest import sign_in
from tests.browser.test_desk import _faults as faults
from tests.factories import DAY, MOMENT, BusinessDayFactory, StandingChangeFactory, UserFactory
from tests.queues import work
from tests.sizes import VARIANTS
from tests.whole_cases import late_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def book(valkey: Any) -> Iterator[None]:
    """A closed day on which somebody is late."""
    with clock.frozen(MOMENT):
        BusinessDayFactory()
        case = late_case()
        standing = Standing.objects.get(account__customer=case.customer)
        StandingChangeFactory(
            account=standing.account,
            business_day=DAY,
            from_bucket="",
            to_bucket=standing.bucket,
            to_kind=standing.kind,
            to_risk_class=standing.risk_class,
            to_overdue_since=standing.overdue_since,
            to_overdue_amount=standing.overdue_amount,
        )
        yield


def test_it_is_written_simulated_put_forward_and_activated_by_another(page: Page, book: None) -> None:
    chen = UserFactory(username="chen", display_name="Chen", role="supervisor")
    sign_in(page, UserFactory(username="lin", display_name="Lin", role="administrator"))
    page.goto("/strategy/1/")
    page.get_by_label("Title").fill("Gentle")
    page.get_by_role("button", name="New draft").click()
    page.get_by_role("link", name="Add a rule").click()
    form = page.locator("#rule-form")
    form.get_by_label("title").fill("Freeze the very late")
    form.get_by_label("code").fill("freeze-late")
    form.get_by_label("from day").fill("0")
    form.get_by_label("treatment").select_option("freeze")
    form.get_by_label("M3", exact=True).check()
    form.get_by_role("button", name="Save the rule").click()
    expect(form).to_contain_text("too early")
    expect(form.get_by_label("title")).to_have_value("Freeze the very late")
    form.get_by_label("from day").fill("30")
    form.get_by_role("button", name="Save the rule").click()
    rules = page.locator(".rules-table")
    expect(rules).to_contain_text("from day 30 past due on")
    page.get_by_role("button", name="Move “Freeze the very late” up").click()
    expect(rules.locator("tbody tr").first).to_contain_text("Freeze the very late")
    page.get_by_role("button", name="Take “First reminder” out").click()
    expect(rules.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(rules.locator("tbody tr")).to_have_count(2)

    page.get_by_role("link", name="Simulate").click()
    page.get_by_label("Closed days").fill("1")
    page.get_by_role("button", name="Simulate").click()
    expect(page.locator("#simulation")).to_contain_text("Waiting for a worker")
    work()
    expect(page.locator("#simulation")).to_contain_text("By hour, where the person lives", timeout=15_000)
    assert Simulation.objects.get().result["proposed"] == 1
    page.locator(".heading-actions").get_by_role("link", name="Ask for activation").click()
    expect(page.locator(".side")).to_contain_text("Withheld by the gate")
    page.get_by_label("Hold-out, %").fill("5")
    page.get_by_label("Why", exact=True).fill("Gentler")
    page.get_by_role("button", name="Ask for activation").click()
    expect(page.locator(".alert-success")).to_contain_text("somebody else decides now")
    page.context.clear_cookies()

    sign_in(page, chen)
    page.goto("/approvals/")
    page.locator("a.open", has_text="Activate a strategy").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".alert-success")).to_contain_text("is approved")
    page.goto("/strategy/")
    expect(page.locator("main")).to_contain_text("Gentle")
    deployed = Deployment.objects.latest()
    assert (deployed.champion.title, deployed.holdout_percent, deployed.decided_by_name) == ("Gentle", 5, "Chen")


def test_what_was_done_is_seen_far_down_a_long_list(desk: Page, book: None) -> None:
    draft = Version.objects.create(number=2, title="Long", created_at=MOMENT)
    Rule.objects.bulk_create(
        Rule(version=draft, position=n, code=f"freeze-{n}", title=f"Freeze {n}", days_from=n, action="freeze")
        for n in range(1, 41)
    )
    desk.goto("/strategy/2/edit/")
    desk.get_by_role("button", name="Take “Freeze 40” out").click()
    expect(desk.get_by_role("button", name="Undo")).to_be_in_viewport()


@pytest.mark.parametrize(("scheme", "width"), VARIANTS)
def test_axe_finds_nothing_on_their_pages(desk: Page, book: None, scheme: str, width: int) -> None:
    rule = Rule.objects.earliest("pk")
    account = Standing.objects.get().account
    Proposal.objects.create(account=account, kind="freeze", rule=rule, business_day=DAY)
    Treatment.objects.create(
        business_day=DAY,
        customer=account.customer,
        account=account,
        rule=rule,
        code=rule.code,
        anchor_on=DAY,
        arm="holdout",
        action="message",
        outcome="held-out",
        created_at=MOMENT,
    )
    draft = Version.objects.create(number=2, title="Draft", based_on_id=rule.version_id, created_at=MOMENT)
    Rule.objects.create(version=draft, position=1, code="freeze", title="Freeze", days_from=30, action="freeze")
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": width, "height": 900})
    desk.goto("/strategy/2/simulate/")
    desk.get_by_label("Closed days").fill("1")
    desk.get_by_role("button", name="Simulate").click()
    desk.wait_for_url("**/simulations/**")
    work()
    simulation = Simulation.objects.get()
    assert simulation.result
    addresses = [
        *("/strategy/", "/strategy/2/", "/strategy/2/compare/", "/strategy/2/edit/", "/strategy/2/edit/?rule=freeze"),
        *("/strategy/2/simulate/", "/strategy/2/activate/", f"/strategy/simulations/{simulation.pk}/"),
        *("/treatments/", "/proposals/", f"/proposals/{Proposal.objects.get().pk}/"),
    ]
    assert not [fault for address in addresses if (fault := faults(desk, address))]
