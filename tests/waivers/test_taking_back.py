"""Waivers taken back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from accounts.errors import Conflict
from approvals import services as approvals
from tests.waivers.conftest import TODAY, WHOLE, approve, ask, fee, pay
from waivers.models import Waiver
from waivers.services import granting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checked")]


def test_it_is_taken_back_by_the_same_path(account, lin, chen) -> None:
    waiver = approve(chen, ask(lin, account))
    request = granting.ask_to_take_back(actor=lin, waiver_id=waiver.pk, reason="It was the wrong account")
    assert (request.kind, request.amount) == ("waiver-back", WHOLE)
    assert fee(account) == 0
    approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    waiver.refresh_from_db()
    assert waiver.status == "taken-back"
    assert fee(account) == WHOLE
    with pytest.raises(Conflict, match="there is nothing to take back"):
        granting.ask_to_take_back(actor=lin, waiver_id=waiver.pk, reason="Again")
    with pytest.raises(DatabaseError, match="stays so"), transaction.atomic():
        Waiver.objects.filter(pk=waiver.pk).update(status="granted")


def test_one_that_waits_is_taken_back_and_what_depends_on_it_fails(account, lin, chen) -> None:
    terms = {"condition_amount": Decimal(1000), "basis": "amount", "amount": Decimal(100)}
    first = approve(chen, ask(lin, account, condition_on=TODAY + timedelta(days=3), **terms))
    second = approve(chen, ask(lin, account, condition_on=TODAY + timedelta(days=6), needs_id=first.pk, **terms))
    request = granting.ask_to_take_back(actor=lin, waiver_id=first.pk, reason="She disputes the debt")
    approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("taken-back", "lapsed")
    pay(account, "5000")
    assert fee(account) == WHOLE
