"""Holds from the case page: who may place which, for how long, and that only a deferral moves the days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.errors import Conflict, Invalid
from accounts.models import Hold, Standing
from accounts.services.posting import post_payment
from approvals import services as approvals
from approvals.models import Request
from audit.models import Event
from cases.errors import StaleScreen
from cases.models import Case
from cases.services.holds import lift, place
from cases.services.waiting import refresh_waits
from runs import clock
from staff.models import AuthorityLimit, User
from tests.cases.promise_deeds import close_through, days, everything_agrees, late_account
from tests.clients import signed_in
from tests.factories import AccountFactory, CaseFactory, HoldFactory, PortfolioFactory, UserFactory
from tests.said import in_chinese

TODAY = date(2026, 3, 10)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.frozen(datetime(2026, 3, 10, 4, 0, tzinfo=UTC)):
        yield


def hold(kind: str = "contact", *, by: User | None = None, **options: object) -> list[Hold]:
    case = Case.objects.get()
    values: dict[str, object] = {
        "account_id": None, "starts_on": TODAY, "ends_on": days(6), "reason": "Illness in the family",
        "seen_version": case.version,
    } | options  # fmt: skip
    return place(actor=by or UserFactory(), case_id=case.pk, kind=kind, **values)


def let_go(placed: Hold, *, by: User | None = None, **options: object) -> Hold | Request | None:
    case = Case.objects.get()
    values: dict[str, object] = {"last_day": None, "reason": "Entered in error", "seen_version": case.version} | options
    return lift(actor=by or UserFactory(role="supervisor"), case_id=case.pk, hold_id=placed.pk, **values)


def test_a_hold_on_everything_stops_every_late_account_and_the_case_waits() -> None:
    account = late_account()
    late_account("A2", customer_id=account.customer_id)
    version = Case.objects.get().version
    placed = hold()
    assert [(one.account.ref, one.kind, one.starts_on, one.ends_on) for one in placed] == [
        ("A1", "contact", TODAY, days(6)),
        ("A2", "contact", TODAY, days(6)),
    ]
    case = Case.objects.get()
    assert case.version > version
    assert case.wait_for == "hold"
    assert Event.objects.filter(verb="hold.placed", reason="Illness in the family").count() == 2
    everything_agrees()


def test_a_case_with_nothing_late_waits_for_any_hold_of_contact() -> None:
    case = CaseFactory(status="open")
    for _ in range(2):
        AccountFactory(customer=case.customer)
    HoldFactory(account=case.customer.accounts.first(), kind="contact", starts_on=TODAY, ends_on=days(6))
    refresh_waits(customer_ids=[case.customer_id])
    case.refresh_from_db()
    assert (case.wait_for, case.wait_until) == ("hold", clock.begins(days(7)))


def test_a_hold_on_one_account_leaves_the_others() -> None:
    account = late_account()
    other = late_account("A2", customer_id=account.customer_id)
    assert [one.account for one in hold("fees", account_id=other.pk)] == [other]
    assert Case.objects.get().wait_for == ""


def test_a_back_dated_hold_is_ordinary() -> None:
    late_account()
    (placed,) = hold("fees", starts_on=days(-9), ends_on=days(-2))
    assert (placed.starts_on, placed.ends_on) == (days(-9), days(-2))
    everything_agrees()


@pytest.mark.parametrize("kind", ["contact", "fees", "treatment"])
def test_other_kinds_never_move_the_days(kind: str) -> None:
    account = late_account()
    before = Standing.objects.filter(account=account).values("overdue_since", "clock_from_on", "clock_stopped_on").get()
    hold(kind, starts_on=days(-9))
    close_through(TODAY)
    assert Standing.objects.filter(account=account).values(*before).get() == before


@pytest.mark.parametrize(
    ("role", "most", "others"),
    [("collector", 30, " Ask one of: Senior collector, Supervisor."), ("senior-collector", 60, " Ask one of: Supervisor."),
     ("supervisor", 180, "")],
)  # fmt: skip
def test_a_hold_is_at_most_as_long_as_the_limit_of_who_places_it(role: str, most: int, others: str) -> None:
    late_account()
    by = UserFactory(role=role)
    hold(by=by, starts_on=days(-5), ends_on=days(-6 + most))
    with pytest.raises(Invalid) as refused:
        hold(by=by, starts_on=days(-5), ends_on=days(-5 + most))
    assert refused.value.field == "ends_on"
    assert str(refused.value) == (
        f"{days(-5 + most)} is too late: from {days(-5)} on you may hold until {days(-6 + most)}.{others}"
    )
    with pytest.raises(Invalid, match=r"Give a last day, .*: you may not hold without one\.$"):
        hold(by=by, ends_on=None)


def test_late_fees_are_held_no_longer_piece_by_piece_than_at_once() -> None:
    """A collector may hold 30 days: in a year, whoever held the others."""
    account = late_account()
    other = late_account("A2", customer_id=account.customer_id)
    collector = UserFactory(role="collector")
    hold("fees", by=collector, account_id=account.pk, starts_on=days(-60), ends_on=days(-41))
    hold("fees", by=UserFactory(role="collector"), account_id=account.pk, starts_on=days(-45), ends_on=days(-36))
    with pytest.raises(
        Invalid, match=r"on 31 days of the year until .*: you may hold 30\. Ask one of: Senior"
    ) as refused:
        hold("fees", by=collector, account_id=account.pk, starts_on=TODAY, ends_on=days(5))
    assert refused.value.field == "ends_on"
    hold("fees", by=collector, account_id=account.pk, starts_on=TODAY, ends_on=days(4))
    hold("fees", by=collector, account_id=other.pk, starts_on=TODAY, ends_on=days(9))
    hold("contact", by=collector, account_id=account.pk, starts_on=TODAY, ends_on=days(9))
    with pytest.raises(Invalid, match="on 31 days of the year"):
        hold("fees", by=collector, account_id=None, starts_on=days(5), ends_on=days(5))
    hold("fees", by=UserFactory(role="senior-collector"), account_id=account.pk, starts_on=days(5), ends_on=days(9))
    hold("fees", by=collector, account_id=account.pk, starts_on=days(400), ends_on=days(429))


def test_who_has_no_limit_may_hold_until_further_notice() -> None:
    late_account()
    AuthorityLimit.objects.filter(role__code="supervisor", kind="hold-days").update(most=None)
    with pytest.raises(Invalid, match=r"without one\. Ask one of: Supervisor"):
        hold(ends_on=None)
    (placed,) = hold(by=UserFactory(role="supervisor"), ends_on=None)
    assert placed.ends_on is None


def test_only_a_supervisor_places_a_deferral_and_lifts_one_and_it_moves_the_days() -> None:
    PortfolioFactory()
    account = late_account()
    close_through(TODAY)
    before = Case.objects.get()
    for role in ("collector", "senior-collector"):
        with pytest.raises(PermissionDenied):
            hold("deferral", by=UserFactory(role=role))
    chen, _wang = UserFactory(role="supervisor"), UserFactory(role="supervisor")
    assert hold("deferral", by=chen, starts_on=days(-3), ends_on=days(6)) == []
    assert not Hold.objects.exists(), "it is only asked for"
    request = Request.objects.get(kind="deferral")
    assert (request.amount, request.subject_ref) == (10, before.ref)
    with pytest.raises(Conflict, match="You asked for this yourself"):
        approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    with pytest.raises(PermissionDenied):
        approvals.approve(actor=UserFactory(role="senior-collector"), request_id=request.pk, seen_version=1)
    approvals.approve(actor=UserFactory(role="supervisor"), request_id=request.pk, seen_version=1)
    placed = Hold.objects.get()
    assert (placed.starts_on, placed.ends_on, placed.account) == (days(-3), days(6), account)
    close_through(days(1))
    standing = Standing.objects.get(account=account)
    assert standing.clock_stopped_on is not None
    assert Case.objects.get().clock_stopped_on is not None
    with pytest.raises(PermissionDenied):
        let_go(placed, by=UserFactory(role="senior-collector"))
    with pytest.raises(Invalid, match="outside the hold"):
        let_go(placed, by=chen, last_day=days(-4))
    let_go(placed, by=chen)
    assert Hold.objects.get().withdrawn_at is None, "its end is only asked for, too"
    with pytest.raises(Conflict, match="asked for the same"):
        let_go(placed, by=chen)
    end = Request.objects.get(kind="deferral-end")
    with pytest.raises(Conflict, match="You asked for this yourself"):
        approvals.approve(actor=chen, request_id=end.pk, seen_version=1)
    with pytest.raises(PermissionDenied):
        approvals.approve(actor=UserFactory(role="senior-collector"), request_id=end.pk, seen_version=1)
    version = Case.objects.get().version
    approvals.approve(actor=UserFactory(role="supervisor"), request_id=end.pk, seen_version=1)
    after = Case.objects.get()
    assert after.version > version
    assert (after.clock_from_on, after.clock_stopped_on) == (before.clock_from_on, None)
    everything_agrees()


def test_a_deferral_of_what_was_paid_meanwhile_is_refused_and_longer_ones_are_anothers_to_decide() -> None:
    PortfolioFactory()
    account = late_account()
    AuthorityLimit.objects.filter(role__code="supervisor", kind="hold-days").update(most=None)
    UserFactory(role="supervisor")
    hold("deferral", by=UserFactory(role="supervisor"), ends_on=None)
    request = Request.objects.get()
    AuthorityLimit.objects.filter(role__code="supervisor", kind="hold-days").update(most=180)
    with pytest.raises(Conflict, match="more than you may decide"):
        approvals.approve(actor=UserFactory(role="supervisor"), request_id=request.pk, seen_version=1)
    AuthorityLimit.objects.filter(role__code="supervisor", kind="hold-days").update(most=None)
    post_payment(actor=UserFactory(), account_id=account.pk, ref="ALL", amount=Decimal(100000), effective_on=TODAY)
    with pytest.raises(Conflict, match="is closed since") as refused:
        approvals.approve(actor=UserFactory(role="supervisor"), request_id=request.pk, seen_version=1)
    assert in_chinese(refused).endswith("结案：不再有逾期。请刷新页面。")
    assert not Hold.objects.exists()


def test_who_may_not_place_holds_at_all_is_refused() -> None:
    late_account()
    with pytest.raises(PermissionDenied):
        hold(by=UserFactory(role="auditor"))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"kind": "sleep"}, "kind"),
        ({"account_id": 0}, "account"),
        ({"starts_on": days(3), "ends_on": days(2)}, "ends_on"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(options: dict[str, object], field: str) -> None:
    late_account()
    with pytest.raises(Invalid) as refused:
        hold(**options)
    assert refused.value.field == field
    assert not Hold.objects.exists()


def test_a_lifted_hold_frees_the_case_and_one_lifted_already_is_refused() -> None:
    late_account()
    (placed,) = hold()
    successor = let_go(placed, last_day=TODAY)
    assert isinstance(successor, Hold)
    assert successor.ends_on == TODAY
    assert Case.objects.get().wait_for == "hold"
    let_go(successor)
    assert Case.objects.get().wait_for == ""
    with pytest.raises(Conflict, match="lifted already") as refused:
        let_go(placed)
    assert in_chinese(refused) == "该暂停已解除。"
    everything_agrees()


def test_another_customers_hold_is_out_of_reach_and_a_reason_is_asked() -> None:
    late_account()
    (placed,) = hold()
    with pytest.raises(Invalid, match="Say why"):
        let_go(placed, reason=" ")
    other = late_account("A9")
    case = Case.objects.get(customer_id=other.customer_id)
    with pytest.raises(Invalid, match="another customer's"):
        lift(actor=UserFactory(role="supervisor"), case_id=case.pk, seen_version=case.version, hold_id=placed.pk,
             last_day=None, reason="x")  # fmt: skip


def test_a_stale_screen_and_a_closed_case_are_refused() -> None:
    late_account()
    seen = Case.objects.get().version
    (placed,) = hold()
    with pytest.raises(StaleScreen, match="Hold placed"):
        hold("fees", seen_version=seen)
    with pytest.raises(StaleScreen):
        let_go(placed, seen_version=seen)
    Case.objects.update(status="cured", closed_on=TODAY)
    with pytest.raises(Conflict, match="closed"):
        hold("fees")


@pytest.mark.parametrize("role", ["collector", "senior-collector", "supervisor"])
def test_whoever_holds_from_the_case_page_finds_no_way_around_it_on_the_data_entry_pages(
    role: str, client: Client
) -> None:
    account = late_account()
    (placed,) = hold()
    client.force_login(UserFactory(role=role))
    sent = {"account": account.pk, "kind": "deferral", "starts_on": "2026-03-01", "reason": "x"}
    for address in ("", "add/", f"{placed.pk}/change/", f"{placed.pk}/lift/"):
        assert client.get(f"/admin/accounts/hold/{address}").status_code == 403
        assert client.post(f"/admin/accounts/hold/{address}", sent).status_code == 403
    assert Hold.objects.count() == 1


def test_data_entry_places_nothing_that_moves_days_or_fees(client: Client) -> None:
    account = late_account()
    client.force_login(UserFactory(role="data-entry", team=None))
    sent = {"account": account.pk, "kind": "deferral", "starts_on": "2026-03-01", "reason": "x"}
    page = client.post("/admin/accounts/hold/add/", sent)
    assert "another person decides" in page.context["adminform"].form.errors["kind"][0]
    page = client.post("/admin/accounts/hold/add/", sent | {"kind": "fees"})
    assert "changes what is owed" in page.context["adminform"].form.errors["kind"][0]
    assert client.post("/admin/accounts/hold/add/", sent | {"kind": "contact"}).status_code == 302
    assert Hold.objects.get().kind == "contact"


def stands_open(user: User) -> str:
    """What the page of the case says stands open, as `user` reads it."""
    page = signed_in(user).get(f"/cases/{Case.objects.get().ref}/").content.decode()
    return " ".join(page.split('id="matters-title"')[1].split("</section>")[0].split())


def test_a_deferral_that_waits_for_another_person_stands_open_with_its_request() -> None:
    PortfolioFactory()
    late_account()
    close_through(TODAY)
    chen, wang = UserFactory(role="supervisor", display_name="Chen"), UserFactory(role="supervisor")
    hold("deferral", by=chen)
    request = Request.objects.get()
    link = f'href="/approvals/{request.pk}/"'
    for user, opens in ((chen, True), (wang, True), (UserFactory(role="auditor"), True), (UserFactory(), False)):
        said = stands_open(user)
        assert "<b>Defer a debt</b>" in said
        assert f"A1 · {TODAY} – {days(6)}" in said
        assert "Asked by Chen; another person decides until 2026-03-17" in said
        assert (link in said) is opens, user
        assert signed_in(user).get(f"/approvals/{request.pk}/").status_code == (200 if opens else 404)
    approvals.send_back(actor=wang, request_id=request.pk, seen_version=1, comment="Until when?")
    assert "Sent back for changes" in stands_open(chen)
    request.refresh_from_db()
    approvals.resubmit(
        actor=chen, request_id=request.pk, seen_version=request.version, payload=request.payload, preview=request.preview,
        reason=request.reason, amount=request.amount,
    )  # fmt: skip
    request.refresh_from_db()
    approvals.approve(actor=wang, request_id=request.pk, seen_version=request.version)
    assert "Defer a debt" not in stands_open(chen)
    let_go(Hold.objects.get(), by=chen, last_day=days(2))
    assert '<b>Lift a deferral</b> <span class="pill watch">Waiting for a decision</span>' in stands_open(wang)
    with clock.frozen(datetime(2026, 3, 18, 4, 0, tzinfo=UTC)):
        assert "Lift a deferral" not in stands_open(wang)
