"""The other person's side: approving, which does what was asked, rejecting, and sending back for changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.errors import Conflict
from approvals import kinds
from approvals.models import OPEN, BulkVerb, Request, RequestStatus
from approvals.seats import Seat, seats_of
from approvals.services.announcing import announce
from approvals.services.rows import checked, lock_request, move
from runs import clock
from runs.said import said as _
from runs.said import said_of as ngettext
from staff.limits import ask_further
from staff.models import User


@dataclass(frozen=True)
class Standing:
    """Whether somebody who decides a request's kind may decide the request: from which seat, or why not."""

    seat: Seat | None
    refusal: str = ""


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
    request, seat = _to_decide(actor, request_id, seen_version)
    comment = checked_comment(BulkVerb.APPROVE, comment)
    kind = kinds.get(request.kind)
    kind.check(request)
    kind.apply(request, actor=actor)
    return _decide(request, actor, seat, "request.approved", RequestStatus.APPROVED, comment)


@transaction.atomic
def reject(*, actor: User, request_id: int, seen_version: int, comment: str) -> Request:
    """Reject a request, saying why. Locks customer, then request.

    Raises:
        PermissionDenied, StaleScreen, Conflict: as `approve`.
        Invalid: no comment.
    """
    request, seat = _to_decide(actor, request_id, seen_version)
    comment = checked_comment(BulkVerb.REJECT, comment)
    request = _decide(request, actor, seat, "request.rejected", RequestStatus.REJECTED, comment)
    kinds.get(request.kind).ended(request, actor=actor)
    return request


@transaction.atomic
def send_back(*, actor: User, request_id: int, seen_version: int, comment: str) -> Request:
    """Send a request back to its author, saying what to change; it may be asked again. Locks customer, then request.

    Raises:
        PermissionDenied, StaleScreen, Conflict: as `approve`.
        Invalid: no comment.
    """
    request, seat = _to_decide(actor, request_id, seen_version)
    comment = checked_comment(BulkVerb.SEND_BACK, comment)
    return _decide(request, actor, seat, "request.sent-back", RequestStatus.CHANGES, comment)


def checked_comment(verb: str, comment: str) -> str:
    """What a decider says, as it is kept.

    Raises:
        Invalid: too long, or nothing where the author needs a word.
    """
    needed = {
        BulkVerb.REJECT: _("Say why you reject it: the author reads it."),
        BulkVerb.SEND_BACK: _("Say what has to change: the author reads it."),
    }
    return checked(comment, "comment", needed.get(BulkVerb(verb), ""))


def standing_of(
    actor: User, request: Request, seats: Sequence[Seat] | None = None, *, seen: bool = False
) -> Standing | None:
    """From which seat `actor` may decide this request, her own before another's, or why she may not; None where it is none
    of her business: she decides nothing of the kind, or nothing about this customer. Beside what `seats_of` asks, a query
    a seat and two for the refusal. `seats` are `seats_of` her, where the caller has them; `seen`: it is one that she sees
    (`permissions.visible_to`)."""
    return standings_of(actor, [request], seats, seen=seen)[request.pk]


def standings_of(
    actor: User, requests: Sequence[Request], seats: Sequence[Seat] | None = None, *, seen: bool = False
) -> dict[int, Standing | None]:
    """`standing_of` for several, by key: a query a seat for all of them, and two for each that is refused for its amount."""
    seats = seats_of(actor) if seats is None else seats
    keys = frozenset(request.pk for request in requests)
    # Of what she sees, what is not her own is within her reach, unless she stands in for others too.
    if seen and all(seat.is_own for seat in seats):
        reached = [keys for _seat in seats]
    else:
        reached = [
            frozenset(Request.objects.filter(seat.reach(), pk__in=keys).values_list("pk", flat=True)) for seat in seats
        ]
    found: dict[int, Standing | None] = {}
    for request in requests:
        deciding = [(seat, near) for seat, near in zip(seats, reached, strict=True) if seat.decides(request.kind)]
        if deciding and request.requested_by_id == actor.pk:
            found[request.pk] = Standing(None, _("You asked for this yourself: somebody else has to decide it."))
        else:
            found[request.pk] = _from_one_of([seat for seat, near in deciding if request.pk in near], request)
    return found


def _from_one_of(seats: Sequence[Seat], request: Request) -> Standing | None:
    """From which of the seats that reach it a request may be decided, or why from none."""
    if not seats:
        return None
    others = [seat for seat in seats if seat.person.pk != request.requested_by_id]
    if not others:
        return Standing(
            None,
            _("%(name)s asked for this, and you would decide for %(name)s: somebody else has to decide it.")
            % {"name": request.requested_by_name},
        )
    able = next((seat for seat in others if seat.covers(request)), None)
    return Standing(able) if able else Standing(None, _too_much(request))


def _too_much(request: Request) -> str:
    kind, amount, days = kinds.get(request.kind), request.amount, request.days
    told = f"{amount or 0:,.2f} {request.currency}".rstrip()
    if days is not None:
        told = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
    return _("%(amount)s is more than you may decide.") % {"amount": told} + ask_further(
        kind.limit, amount, clock.today(), currency=request.currency, permission=kind.decide_permission
    )


def _to_decide(actor: User, request_id: int, seen_version: int) -> tuple[Request, Seat]:
    """The request, locked, if `actor` may decide it, and from where."""
    request = lock_request(request_id=request_id, seen_version=seen_version, states=(RequestStatus.PENDING,))
    standing = standing_of(actor, request)
    if standing is None:
        raise PermissionDenied
    if standing.seat is None:
        raise Conflict(standing.refusal)
    return request, standing.seat


def _decide(request: Request, actor: User, seat: Seat, verb: str, to: RequestStatus, comment: str) -> Request:
    instead_of = None if seat.is_own else seat.person
    name = str(instead_of)[:150] if instead_of else ""
    move(
        request,
        actor=actor,
        verb=verb,
        to=to,
        why=comment,
        told_too={"decided_for": name} if name else {},
        decided_by=actor,
        decided_by_name=str(actor)[:150],
        decided_for=instead_of,
        decided_for_name=name,
        decided_at=clock.now(),
        comment=comment,
    )
    if to not in OPEN:
        announce([request])
    return request
