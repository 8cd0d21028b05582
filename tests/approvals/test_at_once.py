"""Several who ask and decide at the same moment, on real connections: one wins, the others are told why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.errors import Conflict
from accounts.models import Account
from approvals import services
from approvals.errors import StaleScreen
from approvals.models import Delegation, Request
from approvals.selectors import history
from audit.models import Event
from runs import clock
from tests.factories import DAY, MOMENT, AccountFactory, CaseFactory, TeamFactory, UserFactory
from tests.kinds import asked, wanted
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(MOMENT):
        yield


def outcome(work: Callable[[], object]) -> Callable[[], str]:
    def run() -> str:
        try:
            work()
        except StaleScreen:
            return "stale"
        except Conflict:
            return "conflict"
        return "done"

    return run


@pytest.mark.parametrize("about_customer", [True, False])
def test_of_many_deciders_at_once_one_decides(about_customer, monkeypatch) -> None:
    lin, deciders = UserFactory(), [UserFactory(role="supervisor") for _ in range(6)]
    account = AccountFactory(customer=CaseFactory().customer)
    fields = {} if about_customer else {"customer": None}
    request = asked(lin, account, **fields)
    found = at_once(
        [
            outcome(lambda by=by, verb=verb: verb(actor=by, request_id=request.pk, seen_version=1, comment="Decided"))
            for by, verb in zip(deciders, [services.approve, services.reject, services.send_back] * 2, strict=True)
        ]
    )
    assert sorted(found) == ["done"] + ["stale"] * 5
    request.refresh_from_db()
    assert request.version == 2
    assert history(request).count() == 2
    expected = 30000 if request.status == "approved" else 20000
    assert Account.objects.get(pk=account.pk).credit_limit == expected


def test_two_approvers_at_once_apply_it_once() -> None:
    lin, deciders = UserFactory(), [UserFactory(role="supervisor") for _ in range(2)]
    request = asked(lin, AccountFactory(customer=CaseFactory().customer))
    found = at_once(
        [outcome(lambda by=by: services.approve(actor=by, request_id=request.pk, seen_version=1)) for by in deciders]
    )
    assert sorted(found) == ["done", "stale"]
    assert Event.objects.filter(verb="request.approved").count() == 1


@pytest.mark.parametrize("about_customer", [True, False])
def test_of_many_who_ask_at_once_one_has_asked(about_customer) -> None:
    customer = CaseFactory().customer
    account, authors = AccountFactory(customer=customer), [UserFactory() for _ in range(6)]
    UserFactory(role="supervisor")
    fields = {} if about_customer else {"customer": None}
    found = at_once([outcome(lambda by=by: services.ask(**wanted(by, account, **fields))) for by in authors])
    assert sorted(found) == ["conflict"] * 5 + ["done"]
    assert Request.objects.count() == 1
    assert Event.objects.filter(verb="request.asked").count() == 1


def test_withdrawing_and_approving_at_once_one_wins() -> None:
    lin, chen = UserFactory(), UserFactory(role="supervisor")
    account = AccountFactory(customer=CaseFactory().customer)
    request = asked(lin, account)
    found = at_once(
        [
            outcome(lambda: services.withdraw(actor=lin, request_id=request.pk, seen_version=1)),
            outcome(lambda: services.approve(actor=chen, request_id=request.pk, seen_version=1)),
        ]
    )
    assert sorted(found) == ["done", "stale"]
    request.refresh_from_db()
    limit = Account.objects.get(pk=account.pk).credit_limit
    assert (request.status, limit) in [("withdrawn", 20000), ("approved", 30000)]


def test_the_absent_one_and_her_deputies_at_once_decide_once() -> None:
    lin, chen = UserFactory(), UserFactory(role="supervisor")
    deputies = [UserFactory(role="supervisor", team=TeamFactory(name="Team 2")) for _ in range(3)]
    for deputy in deputies:
        services.delegate(
            actor=chen, delegator_id=chen.pk, deputy_id=deputy.pk, starts_on=DAY, ends_on=DAY, reason="Leave"
        )
    request = asked(lin, AccountFactory(customer=CaseFactory().customer))
    found = at_once(
        [
            outcome(lambda by=by: services.approve(actor=by, request_id=request.pk, seen_version=1))
            for by in (chen, *deputies)
        ]
    )
    assert sorted(found) == ["done", "stale", "stale", "stale"]
    request.refresh_from_db()
    assert request.decided_for == (None if request.decided_by == chen else chen)


def test_of_two_delegations_to_the_same_one_at_once_one_is_recorded() -> None:
    chen, deputy = UserFactory(role="supervisor"), UserFactory(role="supervisor")
    found = at_once(
        [
            outcome(
                lambda: services.delegate(
                    actor=chen, delegator_id=chen.pk, deputy_id=deputy.pk, starts_on=DAY, ends_on=DAY, reason="Leave"
                )
            )
        ]
        * 4
    )
    assert sorted(found) == ["conflict"] * 3 + ["done"]
    assert Delegation.objects.count() == 1


def test_nothing_is_approved_beside_a_document_that_comes_at_that_moment(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    lin, chen = UserFactory(), UserFactory(role="supervisor")
    request = asked(lin, AccountFactory(customer=CaseFactory().customer))
    document = SimpleUploadedFile("a.pdf", b"%PDF-1.4 payslip")
    found = at_once(
        [
            outcome(lambda: services.attach(actor=lin, request_id=request.pk, seen_version=1, documents=[document])),
            outcome(lambda: services.approve(actor=chen, request_id=request.pk, seen_version=1)),
        ]
    )
    assert sorted(found) == ["done", "stale"]
    request.refresh_from_db()
    assert (request.status, request.attachments.count()) in [("pending", 1), ("approved", 0)]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == request.attachments.count()
