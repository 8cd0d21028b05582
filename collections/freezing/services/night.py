"""A step of the close of day: what the policy in force freezes and unfreezes by itself."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from accounts.models import Account
from accounts.services.locks import lock_customer
from audit.services import SystemActor
from freezing.models import CommandVerb, FreezePolicy
from freezing.selectors import frozen_and_cured, meant, policy_on, states
from freezing.services.commands import command
from runs.services import StepRun
from runs.texts import coded
from strategy.models import Action, Proposal, ProposalStatus

ACTOR = SystemActor("policy of freezing")


def freezes(run: StepRun) -> None:
    """Freeze what strategies proposed and unfreeze what is cured, as far as the policy in force on `run.day` does so by itself.

    One customer a transaction: few are frozen in a night. What the check refuses is left to people. Repeating it does nothing.
    """
    policy = policy_on(run.day)
    if policy is None:
        return
    proposed = Proposal.objects.filter(kind=Action.FREEZE, status=ProposalStatus.OPEN)
    if policy.freezes:
        accounts = Account.objects.filter(pk__in=proposed.values("account")).order_by("customer_id", "pk")
        _each(run, policy, CommandVerb.FREEZE, accounts)
    if policy.unfreezes:
        _each(run, policy, CommandVerb.UNFREEZE, frozen_and_cured())


def _each(run: StepRun, policy: FreezePolicy, verb: CommandVerb, accounts: Iterable[Account]) -> None:
    for account in list(accounts):
        with transaction.atomic():
            lock_customer(account.customer_id)
            account.refresh_from_db()
            found = states(meant(account, verb, policy), verb, policy)
            late = max((one.days_late for one in found), default=0)
            if any(one.obstacle for one in found) or (verb == CommandVerb.FREEZE and late < policy.days_late):
                continue
            keys = [one.account.pk for one in found]
            command(actor=ACTOR, account_ids=keys, verb=verb, reason=coded("by-policy"))
            count = {"frozen": len(keys)} if verb == CommandVerb.FREEZE else {"unfrozen": len(keys)}
            run.advance(cursor=run.cursor, done=1, **count)
