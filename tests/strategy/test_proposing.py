"""Proposals are decided by people, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from accounts.errors import Conflict, Invalid
from audit.models import Event
from audit.services import SystemActor
from staff.models import Team
from strategy.models import Proposal, Version
from strategy.services import proposing
from tests.factories import UserFactory
from tests.strategy.conftest import DAY, late, new_version, rule
from tests.threads import at_once

ACTOR = SystemActor("test")


def proposal(version: Version) -> Proposal:
    account = late()
    made = proposing.Proposed(account.pk, account.customer_id, "freeze", rule(version, "freeze").pk)
    assert proposing.open_many(actor=ACTOR, day=DAY, proposed=[made]) == 1
    assert proposing.open_many(actor=ACTOR, day=DAY, proposed=[made]) == 0
    return Proposal.objects.get()


def test_dismissed_with_a_reason_and_then_it_may_be_proposed_anew(version: Version) -> None:
    one, chief = proposal(version), UserFactory(role="supervisor")
    for reason in ("", "x" * 301):
        with pytest.raises(Invalid):
            proposing.dismiss(actor=chief, proposal_id=one.pk, seen_version=1, reason=reason)
    with pytest.raises(Conflict, match="changed"):
        proposing.dismiss(actor=chief, proposal_id=one.pk, seen_version=2, reason="Pays on Friday")
    done = proposing.dismiss(actor=chief, proposal_id=one.pk, seen_version=1, reason="Pays on Friday")
    assert (done.status, done.reason, done.closed_by_name, done.version) == (
        "dismissed",
        "Pays on Friday",
        str(chief),
        2,
    )
    event = Event.objects.get(verb="proposal.dismissed")
    assert (event.account_id, event.customer_id, event.reason) == (
        one.account_id,
        one.account.customer_id,
        "Pays on Friday",
    )
    with pytest.raises(Conflict, match="Dismissed"):
        proposing.take(actor=chief, proposal_id=one.pk)
    again = proposing.Proposed(one.account_id, one.account.customer_id, "freeze", one.rule_id)
    assert proposing.open_many(actor=ACTOR, day=DAY, proposed=[again]) == 1


def test_out_of_scope_it_is_not_there_and_without_the_right_it_is_refused(version: Version) -> None:
    one = proposal(version)
    stranger = UserFactory(role="supervisor", team=Team.objects.create(name="Other"))
    with pytest.raises(Proposal.DoesNotExist):
        proposing.dismiss(actor=stranger, proposal_id=one.pk, seen_version=1, reason="No")
    with pytest.raises(PermissionDenied):
        proposing.dismiss(actor=UserFactory(), proposal_id=one.pk, seen_version=1, reason="No")
    one.refresh_from_db()
    assert one.status == "open"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_takes_it() -> None:
    one, chiefs = proposal(new_version(902)), [UserFactory(role="supervisor") for _ in range(3)]

    def tried(work: Callable[[], object]) -> Callable[[], str]:
        def run() -> str:
            try:
                work()
            except Conflict:
                return "conflict"
            return "done"

        return run

    jobs = [tried(lambda: proposing.take(actor=ACTOR, proposal_id=one.pk)) for _ in chiefs]
    jobs += [
        tried(lambda by=chief: proposing.dismiss(actor=by, proposal_id=one.pk, seen_version=1, reason="No"))
        for chief in chiefs
    ]
    assert sorted(at_once(jobs)) == ["conflict"] * 5 + ["done"]
    one.refresh_from_db()
    assert one.version == 2
