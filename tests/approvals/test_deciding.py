"""The other side: what is applied when, what is refused and why, and what is left behind."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from approvals import services
from approvals.errors import StaleScreen
from audit.models import Event
from tests.approvals.deeds import allow, limit_of, limited, sql
from tests.factories import MOMENT, TeamFactory, UserFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


def test_approving_does_it_and_says_who(lin, chen, account) -> None:
    request = asked(lin, account)
    done = services.approve(actor=chen, request_id=request.pk, seen_version=1, comment=" Fine ")
    assert limit_of(account) == 30000
    assert (done.status, done.decided_by, done.decided_by_name, done.decided_at) == ("approved", chen, "Chen", MOMENT)
    assert (done.comment, done.version) == ("Fine", 2)
    event = Event.objects.get(verb="request.approved")
    assert (event.actor_id, event.reason, event.before["status"], event.after["status"]) == (
        chen.pk, "Fine", "pending", "approved",
    )  # fmt: skip


def test_what_no_longer_fits_is_refused_with_what_changed_and_stays_open(lin, chen, account) -> None:
    request = asked(lin, account)
    Account.objects.filter(pk=account.pk).update(credit_limit=25000)
    with pytest.raises(Conflict, match=r"25000\.00 by now, no longer 20000\.00"):
        services.approve(actor=chen, request_id=request.pk, seen_version=1)
    request.refresh_from_db()
    assert (request.status, request.version, limit_of(account)) == ("pending", 1, 25000)
    services.reject(actor=chen, request_id=request.pk, seen_version=1, comment="Too late")


def test_what_fails_while_it_is_done_leaves_nothing(lin, chen, account, monkeypatch) -> None:
    request = asked(lin, account)

    def half(self, request, *, actor) -> None:
        Account.objects.filter(pk=request.subject_id).update(credit_limit=1)
        raise RuntimeError("half done")

    monkeypatch.setattr("tests.kinds.CreditLimit.apply", half)
    with pytest.raises(RuntimeError, match="half done"):
        services.approve(actor=chen, request_id=request.pk, seen_version=1)
    request.refresh_from_db()
    assert (request.status, limit_of(account)) == ("pending", 20000)


@pytest.mark.parametrize(
    ("verb", "status"), [(services.reject, "rejected"), (services.send_back, "changes")], ids=["reject", "send back"]
)
def test_rejecting_and_sending_back_need_a_word_and_change_nothing(lin, chen, account, verb, status) -> None:
    request = asked(lin, account)
    with pytest.raises(Invalid, match="the author reads it") as refused:
        verb(actor=chen, request_id=request.pk, seen_version=1, comment=" ")
    assert refused.value.field == "comment"
    done = verb(actor=chen, request_id=request.pk, seen_version=1, comment="Why?")
    assert (done.status, done.decided_by, done.comment, limit_of(account)) == (status, chen, "Why?", 20000)


@pytest.mark.parametrize("verb", [services.approve, services.reject, services.send_back])
def test_nobody_decides_what_she_asked_for(chen, account, verb) -> None:
    request = asked(chen, account)
    with pytest.raises(Conflict, match="somebody else has to decide"):
        verb(actor=chen, request_id=request.pk, seen_version=1, comment="Mine")
    assert limit_of(account) == 20000


def test_not_even_a_superuser(account, now) -> None:
    root = UserFactory(role="", is_superuser=True)
    request = asked(root, account)
    with pytest.raises(Conflict, match="somebody else has to decide"):
        services.approve(actor=root, request_id=request.pk, seen_version=1)


def test_postgresql_refuses_it_too(chen, wang, account) -> None:
    request = asked(chen, account)
    decide = "UPDATE approvals_request SET status = 'approved', decided_by_id = %s, decided_at = now() WHERE id = %s"
    with pytest.raises(IntegrityError, match="request_decided_by_another"):
        sql(decide, chen.pk, request.pk)
    with pytest.raises(IntegrityError, match="request_decided_by_somebody"):
        sql(decide, None, request.pk)
    with pytest.raises(DatabaseError, match="who asked for what"):
        sql("UPDATE approvals_request SET requested_by_id = %s WHERE id = %s", wang.pk, request.pk)
    services.reject(actor=wang, request_id=request.pk, seen_version=1, comment="No")
    for statement in (
        "UPDATE approvals_request SET status = 'approved' WHERE id = %s",
        "UPDATE approvals_request SET payload = '{}' WHERE id = %s",
        "DELETE FROM approvals_request WHERE id = %s",
    ):
        with pytest.raises(DatabaseError, match=r"stays so|may not be removed"):
            sql(statement, request.pk)


@pytest.mark.parametrize("role", ["collector", "auditor", "administrator", ""])
def test_who_does_not_decide_this_kind_is_refused(lin, account, role) -> None:
    request = asked(lin, account)
    for verb in (services.approve, services.reject, services.send_back):
        with pytest.raises(PermissionDenied):
            verb(actor=UserFactory(role=role), request_id=request.pk, seen_version=1, comment="x")


def test_another_teams_supervisor_is_refused(lin, account) -> None:
    request = asked(lin, account)
    far = UserFactory(role="supervisor", team=TeamFactory(name="Team 2"))
    with pytest.raises(PermissionDenied):
        services.approve(actor=far, request_id=request.pk, seen_version=1)


def test_beyond_her_authority_she_is_told_who_may(lin, chen, account) -> None:
    allow("supervisor", 1000)
    allow("senior-collector", 5000)
    allow("auditor", None)  # decides nothing: without the permission the limit is worth nothing
    request = limited(lin, account, "1000.01")
    for verb in (services.approve, services.reject, services.send_back):
        with pytest.raises(
            Conflict, match=r"1,000\.01 CNY is more than you may decide\. Ask one of: Senior collector\.$"
        ):
            verb(actor=chen, request_id=request.pk, seen_version=1, comment="x")
    services.approve(actor=UserFactory(role="senior-collector"), request_id=request.pk, seen_version=1)
    assert limit_of(account) == 30000


def test_the_limit_itself_is_within_and_another_currency_is_not(lin, chen, account) -> None:
    allow("supervisor", 1000)
    in_dollars = limited(lin, account, "10", "USD")
    with pytest.raises(Conflict, match=r"10\.00 USD is more than you may decide\.$"):
        services.approve(actor=chen, request_id=in_dollars.pk, seen_version=1)
    services.withdraw(actor=lin, request_id=in_dollars.pk, seen_version=1)
    services.approve(actor=chen, request_id=limited(lin, account, "1000.00").pk, seen_version=1)


def test_a_stale_screen_is_refused_with_what_changed_and_by_whom(lin, chen, wang, account) -> None:
    request = asked(lin, account)
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="Less")
    services.resubmit(
        actor=lin, request_id=request.pk, seen_version=2, payload=request.payload, preview=request.preview, reason="x"
    )
    with pytest.raises(StaleScreen, match="12:00 Chen: Sent back for changes; 12:00 Lin: Waiting") as stale:
        services.approve(actor=wang, request_id=request.pk, seen_version=1)
    assert [event.verb for event in stale.value.changes] == ["request.sent-back", "request.resubmitted"]
    with pytest.raises(StaleScreen, match=r"\(\?\)"):
        services.approve(actor=wang, request_id=request.pk, seen_version=99)
    assert limit_of(account) == 20000
