"""The page on which it is asked for: the preview says what the approval does, what makes no sense is explained, amounts climb."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from accounts.errors import Conflict, Invalid
from accounts.models import Acceleration, Account, Payment, Reversal
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.selectors.what_if import pictures
from accounts.services.posting import change_account
from approvals import services as approvals
from approvals.models import Request
from cases.models import Case
from delinquency.close_of_day import close_day
from desk import asking
from desk.present import told
from runs import clock
from staff.models import AuthorityLimit
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.freezing.conftest import ACTOR, TODAY, late_account, on, pay

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


def approve(by, request: Request) -> None:
    approvals.approve(actor=by, request_id=request.pk, seen_version=request.version)


def as_it_is(account: Account) -> dict:
    account.refresh_from_db()
    before, _same = pictures(account.pk, lambda facts: facts)
    return told(before, account.status)


def prepared(kind: str, account: Account, lin, chen) -> dict:
    """What the kind needs to be possible; the values to ask for it with."""
    if kind in ("reversal", "write-off"):
        pay(account, "300", "P1")
        pay(account, "50", "P2")
    if kind == "refund":
        pay(account, "5000")
    if kind == "deceleration":
        approve(
            chen,
            asking.ask(actor=lin, account=account, kind="acceleration", notified_on=TODAY, due_on=TODAY, reason="x"),
        )
    return {
        "reversal": {"payment_ref": "P1", "code": "bounced"},
        "refund": {"amount": Decimal(200)},
        "acceleration": {"notified_on": TODAY - timedelta(days=9), "due_on": TODAY - timedelta(days=2)},
        "final-date": {"final_due_on": TODAY + timedelta(days=5)},
    }.get(kind, {})


@pytest.mark.parametrize("kind", asking.WANTED)
@pytest.mark.parametrize("closed", [False, True])
def test_what_the_preview_shows_is_what_the_approval_does(kind: str, closed: bool, account, lin, chen) -> None:
    Account.objects.update(final_due_on=TODAY + timedelta(days=300))
    values = prepared(kind, account, lin, chen)
    days = 2 if closed else 0
    for day in range(days):
        with on(TODAY + timedelta(days=day + 1)):
            close_day(actor=ACTOR, through=TODAY + timedelta(days=day))
    with on(TODAY + timedelta(days=days)):
        found = as_it_is(account)
        request = asking.ask(actor=lin, account=account, kind=kind, reason="x", **values)
        effect = asking.WANTED[kind](account, **values).effect()
        assert effect["before"] == found == as_it_is(account), "asking changes nothing"
        approve(chen, request)
        assert as_it_is(account) == effect["after"] != found
    assert {name: request.preview[name] for name in ("before", "after", "follows")}.keys() == effect.keys()
    assert list(differences(*account_range())) == []


def test_the_preview_is_shown_as_it_is_entered_and_nothing_is_kept(account, lin, chen) -> None:
    pay(account, "2000")
    credit = owed_now([account.pk])[account.pk].waiting_credit
    hers = signed_in(lin)
    page = hers.get("/money/A1/?ask=refund").content.decode()
    assert f"¥{credit}" in page
    assert str(chen) in page, "who must decide"
    sent = {"verb": "refund", "refund-amount": "120", "preview": "1"}
    part = hers.post("/money/A1/", sent, headers=PART).content.decode()
    assert "<html" not in part
    assert f"¥{credit - 120}" in part
    more = hers.post("/money/A1/", sent | {"refund-amount": str(credit + 1)}, headers=PART).content.decode()
    assert f"Only {credit} waits as credit" in more
    less = hers.post("/money/A1/", sent | {"refund-amount": "-5"}, headers=PART).content.decode()
    assert "“-5” is too little: expected at least 0.01." in less
    assert "Fill in the form" in hers.post("/money/A1/", sent | {"refund-amount": ""}, headers=PART).content.decode()
    assert not Request.objects.exists()
    assert f"¥{credit - 120}" in hers.post("/money/A1/", sent).content.decode(), (
        "and as a whole page, where no script runs"
    )


def test_what_makes_no_sense_is_explained_instead_of_offered(account, lin) -> None:
    hers = signed_in(lin)
    for kind, why in (
        ("reversal", "has no payment that is not reversed"),
        ("refund", "No credit waits"),
        ("deceleration", "No acceleration is in force"),
    ):
        page = hers.get(f"/money/A1/?ask={kind}").content.decode()
        assert why in page
        assert "Ask for it" not in page
    assert "Write an account off</h2>" in hers.get("/money/A1/").content.decode(), "the first that is possible"
    pay(account, "5000")
    for kind in ("write-off", "acceleration"):
        assert "Nothing is owed" in hers.get(f"/money/A1/?ask={kind}").content.decode()


def test_a_payment_is_chosen_or_typed(account, lin, chen) -> None:
    first, second = pay(account, "100", "P1"), pay(account, "200", "P2")
    hers = signed_in(lin)
    page = hers.get(f"/money/A1/?ask=reversal&payment={second.pk}").content.decode()
    assert f'<option value="{second.pk}" selected>P2 · 200.00 · {TODAY}</option>' in page
    sent = {"verb": "reversal", "reversal-code": "bounced", "reversal-reason": "Typed"}
    for wrong, why in (
        ({}, "Choose a payment, or enter"),
        ({"reversal-payment": first.pk, "reversal-payment_ref": "P2"}, "Payment P1 is chosen, and “P2” entered"),
        ({"reversal-payment_ref": "P9"}, "has no payment “P9”"),
        ({"reversal-payment": "9999999"}, "is not on the list"),
    ):
        answer = hers.post("/money/A1/", sent | wrong)
        assert answer.status_code == 422
        assert why in answer.content.decode()
        assert "Typed" in answer.content.decode()
    assert hers.post("/money/A1/", sent | {"reversal-payment_ref": " P2 "}).status_code == 302
    assert Request.objects.get().payload == {"payment": second.pk, "code": "bounced"}
    assert Payment.objects.filter(reversal=None).count() == 2, "it is only asked for"


def test_what_is_asked_for_stands_on_the_page_and_what_was_sent_back_is_asked_again(account, lin, chen) -> None:
    hers = signed_in(lin)
    hers.post("/money/A1/", {"verb": "write-off", "write-off-reason": "Lost"})
    request = Request.objects.get()
    page = hers.get("/money/A1/").content.decode()
    assert f'href="/approvals/{request.pk}/"' in page
    assert "May decide: Chen" in " ".join(page.split())
    assert "asks for it already" in page
    approvals.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="Which estate?")
    page = hers.get("/money/A1/?ask=write-off").content.decode()
    assert "Which estate?" in page
    assert hers.post("/money/A1/", {"verb": "write-off", "write-off-reason": "None"}).status_code == 302
    request.refresh_from_db()
    assert (request.status, request.reason) == ("pending", "None")
    clerk = signed_in(UserFactory(role="data-entry", team=None))
    assert f"/approvals/{request.pk}/" not in clerk.get("/money/A1/").content.decode(), "she may ask, not read requests"


def test_nobody_decides_her_own_nor_without_the_right(account, lin, chen) -> None:
    UserFactory(role="supervisor")
    pay(account, "100")
    values = {"account": account, "kind": "reversal", "payment_ref": "P1", "code": "error", "reason": "x"}
    with pytest.raises(PermissionDenied):
        asking.ask(actor=UserFactory(role="auditor"), **values)
    request = asking.ask(actor=chen, **values)
    with pytest.raises(Conflict, match="yourself"):
        approve(chen, request)
    signed_in(chen).post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": "1", "comment": ""})
    for role in ("collector", "senior-collector", "data-entry", "administrator"):
        with pytest.raises(PermissionDenied):
            approve(UserFactory(role=role), request)
    assert not Reversal.objects.exists()


@pytest.mark.parametrize(
    ("kind", "values", "limit"),
    [
        ("refund", {"amount": Decimal(500)}, "refund"),
        ("write-off", {}, "write-off"),
        ("acceleration", {"notified_on": TODAY, "due_on": TODAY}, "acceleration"),
        ("final-date", {"final_due_on": TODAY}, "acceleration"),
    ],
)
def test_beyond_the_authority_it_climbs(kind: str, values: dict, limit: str, account, lin, chen) -> None:
    if kind == "refund":
        pay(account, "5000")
    row = AuthorityLimit.objects.get(kind=limit, currency="CNY", role__code="supervisor")
    assert row.source == "House rule; set your own"
    request = asking.ask(actor=lin, account=account, kind=kind, reason="x", **values)
    AuthorityLimit.objects.filter(pk=row.pk).update(most=request.amount - 1)
    page = signed_in(lin).get(f"/money/A1/?ask={kind}").content.decode()
    assert "Nobody may decide this at the moment" in page
    with pytest.raises(Conflict, match="more than you may decide"):
        approve(chen, request)
    AuthorityLimit.objects.filter(pk=row.pk).update(most=request.amount)
    approve(chen, request)


def test_another_teams_account_is_not_found(account, lin) -> None:
    far = late_account("2")
    Case.objects.filter(customer=far.customer_id).update(team=None)
    hers = signed_in(lin)
    assert hers.get("/money/A2/").status_code == 404
    assert hers.post("/money/A2/", {"verb": "write-off", "write-off-reason": "x"}).status_code == 404


def test_the_final_due_date_is_moved_by_two_and_only_from_where_it_was(account, lin, chen) -> None:
    day = TODAY + timedelta(days=60)
    with pytest.raises(Invalid, match="– is the final due date already"):
        asking.ask(actor=lin, account=account, kind="final-date", final_due_on=None, reason="x")
    request = asking.ask(actor=lin, account=account, kind="final-date", final_due_on=day, reason="As signed")
    change_account(
        actor=ACTOR, account_id=account.pk, seen_version=account.version, credit_limit=None, final_due_on=TODAY
    )
    with pytest.raises(Conflict, match=f"The final due date is {TODAY} by now, not –"):
        approve(chen, request)
    approvals.withdraw(actor=lin, request_id=request.pk, seen_version=1)
    account.refresh_from_db()
    approve(chen, asking.ask(actor=lin, account=account, kind="final-date", final_due_on=day, reason="As signed"))
    account.refresh_from_db()
    assert account.final_due_on == day
    assert list(differences(*account_range())) == []


def test_data_entry_asks_neither_for_write_offs_nor_for_acceleration(account, lin) -> None:
    UserFactory(role="supervisor")
    pay(account, "100", "P1")
    wu = UserFactory(role="data-entry", team=None)
    with pytest.raises(PermissionDenied):
        asking.ask(actor=wu, account=account, kind="write-off", reason="x")
    hers = signed_in(wu)
    page = hers.get("/money/A1/?ask=write-off").content.decode()
    assert "Reverse a payment</h2>" in page
    for word in ("Write an account off", "Call the whole balance due", "Withdraw an acceleration"):
        assert word not in page
    assert hers.post("/money/A1/", {"verb": "write-off", "write-off-reason": "x"}).status_code == 403
    asking.ask(actor=wu, account=account, kind="reversal", payment_ref="P1", code="error", reason="Typed twice")


def test_what_nobody_may_decide_is_said_before_it_is_asked_for_and_cannot_be(account, lin) -> None:
    hers, nobody = signed_in(lin), "Nobody may decide this at the moment, so that it cannot be asked for"
    assert nobody in hers.get("/money/A1/?ask=write-off").content.decode()
    answer = hers.post("/money/A1/", {"verb": "write-off", "write-off-reason": "Gone abroad"})
    assert answer.status_code == 422
    assert nobody in answer.content.decode()
    assert "Gone abroad" in answer.content.decode()
    assert not Request.objects.exists()


def test_an_acceleration_in_force_is_shown_beside_what_is_owed(account, lin) -> None:
    hers = signed_in(lin)
    assert "called-due" not in hers.get("/money/A1/").content.decode()
    Acceleration.objects.create(
        account=account, due_on=TODAY + timedelta(days=9), notified_on=TODAY, reason="x", known_from=clock.now()
    )
    page = hers.get("/money/A1/").content.decode()
    assert f"All due on {TODAY + timedelta(days=9)}; the debtor was notified on {TODAY}." in page
