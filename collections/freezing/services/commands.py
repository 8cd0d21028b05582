"""Asking: a command is written where a freeze is decided, in the deciding transaction, and sent after it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.errors import Conflict
from accounts.models import Account
from accounts.permissions import customers_visible_to
from accounts.services.locks import lock_account, lock_customer
from approvals import present
from approvals import services as approvals
from approvals.models import Request
from audit.services import Actor, record
from freezing.models import CommandVerb, CoreCommand
from freezing.permissions import ASK
from freezing.selectors import State, meant, policy_on, states
from freezing.services.sweeping import sweep
from runs import clock
from runs.said import said as _
from staff.models import User
from staff.permissions import require
from strategy.models import Action, Proposal, ProposalStatus
from strategy.services import proposing


@transaction.atomic
def ask(*, actor: User, account_id: int, verb: str, reason: str) -> Request:
    """Ask for an account, or by the policy all of its customer, to be frozen or unfrozen; another person decides.
    Locks the customer.

    Raises:
        PermissionDenied: `actor` may not ask.
        Account.DoesNotExist: there is none, or out of her reach.
        Conflict: it does not fit the present, or was asked for already.
        Invalid: no reason.
    """
    require(actor, ASK)
    mine = Account.objects.filter(customer__in=customers_visible_to(actor))
    account = mine.select_related("customer").get(pk=account_id)
    lock_customer(account.customer_id)
    found = look(account, verb)
    refuse(found)
    return approvals.ask_anew(
        actor=actor,
        kind=CommandVerb(verb).value,
        subject=account,
        customer=account.customer,
        payload={"accounts": [one.account.pk for one in found]},
        preview={"accounts": [one.told() for one in found]},
        reason=reason,
    )


def look(account: Account, verb: str) -> list[State]:
    """The accounts that a command would be about now, and what is in its way. Locks nothing."""
    policy = policy_on(clock.today())
    return states(meant(account, verb, policy), verb, policy)


def refuse(found: Sequence[State]) -> None:
    """Refuse (`Conflict`) what does not fit the present."""
    in_the_way = [one.obstacle for one in found if one.obstacle]
    if in_the_way:
        raise Conflict(functools.reduce(lambda said, more: said + " " + more, in_the_way))


def check(request: Request) -> None:
    """Whether what was asked for still fits (`Kind.check`): the same accounts, none with an obstacle, as the decider is shown
    them."""
    found = _now(request)
    refuse(found)
    present.refuse(_changes(request, found))


def changes(request: Request) -> list[str]:
    """What of the accounts is not as the decider is shown it, in words. Locks nothing."""
    return _changes(request, _now(request))


def _now(request: Request) -> list[State]:
    wanted = list(Account.objects.filter(pk__in=request.payload["accounts"]).order_by("pk"))
    return states(wanted, request.kind, policy_on(clock.today()))


def _changes(request: Request, found: Sequence[State]) -> list[str]:
    shown = {one["ref"]: one for one in request.preview["accounts"]}
    parts = []
    for one in found:
        names = {"overdue": _("account %(ref)s: overdue") % {"ref": one.account.ref}}
        parts += present.moved(shown[one.account.ref], one.told(), names)
    return parts


@transaction.atomic
def command(
    *, actor: Actor, account_ids: Sequence[int], verb: str, reason: str, request: Request | None = None
) -> list[CoreCommand]:
    """Write the commands about these accounts of one customer, and have them sent after the commit. Open proposals to
    freeze them are taken up. Locks customer → accounts, by key → proposals.

    Raises:
        Conflict: one of them does not fit the present; nothing is written.
    """
    accounts = [lock_account(key) for key in sorted(account_ids)]
    refuse(states(accounts, verb, policy_on(clock.today())))
    written = [_write(actor, account, verb, reason, request) for account in accounts]
    if verb == CommandVerb.FREEZE:
        open_ones = Proposal.objects.filter(account__in=account_ids, kind=Action.FREEZE, status=ProposalStatus.OPEN)
        for key in open_ones.order_by("pk").values_list("pk", flat=True):
            proposing.take(actor=actor, proposal_id=key)
    sweep()
    return written


def _write(actor: Actor, account: Account, verb: str, reason: str, request: Request | None) -> CoreCommand:
    now = clock.now()
    row = CoreCommand.objects.create(
        account=account,
        verb=verb,
        reason=reason[:300],
        request=request,
        asked_by_name=str(actor)[:150],
        asked_at=now,
        due_at=now,
    )
    told(actor, row, f"core-command.{row.status}", reason=reason)
    return row


def told(actor: Actor, row: CoreCommand, happened: str, *, reason: str = "", before: str = "") -> None:
    """Record what became of a command."""
    after: dict[str, Any] = {"command": row.verb, "status": row.status}
    record(
        actor=actor,
        verb=happened,
        subject=row,
        customer_id=row.account.customer_id,
        account_id=row.account_id,
        before={"status": before} if before else None,
        after=after | ({"answer": row.answer} if row.answer else {}),
        reason=reason,
    )


def describe(verb: str) -> str:
    """What was asked for, as a sentence for whoever asked."""
    if verb == CommandVerb.FREEZE:
        return _("It is asked for: once approved, the core system is told to block spending.")
    return _("It is asked for: once approved, the core system is told to allow spending again.")
