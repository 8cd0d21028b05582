"""The author's side: asking, asking again what was sent back, withdrawing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from accounts.errors import Conflict, Invalid
from approvals import services
from approvals.models import Request
from audit.models import Event
from runs import clock
from tests.approvals.deeds import allow, limit_of, limited, sql, verbs
from tests.factories import MOMENT, UserFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


def test_what_is_asked_for_waits_and_changes_nothing_yet(lin, account) -> None:
    request = asked(lin, account)
    assert (request.status, request.requested_by, request.version) == ("pending", lin, 1)
    assert (request.subject_type, request.subject_ref) == ("account", account.ref)
    assert request.expires_at == MOMENT + timedelta(days=7)
    assert request.payload == {"limit": "30000.00"}, "as the database keeps it, at the first check too"
    assert limit_of(account) == 20000
    event = Event.objects.get(verb="request.asked")
    assert (event.customer_id, event.reason) == (account.customer_id, "She earns more now")
    assert event.after == {"kind": "credit-limit", "status": "pending"}


def test_of_one_subject_and_kind_one_request_is_open(lin, chen, account) -> None:
    first = asked(lin, account)
    with pytest.raises(Conflict, match=rf"Lin asked for the same on 2026-11-22 \(request #{first.pk}\)"):
        asked(chen, account)
    services.send_back(actor=chen, request_id=first.pk, seen_version=1, comment="Less")
    with pytest.raises(Conflict, match="Sent back"):
        asked(chen, account)
    services.withdraw(actor=lin, request_id=first.pk, seen_version=2)
    asked(chen, account)
    asked(lin, account, kind="limited-credit-limit", amount=Decimal(1), currency="CNY")
    with pytest.raises(IntegrityError, match="request_one_open_per_subject"):
        sql(
            "INSERT INTO approvals_request SELECT (jsonb_populate_record(r, jsonb_build_object('id', id + 1000))).*"
            " FROM approvals_request r WHERE status = 'pending'"
        )


def test_who_may_not_ask_what_has_no_reason_and_what_does_not_fit_is_refused(lin, chen, account) -> None:
    with pytest.raises(PermissionDenied):
        asked(UserFactory(role="auditor"), account)
    with pytest.raises(Invalid, match="Say why"):
        asked(lin, account, reason=" ")
    with pytest.raises(Invalid, match="2001 characters"):
        asked(lin, account, reason="x" * 2001)
    with pytest.raises(Conflict, match=r"20000\.00 by now"):
        asked(lin, account, preview={"before": "1.00"})
    with pytest.raises(LookupError, match="nonsense"):
        asked(lin, account, kind="nonsense")
    with pytest.raises(ValueError, match="needs an amount"):
        asked(lin, account, kind="limited-credit-limit")
    assert not Request.objects.exists()
    assert not Event.objects.filter(subject_type="request").exists()


def test_about_no_customer_it_works_the_same(lin, chen, account) -> None:
    request = asked(lin, account, customer=None)
    services.approve(actor=chen, request_id=request.pk, seen_version=1)
    assert limit_of(account) == 30000
    assert verbs(request) == ["request.asked", "request.approved"]


def test_what_was_sent_back_is_asked_again_and_decided(lin, chen, account) -> None:
    request = asked(lin, account)
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="Less")
    with clock.frozen(MOMENT + timedelta(days=2)):
        again = services.resubmit(
            actor=lin, request_id=request.pk, seen_version=2, reason="Less, then",
            payload={"limit": "22000.00"}, preview={"before": "20000.00", "after": "22000.00"},
        )  # fmt: skip
        assert (again.status, again.version, again.reason) == ("pending", 3, "Less, then")
        assert (again.decided_by, again.decided_at, again.comment) == (None, None, "")
        assert again.expires_at == MOMENT + timedelta(days=9)
        services.approve(actor=chen, request_id=request.pk, seen_version=3)
    assert limit_of(account) == 22000
    assert verbs(request) == ["request.asked", "request.sent-back", "request.resubmitted", "request.approved"]


def test_only_the_author_asks_again_and_only_what_was_sent_back_and_still_fits(lin, chen, account) -> None:
    request = asked(lin, account)
    again = {"request_id": request.pk, "payload": {"limit": "1.00"}, "preview": {"before": "20000.00"}, "reason": "x"}
    with pytest.raises(Conflict, match="Waiting for a decision"):
        services.resubmit(actor=lin, seen_version=1, **again)
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="Less")
    with pytest.raises(PermissionDenied):
        services.resubmit(actor=chen, seen_version=2, **again)
    with pytest.raises(Conflict, match="by now"):
        services.resubmit(actor=lin, seen_version=2, **(again | {"preview": {"before": "1.00"}}))
    with pytest.raises(Conflict, match="Sent back"):
        services.approve(actor=chen, request_id=request.pk, seen_version=2)
    lin.groups.clear()
    with pytest.raises(PermissionDenied):
        services.resubmit(actor=type(lin).objects.get(pk=lin.pk), seen_version=2, **again)
    request.refresh_from_db()
    assert (request.status, request.version) == ("changes", 2)


def test_asked_again_for_more_it_needs_the_authority_for_more(lin, chen, account) -> None:
    allow("supervisor", 1000)
    request = limited(lin, account, "1000")
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="Not enough?")
    again = {
        "actor": lin, "request_id": request.pk, "seen_version": 2, "payload": request.payload,
        "preview": request.preview, "reason": "More",
    }  # fmt: skip
    with pytest.raises(ValueError, match="needs an amount"):
        services.resubmit(**again)
    with pytest.raises(Conflict, match="Nobody may decide this"):
        services.resubmit(**again, amount=Decimal(1001))
    allow("senior-collector", 1001)
    UserFactory(role="senior-collector")
    services.resubmit(**again, amount=Decimal(1001))
    with pytest.raises(Conflict, match="more than you may decide"):
        services.approve(actor=chen, request_id=request.pk, seen_version=3)


def test_the_author_alone_withdraws_and_once(lin, chen, account) -> None:
    request = asked(lin, account)
    with pytest.raises(PermissionDenied):
        services.withdraw(actor=chen, request_id=request.pk, seen_version=1)
    services.withdraw(actor=lin, request_id=request.pk, seen_version=1)
    with pytest.raises(Conflict, match="Withdrawn"):
        services.withdraw(actor=lin, request_id=request.pk, seen_version=2)
    with pytest.raises(Conflict, match="Withdrawn"):
        services.approve(actor=chen, request_id=request.pk, seen_version=2)
    assert limit_of(account) == 20000
