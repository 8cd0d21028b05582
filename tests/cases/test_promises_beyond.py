"""Promises beyond one's own limit: asked for with the same form, taken where another person approves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.errors import Conflict, Invalid
from approvals import services as approvals
from approvals.models import Request
from cases.models import Case, Promise
from cases.services import beyond
from runs import clock
from staff.models import User
from tests.cases.deeds import HTMX, values
from tests.cases.promise_deeds import TODAY, at, days, everything_agrees, late_account, pay, promise
from tests.factories import PortfolioFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("promise_day")]


@pytest.fixture
def lin() -> User:
    return UserFactory(display_name="Lin")


def ask(lin: User, *parts: tuple[int, str], note: str = "Bonus in spring") -> Request:
    case = Case.objects.get()
    return beyond.ask(
        actor=lin, case_id=case.pk, seen_version=case.version, note=note,
        instalments=[(days(ahead), Decimal(amount)) for ahead, amount in parts],
    )  # fmt: skip


def approve(by: User, request: Request) -> None:
    approvals.approve(actor=by, request_id=request.pk, seen_version=Request.objects.get(pk=request.pk).version)


def test_it_is_taken_in_the_askers_name_by_who_may_and_by_nobody_else(lin: User) -> None:
    late_account()
    senior = UserFactory(role="senior-collector")
    with pytest.raises(Invalid, match="note"):
        ask(lin, (25, "10.00"), note=" ")
    request = ask(lin, (3, "10.00"), (25, "10.00"))
    assert (request.amount, request.kind) == (25, "promise-beyond-limit")
    assert not Promise.objects.exists(), "it is only asked for"
    for other in (lin, UserFactory()):
        with pytest.raises((Conflict, PermissionDenied, Invalid)):
            approve(other, request)
    approve(senior, request)
    taken = Promise.objects.get()
    assert (taken.taken_by, taken.amount, taken.status, taken.note) == (lin, Decimal(20), "open", "Bonus in spring")
    assert [one.due_on for one in taken.instalments.all()] == [days(3), days(25)]
    assert Case.objects.get().wait_for == "promise"
    everything_agrees()


def test_it_is_refused_where_the_case_changed(lin: User) -> None:
    account = late_account()
    senior = UserFactory(role="senior-collector")
    request = ask(lin, (25, "10.00"))
    promise((2, "10.00"), by=lin)
    with pytest.raises(Conflict, match="another one since"):
        approve(senior, request)
    approvals.withdraw(actor=lin, request_id=request.pk, seen_version=1)
    request = ask(lin, (2, "5.00"), (25, "10.00"))
    with clock.frozen(at(days(3))), pytest.raises(Conflict, match="too early"):
        approve(senior, request)
    pay(account, "1000.00", days(0))
    with pytest.raises(Conflict):
        approve(senior, request)
    assert Promise.objects.count() == 1


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_form_says_that_dates_go_beyond_the_limit_and_asks(client: Client, lin: User, language: str) -> None:
    senior = UserFactory(role="senior-collector")
    PortfolioFactory()
    late_account()
    case = Case.objects.get()
    client.force_login(lin)
    address = f"/cases/{case.ref}/promise/"
    assert 'name="beyond"' not in client.get(address).content.decode()
    first = (TODAY + timedelta(days=7)).isoformat()
    asked = {"rows": 1, "amount_1": "30.00", "on_1": first, "parts": 3, "interval": "7", "split": "1"}
    page = client.post(address, values("promise", case) | asked, headers=HTMX).content.decode()
    assert 'name="beyond" value="1"' in page
    assert f"{days(21)} is beyond your own limit: you may take promises until {days(14)}" in page
    rows = {f"on_{n}": days(7 * n).isoformat() for n in (1, 2, 3)} | {f"amount_{n}": "10.00" for n in (1, 2, 3)}
    sent = values("promise", case) | rows | {"rows": 3, "parts": 3, "beyond": "1", "note": "Bonus in spring"}
    page = client.post(address, sent, headers=HTMX).content.decode()
    assert "The promise is asked for" in page
    request = Request.objects.get()
    assert not Promise.objects.exists()
    client.cookies.load({"django_language": language})
    client.force_login(senior)
    page = client.get(f"/approvals/{request.pk}/").content.decode()
    for told in (days(21).isoformat(), "Bonus in spring", {"en": "Together", "zh-hans": "合计"}[language]):
        assert told in page
