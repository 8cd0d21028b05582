"""The list of commands, the page of one account, and the panel beside a case."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.services.status import change_status
from approvals.models import Request
from cases.errors import StaleScreen
from cases.models import Case
from cases.services import holds
from freezing.models import CoreCommand
from tests.clients import signed_in
from tests.freezing.conftest import ACTOR, TODAY, freeze, pay

pytestmark = pytest.mark.django_db


def test_a_collector_asks_on_the_page_of_the_account_and_a_supervisor_approves(account, lin, chen) -> None:
    hers, desk = signed_in(lin), signed_in(chen)
    page = hers.get("/freezes/A1/").content.decode()
    assert "What would be frozen" in page
    assert "100 days past due" in page
    answer = hers.post("/freezes/A1/", {"reason": "90 days late"}, follow=True)
    assert "once approved" in answer.content.decode()
    assert "Waits for a decision" in answer.content.decode()
    request = Request.objects.get()
    page = desk.get(f"/approvals/{request.pk}/").content.decode()
    assert "the core system is told to block spending" in page
    assert 'href="/freezes/A1/"' in page
    desk.post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": "1", "comment": ""})
    assert CoreCommand.objects.get().status == "asked"
    listed = desk.get("/freezes/?q=A1&verb=freeze&status=asked&account=active").content.decode()
    assert "王*明" in listed
    assert "王小明" not in listed
    assert "No command matches" in desk.get("/freezes/?q=nobody").content.decode()
    assert desk.get("/freezes/", headers={"HX-Request": "true"}).content.decode().startswith('<div id="results">')


def test_what_is_refused_stands_in_the_form(account, lin) -> None:
    hers = signed_in(lin)
    assert hers.post("/freezes/A1/", {"reason": ""}).status_code == 422
    pay(account)
    answer = hers.post("/freezes/A1/", {"reason": "Typed"})
    assert answer.status_code == 422
    assert "A1 is not late any more" in answer.content.decode()
    assert "Typed" in answer.content.decode()
    assert "Ask to freeze" not in hers.get("/freezes/A1/").content.decode(), "there is nothing to ask for"


def test_the_case_page_shows_it(account, lin, chen) -> None:
    desk = signed_in(chen)
    address = reverse("case-beside", args=[Case.objects.get().ref])
    assert 'href="/freezes/A1/"' in desk.get(address).content.decode()
    freeze(lin, chen, account)
    assert "Freeze: Asked" in desk.get(address).content.decode()


def test_a_status_that_changes_makes_open_screens_of_the_case_stale(account, lin) -> None:
    case = Case.objects.get()
    change_status(actor=ACTOR, account_id=account.pk, to="frozen", reason="x")
    with pytest.raises(StaleScreen, match="Status of an account changed"):
        holds.place(
            actor=lin, case_id=case.pk, seen_version=case.version, account_id=account.pk, kind="contact",
            starts_on=TODAY, ends_on=TODAY, reason="x",
        )  # fmt: skip
    version = Case.objects.get().version
    change_status(actor=ACTOR, account_id=account.pk, to="frozen", reason="x")
    assert Case.objects.get().version == version, "nothing changed"


def test_of_a_frozen_account_it_is_said_why_unfreezing_cannot_be_asked_for(account, lin) -> None:
    change_status(actor=ACTOR, account_id=account.pk, to="frozen", reason="x")
    page = signed_in(lin).get("/freezes/A1/").content.decode()
    assert "Unfreezing cannot be asked for now:" in page
    assert page.count("Account A1 is late:") == 1
    pay(account)
    page = signed_in(lin).get("/freezes/A1/").content.decode()
    assert "Unfreezing cannot be asked for now:" not in page
    assert "Ask to unfreeze" in page
