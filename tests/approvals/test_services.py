"""Asking and deciding: what is applied when, what is refused and why, and what is left behind."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from approvals import services
from approvals.errors import StaleScreen
from approvals.jobs import expire_overdue
from approvals.models import Request
from approvals.selectors import history, inbox_of, mine, page_of_inbox
from audit.models import Event
from runs import clock
from staff.models import AuthorityLimit, Role
from tests.factories import MOMENT, AccountFactory, CaseFactory, TeamFactory, UserFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


def limit_of(account: Account) -> Decimal:
    return Account.objects.values_list("credit_limit", flat=True).get(pk=account.pk)


def verbs(request: Request) -> list[str]:
    return [event.verb for event in history(request)][::-1]


def allow(role: str, most: int | None, currency: str = "CNY") -> None:
    AuthorityLimit.objects.create(
        role=Role.objects.get(code=role), kind="test-amount", most=most, currency=currency,
        effective_from=date(2021, 1, 1), source="Test",
    )  # fmt: skip


def sql(statement: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


# --- Asking


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


# --- Deciding


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


# --- Authority


def limited(by, account, amount: str, currency: str = "CNY") -> Request:
    return asked(by, account, kind="limited-credit-limit", amount=Decimal(amount), currency=currency)


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


def test_the_inbox_holds_what_she_may_decide_and_nothing_else(lin, chen, wang) -> None:
    allow("supervisor", 1000)
    allow("supervisor", None, "USD")
    near = lambda: AccountFactory(customer=CaseFactory().customer)  # noqa: E731
    small, dollars = limited(lin, near(), "1000.00"), limited(lin, near(), "99999", "USD")
    plain, about_nobody = asked(wang, near()), asked(lin, near(), customer=None)
    limited(lin, near(), "1000.01")
    asked(chen, near())
    asked(lin, AccountFactory(customer=CaseFactory(team=TeamFactory(name="Team 2")).customer))
    decided = asked(lin, near())
    services.reject(actor=wang, request_id=decided.pk, seen_version=1, comment="No")
    assert set(inbox_of(chen)) == {small, dollars, plain, about_nobody}
    for one in inbox_of(chen):
        services.approve(actor=chen, request_id=one.pk, seen_version=1)
    assert not inbox_of(chen).exists()
    assert not inbox_of(lin).exists()
    assert mine(chen).count() == 1
    assert mine(lin).count() == 6


def test_the_inbox_begins_with_what_expires_first(lin, chen) -> None:
    first, second = (asked(lin, AccountFactory(customer=CaseFactory().customer)) for _ in range(2))
    Request.objects.filter(pk=second.pk).update(expires_at=MOMENT + timedelta(hours=1))
    assert list(inbox_of(chen)) == [second, first]
    Request.objects.filter(pk=second.pk).update(expires_at=MOMENT)
    assert list(inbox_of(chen)) == [first]


def test_the_pages_of_the_inbox_are_the_inbox_from_whichever_end_they_are_found(lin, chen) -> None:
    whole = [asked(lin, AccountFactory(customer=CaseFactory().customer)) for _ in range(8)]
    assert list(inbox_of(chen)) == whole
    for size in (1, 3, 5, 8, 20):
        pages = [page_of_inbox(inbox_of(chen), first=first, size=size, number=8) for first in range(0, 8, size)]
        assert [row for page in pages for row in page] == whole


@pytest.mark.parametrize("count", [1, 30])
def test_the_inbox_asks_as_much_for_many_as_for_few(lin, chen, django_assert_num_queries, count) -> None:
    allow("supervisor", 1000)
    for _ in range(count):
        limited(lin, AccountFactory(customer=CaseFactory().customer), "5")
    chen = type(chen).objects.get(pk=chen.pk)
    # Her permissions (two), her scope, her limits, whom she stands in for, the requests.
    with django_assert_num_queries(5):
        assert len(inbox_of(chen)) == count


# --- Sent back


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


# --- Withdrawn, expired, stale


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
