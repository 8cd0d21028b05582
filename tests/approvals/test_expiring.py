"""What nobody decides in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.errors import Conflict
from approvals import services
from approvals.errors import StaleScreen
from approvals.jobs import expire_overdue
from approvals.selectors import history, inbox_of
from runs import clock
from tests.approvals.deeds import verbs
from tests.factories import MOMENT, AccountFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


def test_what_nobody_decides_in_time_expires_once(lin, chen, account) -> None:
    request = asked(lin, account)
    other = asked(lin, AccountFactory(), kind="credit-limit", customer=None)
    services.send_back(actor=chen, request_id=other.pk, seen_version=1, comment="x")
    with clock.frozen(request.expires_at - timedelta(seconds=1)):
        assert expire_overdue() == 0
    with clock.frozen(request.expires_at):
        # Nothing that is over is decided, whether or not the hour's job has passed.
        for refused in (
            lambda: services.approve(actor=chen, request_id=request.pk, seen_version=1),
            lambda: services.withdraw(actor=lin, request_id=request.pk, seen_version=1),
        ):
            with pytest.raises(Conflict, match="expired on 2026-11-29 12:00"):
                refused()
        assert not inbox_of(chen).exists()
        assert expire_overdue() == 2
        assert expire_overdue() == 0
    request.refresh_from_db()
    assert (request.status, request.version) == ("expired", 2)
    event = history(request)[0]
    assert (event.verb, event.actor_name, event.before, event.after["status"]) == (
        "request.expired", "expiry", {"status": "pending"}, "expired",
    )  # fmt: skip
    with pytest.raises(StaleScreen, match="expiry: Expired"):
        services.approve(actor=chen, request_id=request.pk, seen_version=1)


def test_one_that_expired_gives_way_to_the_next(lin, chen, account) -> None:
    request = asked(lin, account)
    with clock.frozen(request.expires_at):
        following = asked(chen, account)
    request.refresh_from_db()
    assert (request.status, following.status) == ("expired", "pending")
    assert verbs(request) == ["request.asked", "request.expired"]


def test_expiring_goes_by_batches(lin, monkeypatch) -> None:
    monkeypatch.setattr("approvals.services.expiring.BATCH", 2)
    for _ in range(5):
        asked(lin, AccountFactory(), customer=None)
    with clock.frozen(MOMENT + timedelta(days=8)):
        assert expire_overdue() == 5
