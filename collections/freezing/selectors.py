"""What may be frozen or unfrozen now, and why not. Reads alone; who decides by it holds the customer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q

from accounts.models import Acceleration, Account, AccountStatus, Standing, Watch
from accounts.selectors.owed import owed_now
from freezing.models import OPEN, CommandVerb, CoreCommand, FreezePolicy
from runs import clock
from runs.said import said as _
from runs.selectors import begun_day, book_day

# From which status a command leads to which.
LEADS = {
    CommandVerb.FREEZE: (AccountStatus.ACTIVE, AccountStatus.FROZEN),
    CommandVerb.UNFREEZE: (AccountStatus.FROZEN, AccountStatus.ACTIVE),
}


@dataclass(frozen=True)
class State:
    """An account as whoever asks or decides is shown it; `obstacle` says why the command does not fit, or nothing."""

    account: Account
    overdue: Decimal
    days_late: int
    obstacle: str

    def told(self) -> dict[str, Any]:
        """What a request keeps of it."""
        return {
            "ref": self.account.ref,
            "currency": self.account.currency,
            "overdue": self.overdue,
            "days_late": self.days_late,
        }


def policy_on(day: date) -> FreezePolicy | None:
    """The policy in force on a day."""
    return FreezePolicy.objects.filter(effective_from__lte=day).order_by("-effective_from").first()


def meant(account: Account, verb: str, policy: FreezePolicy | None) -> list[Account]:
    """The accounts that a command about `account` is about: itself, or by the rule all of the customer that it fits."""
    if policy is None or not policy.whole_customer:
        return [account]
    before, _after = LEADS[CommandVerb(verb)]
    same = Account.objects.filter(customer_id=account.customer_id)
    return list(same.filter(Q(pk=account.pk) | Q(status=before)).order_by("pk"))


def states(accounts: Iterable[Account], verb: str, policy: FreezePolicy | None) -> list[State]:
    """How each account stands, and what is in the way of the command. Six queries at most, however many accounts."""
    rows = list(accounts)
    keys = [account.pk for account in rows]
    today = begun_day() or book_day() or clock.today()
    late_days = {
        key: ((stopped or today) - since).days
        for key, since, stopped in Standing.objects.filter(account__in=keys).values_list(
            "account_id", "clock_from_on", "clock_stopped_on"
        )
    }
    owed = owed_now(keys)
    under_way = set(CoreCommand.objects.filter(account__in=keys, status__in=OPEN).values_list("account_id", flat=True))
    bound = _bound(rows, policy) if verb == CommandVerb.UNFREEZE else {}
    late_customers = {account.customer_id for account in rows if account.pk in late_days}
    whole = policy is not None and policy.whole_customer
    found = []
    for account in rows:
        is_late = account.pk in late_days
        obstacle: str
        if account.pk in under_way:
            obstacle = _("A command about account %(ref)s is under way already.") % {"ref": account.ref}
        elif account.status != LEADS[CommandVerb(verb)][0]:
            obstacle = _("Account %(ref)s is “%(status)s”.") % {
                "ref": account.ref,
                "status": AccountStatus(account.status).label,
            }
        elif verb == CommandVerb.FREEZE:
            # By the rule of the whole customer one late account is enough.
            called_for = is_late or (whole and account.customer_id in late_customers)
            obstacle = "" if called_for else _("Account %(ref)s is not late any more.") % {"ref": account.ref}
        else:
            obstacle = _in_the_way(account, is_late=is_late, overdue=owed[account.pk].overdue, bound=bound)
        found.append(State(account, owed[account.pk].overdue, late_days.get(account.pk, 0), obstacle))
    return found


def _bound(accounts: list[Account], policy: FreezePolicy | None) -> dict[int, str]:
    """What else keeps accounts frozen that are not late, in words, by account."""
    today = book_day() or clock.today()
    keys = [account.pk for account in accounts]
    found: dict[int, str] = {}
    if policy and policy.whole_customer:
        of_late = Standing.objects.filter(account__customer__in=[account.customer_id for account in accounts])
        for customer_id, ref in of_late.values_list("account__customer_id", "account__ref"):
            for account in accounts:
                if account.customer_id == customer_id and account.ref != ref:
                    found[account.pk] = _("Account %(ref)s of the same customer is late.") % {"ref": ref}
    in_force = Acceleration.objects.filter(account__in=keys, withdrawn_at__isnull=True)
    for key in in_force.values_list("account_id", flat=True):
        found[key] = _("The whole balance was called due.")
    running = Watch.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today), account__in=keys, withdrawn_at__isnull=True
    )
    for key in running.values_list("account_id", flat=True):
        found[key] = _("A watch period runs.")
    return found


def _in_the_way(account: Account, *, is_late: bool, overdue: Decimal, bound: dict[int, str]) -> str:
    if is_late:
        return _("Account %(ref)s is late: %(amount)s %(currency)s is overdue.") % {
            "ref": account.ref,
            "amount": f"{overdue:,.2f}",
            "currency": account.currency,
        }
    why = bound.get(account.pk, "")
    return _("Account %(ref)s stays frozen: %(why)s") % {"ref": account.ref, "why": why} if why else ""


def frozen_and_cured() -> Any:
    """The accounts that a command of ours froze and that are not late any more, by key."""
    ours = CoreCommand.objects.filter(account=OuterRef("pk"), verb=CommandVerb.FREEZE, status="confirmed")
    late = Standing.objects.filter(account=OuterRef("pk"))
    return Account.objects.filter(Exists(ours), ~Exists(late), status=AccountStatus.FROZEN).order_by("pk")
