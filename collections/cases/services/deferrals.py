"""Deferrals: the hold that moves the days is asked for on the case, and placed where another person approves it. So is its end,
which moves them back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from accounts.errors import Conflict
from accounts.models import Account, Hold, HoldKind
from accounts.services.holds import check_last_day, lift_hold, place_hold
from approvals import services as approvals
from approvals.kinds import day_in
from approvals.models import Request
from cases.models import Case
from cases.selectors.matters import DEFERRAL, DEFERRAL_END
from cases.services.concluding import conclude
from cases.services.versions import lock_case
from runs.said import said as _
from staff.models import User

# Until further notice counts as longer than any limit in days.
WITHOUT_END = Decimal(1_000_000)


def ask(
    *, actor: User, case: Case, account_ids: Sequence[int], starts_on: date, ends_on: date | None, reason: str
) -> Request:
    """Ask for a deferral of these accounts of the case's customer, who is locked. The decider's limit must cover its days.

    Raises:
        Conflict: one is asked for on this case already, or an account is not late.
    """
    accounts = Account.objects.filter(pk__in=account_ids).order_by("pk")
    days = WITHOUT_END if ends_on is None else Decimal((ends_on - starts_on).days + 1)
    asked = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat() if ends_on else None}
    return approvals.ask(
        actor=actor,
        kind=DEFERRAL,
        subject=case,
        customer=case.customer,
        payload={"case": case.pk, "accounts": list(account_ids), **asked},
        preview={"accounts": [account.ref for account in accounts], **asked},
        reason=reason,
        amount=days,
    )


def check(request: Request) -> None:
    """Refuse (`Conflict`) what no longer fits: the case is closed, or an account is not late any more."""
    lock_case(case_id=request.payload["case"], open_only=True)
    for account in Account.objects.filter(pk__in=request.payload["accounts"], standing__isnull=True).order_by("pk"):
        raise Conflict(_("Account %(ref)s is not late any more: there is nothing to defer.") % {"ref": account.ref})


def place(request: Request, *, actor: User) -> list[Hold]:
    """Place what was approved. Locks customer → accounts, by key → case."""
    placed = [
        place_hold(
            actor=actor,
            account_id=key,
            kind=HoldKind.DEFERRAL,
            starts_on=date.fromisoformat(request.payload["starts_on"]),
            ends_on=day_in(request.payload["ends_on"]),
            reason=request.reason[:300],
        )
        for key in sorted(request.payload["accounts"])
    ]
    conclude(lock_case(case_id=request.payload["case"]))
    return placed


def ask_end(*, actor: User, case: Case, hold: Hold, last_day: date | None, reason: str) -> Request:
    """Ask for a deferral of the case's customer, who is locked, to end after `last_day` or (None) never to have been.

    Raises:
        Conflict: it is lifted already, or that was asked for.
        Invalid: a day outside the deferral.
    """
    check_last_day(hold, last_day)
    return approvals.ask(
        actor=actor,
        kind=DEFERRAL_END,
        subject=hold,
        customer=case.customer,
        payload={"case": case.pk, "hold": hold.pk, "last_day": last_day.isoformat() if last_day else None},
        preview={
            "case": case.ref,
            "account": hold.account.ref,
            "starts_on": hold.starts_on.isoformat(),
            "ends_on": hold.ends_on.isoformat() if hold.ends_on else None,
            "last_day": last_day.isoformat() if last_day else None,
        },
        reason=reason,
    )


def check_end(request: Request) -> None:
    """Refuse (`Conflict`) what was lifted meanwhile."""
    check_last_day(Hold.objects.get(pk=request.payload["hold"]), day_in(request.payload["last_day"]))


def end(request: Request, *, actor: User) -> Hold | None:
    """End what was approved; the successor, if any. Locks customer → account → case."""
    successor = lift_hold(
        actor=actor,
        hold_id=request.payload["hold"],
        last_day=day_in(request.payload["last_day"]),
        reason=request.reason[:300],
    )
    conclude(lock_case(case_id=request.payload["case"]))
    return successor
