"""The other person's side: approving, which does what was asked, rejecting, and sending back for changes."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from approvals import kinds
from approvals.models import Request, RequestStatus
from approvals.permissions import visible_to
from approvals.services.rows import checked, lock_request, move
from runs import clock
from staff.limits import ask_further, within
from staff.models import User
from staff.permissions import require


@transaction.atomic
def approve(*, actor: User, request_id: int, seen_version: int, comment: str = "") -> Request:
    """Approve a request and do what it asks for, in this transaction, if it still fits the present.

    Locks customer, request, then what the kind locks. The request is written last: whoever holds its subject and asks
    for it anew is told at once that it is asked for already, and waits for nobody.

    Raises:
        PermissionDenied: `actor` does not decide this kind, or not about this customer.
        Conflict: `actor` asked for it; the amount is beyond the authority; or the present no longer fits (`Kind.check`).
        StaleScreen, Conflict: see `lock_request`.
    """
    request = _to_decide(actor, request_id, seen_version)
    comment = checked(comment, "comment")
    kind = kinds.get(request.kind)
    kind.check(request)
    kind.apply(request, actor=actor)
    return _decide(request, actor, "request.approved", RequestStatus.APPROVED, comment)


@transaction.atomic
def reject(*, actor: User, request_id: int, seen_version: int, comment: str) -> Request:
    """Reject a request, saying why. Locks customer, then request.

    Raises:
        PermissionDenied, StaleScreen, Conflict: as `approve`.
        Invalid: no comment.
    """
    request = _to_decide(actor, request_id, seen_version)
    comment = checked(comment, "comment", _("Say why you reject it: the author reads it."))
    return _decide(request, actor, "request.rejected", RequestStatus.REJECTED, comment)


@transaction.atomic
def send_back(*, actor: User, request_id: int, seen_version: int, comment: str) -> Request:
    """Send a request back to its author, saying what to change; it may be asked again. Locks customer, then request.

    Raises:
        PermissionDenied, StaleScreen, Conflict: as `approve`.
        Invalid: no comment.
    """
    request = _to_decide(actor, request_id, seen_version)
    comment = checked(comment, "comment", _("Say what has to change: the author reads it."))
    return _decide(request, actor, "request.sent-back", RequestStatus.CHANGES, comment)


def refusal(actor: User, request: Request) -> str:
    """Why `actor`, who decides this kind, may not decide this one; nothing where she may. Two queries at most."""
    if request.requested_by_id == actor.pk:
        return _("You asked for this yourself: somebody else has to decide it.")
    kind, today = kinds.get(request.kind), clock.today()
    # Where there is a limit there is an amount: it cannot be asked for without.
    amount = request.amount
    if not kind.limit or (amount is not None and within(actor, kind.limit, amount, today, request.currency)):
        return ""
    return _("%(amount)s is more than you may decide.") % {
        "amount": f"{amount or 0:,.2f} {request.currency}".rstrip()
    } + ask_further(kind.limit, amount, today, currency=request.currency, permission=kind.decide_permission)


def _to_decide(actor: User, request_id: int, seen_version: int) -> Request:
    """The request, locked, if `actor` may decide it."""
    request = lock_request(request_id=request_id, seen_version=seen_version, states=(RequestStatus.PENDING,))
    require(actor, kinds.get(request.kind).decide_permission)
    if refused := refusal(actor, request):
        raise Conflict(refused)
    if not visible_to(actor).filter(pk=request_id).exists():
        raise PermissionDenied
    return request


def _decide(request: Request, actor: User, verb: str, to: RequestStatus, comment: str) -> Request:
    return move(
        request,
        actor=actor,
        verb=verb,
        to=to,
        why=comment,
        decided_by=actor,
        decided_by_name=str(actor)[:150],
        decided_at=clock.now(),
        comment=comment,
    )
