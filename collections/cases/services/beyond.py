"""Promises further ahead than who takes them may go: asked for on the case, and taken where another person approves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from approvals import services as approvals
from approvals.models import Request
from cases.models import Case, Promise, PromiseStatus
from cases.services import promises
from cases.services.versions import lock_case
from runs import clock
from staff.models import User

KIND = "promise-beyond-limit"


@transaction.atomic
def ask(
    *,
    actor: User,
    case_id: int,
    seen_version: int,
    instalments: Sequence[tuple[date, Decimal]],
    account_id: int | None = None,
    contact_id: int | None = None,
    note: str = "",
) -> Request:
    """Ask for a promise that another person may take: the decider's limit must cover the days to its last date. The note is the
    reason. Nothing is promised yet. Locks customer → case.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Conflict: the case is closed, one was asked for already, or nobody may decide it at the moment.
        Invalid: no note, or what `take_promise` refuses but for the limit.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    currency = promises.check_promise(case, instalments, account_id, contact_id, note)
    if not note.strip():
        raise Invalid(_("Say in the note why so late a date is right: whoever decides reads it."), "note")
    parts = [[day.isoformat(), str(amount)] for day, amount in instalments]
    total = sum((amount for _day, amount in instalments), Decimal(0))
    replaces = _open_promise(case)
    return approvals.ask(
        actor=actor,
        kind=KIND,
        subject=case,
        customer=case.customer,
        payload={
            "case": case.pk,
            "account": account_id,
            "contact": contact_id,
            "instalments": parts,
            "replaces": replaces,
        },
        preview={
            "account": Account.objects.get(pk=account_id).ref if account_id else None,
            "instalments": parts,
            "total": str(total),
            "currency": currency,
            "replaces": replaces is not None,
        },
        reason=note,
        amount=Decimal((instalments[-1][0] - clock.today()).days),
    )


def check(request: Request) -> None:
    """Refuse (`Conflict`) what no longer fits: the case is closed, was promised otherwise meanwhile, owes less than was promised,
    or a first date has passed."""
    asked = request.payload
    case = lock_case(case_id=asked["case"], open_only=True)
    if _open_promise(case) != asked["replaces"]:
        raise Conflict(_("The promise of this case is another one since this was asked for: look at the case."))
    try:
        promises.check_promise(case, _instalments(request), asked["account"], asked["contact"], request.reason)
    except Invalid as refused:
        raise Conflict(str(refused)) from refused


def take(request: Request, *, actor: User) -> Promise:
    """Take what was approved, in the name of who asked. Locks customer → case."""
    return promises.take_approved(
        actor=actor,
        taken_by=request.requested_by,
        case_id=request.payload["case"],
        instalments=_instalments(request),
        account_id=request.payload["account"],
        contact_id=request.payload["contact"],
        note=request.reason,
    )


def _instalments(request: Request) -> list[tuple[date, Decimal]]:
    return [(date.fromisoformat(day), Decimal(amount)) for day, amount in request.payload["instalments"]]


def _open_promise(case: Case) -> int | None:
    return Promise.objects.filter(case=case, status=PromiseStatus.OPEN).values_list("pk", flat=True).first()
