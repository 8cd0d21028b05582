"""What a strategy proposes for people to decide: opened in the night, lapsed when no longer called for, taken or dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.permissions import customers_visible_to
from accounts.services.locks import lock_customer
from audit.services import Actor, record, record_many
from runs import clock
from staff.models import User
from staff.permissions import require
from strategy.models import Proposal, ProposalStatus

BATCH = 2_000
CHANGE = "strategy.change_proposal"
LONGEST_REASON = 300

_OPEN = """
    INSERT INTO strategy_proposal (account_id, kind, rule_id, business_day, status, closed_by_name, reason, version)
    SELECT account_id, kind, rule_id, %(day)s, 'open', '', '', 1
      FROM unnest(%(accounts)s::bigint[], %(kinds)s::text[], %(rules)s::bigint[]) AS p (account_id, kind, rule_id)
     ORDER BY account_id, kind
    ON CONFLICT (account_id, kind) WHERE status = 'open' DO NOTHING
    RETURNING id, account_id, kind"""

_LAPSE = """
    UPDATE strategy_proposal p SET status = 'lapsed', closed_at = %(now)s, closed_by_name = %(name)s, version = p.version + 1
      FROM (SELECT o.id, a.customer_id FROM strategy_proposal o JOIN accounts_account a ON a.id = o.account_id
             WHERE o.status = 'open' AND NOT EXISTS (SELECT FROM accounts_standing s WHERE s.account_id = o.account_id)
             ORDER BY o.id LIMIT %(most)s FOR NO KEY UPDATE OF o) gone
     WHERE gone.id = p.id
    RETURNING p.id, gone.customer_id, p.account_id, p.kind"""


class Proposed(NamedTuple):
    """One thing to propose about an account."""

    account_id: int
    customer_id: int
    kind: str
    rule_id: int


def open_many(*, actor: Actor, day: date, proposed: Sequence[Proposed]) -> int:
    """Open these proposals, in the caller's transaction, which holds the customers; of an account and kind one is open at most,
    and where one is, it stays. Returns how many were opened. One statement and one COPY."""
    if not proposed:
        return 0
    whose = {one.account_id: one.customer_id for one in proposed}
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN,
            {
                "day": day,
                "accounts": [one.account_id for one in proposed],
                "kinds": [one.kind for one in proposed],
                "rules": [one.rule_id for one in proposed],
            },
        )
        opened = cursor.fetchall()
    return record_many(
        actor=actor,
        verb="proposal.opened",
        subject_type="proposal",
        rows=((key, "", whose[account], account, None, {"kind": kind}, "") for key, account, kind in opened),
    )


@transaction.atomic
def lapse(*, actor: Actor) -> int:
    """Close open proposals about accounts that are no longer late, at most a batch; how many. Locks them alone, by key."""
    with connection.cursor() as cursor:
        cursor.execute(_LAPSE, {"now": clock.now(), "name": str(actor)[:150], "most": BATCH})
        gone = cursor.fetchall()
    return record_many(
        actor=actor,
        verb="proposal.lapsed",
        subject_type="proposal",
        rows=(
            (key, "", customer, account, {"status": "open"}, {"kind": kind}, "")
            for key, customer, account, kind in gone
        ),
    )


@transaction.atomic
def dismiss(*, actor: User, proposal_id: int, seen_version: int, reason: str) -> Proposal:
    """Decide against a proposal. Locks the customer, then the proposal.

    Raises:
        PermissionDenied: the actor does not decide about proposals.
        Proposal.DoesNotExist: there is none, or it is about a customer out of the actor's reach.
        Conflict: it is open no more, or changed since `seen_version`.
        Invalid: no reason, or one that is too long.
    """
    require(actor, CHANGE)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(
            _("Say why, in at most %(most)s characters: it is read when the same is proposed again.")
            % {"most": LONGEST_REASON},
            "reason",
        )
    mine = Proposal.objects.filter(account__customer__in=customers_visible_to(actor))
    if not mine.filter(pk=proposal_id).exists():
        raise Proposal.DoesNotExist
    proposal = _locked(proposal_id)
    if proposal.version != seen_version:
        raise Conflict(_("The proposal changed since you opened it. Nothing was saved: reload the page."))
    return _close(actor, proposal, ProposalStatus.DISMISSED, reason)


@transaction.atomic
def take(*, actor: Actor, proposal_id: int) -> Proposal:
    """Take a proposal up: what it asks for is under way in the caller's transaction. Locks the customer, then the proposal.

    Raises:
        Conflict: it is open no more.
    """
    return _close(actor, _locked(proposal_id), ProposalStatus.TAKEN, "")


def _locked(proposal_id: int) -> Proposal:
    lock_customer(Proposal.objects.values_list("account__customer_id", flat=True).get(pk=proposal_id))
    proposal = (
        Proposal.objects.select_for_update(no_key=True, of=("self",)).select_related("account").get(pk=proposal_id)
    )
    if proposal.status != ProposalStatus.OPEN:
        raise Conflict(
            _("The proposal is “%(state)s” since %(day)s, by %(name)s. Nothing was changed.")
            % {
                "state": proposal.get_status_display(),
                "day": f"{proposal.closed_at:%Y-%m-%d}" if proposal.closed_at else "–",
                "name": proposal.closed_by_name or "–",
            }
        )
    return proposal


def _close(actor: Actor, proposal: Proposal, status: ProposalStatus, reason: str) -> Proposal:
    proposal.status, proposal.reason = status, reason
    proposal.closed_by_name, proposal.closed_at = str(actor)[:150], clock.now()
    proposal.version += 1
    proposal.save(update_fields=["status", "reason", "closed_by_name", "closed_at", "version"])
    record(
        actor=actor,
        verb=f"proposal.{status.value}",
        subject=proposal,
        customer_id=proposal.account.customer_id,
        account_id=proposal.account_id,
        before={"status": "open"},
        after={"kind": proposal.kind},
        reason=reason,
    )
    return proposal
