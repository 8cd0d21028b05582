"""Locking a request for a change, and writing what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.timezone import localtime

from accounts.errors import Conflict, Invalid
from accounts.services.locks import lock_customer
from approvals.errors import StaleScreen
from approvals.models import Request, RequestStatus
from approvals.selectors import history
from audit.services import Actor, record
from runs import clock
from runs.said import said as _

LONGEST_TEXT = 2000


def lock_request(*, request_id: int, seen_version: int, states: Collection[str]) -> Request:
    """Lock a request for the rest of the transaction, its customer first; what is returned is fresh.

    Raises:
        StaleScreen: its version moved since `seen_version`; it says what changed and by whom.
        Conflict: it is in none of `states`, or has expired.
        Request.DoesNotExist: there is no such request.
    """
    customer_id = Request.objects.values_list("customer_id", flat=True).get(pk=request_id)
    if customer_id is not None:
        lock_customer(customer_id)
    request = Request.objects.select_for_update(no_key=True, of=("self",)).select_related("customer").get(pk=request_id)
    if request.version != seen_version:
        # A version never seen of this request (a forged or restored form) tells nothing.
        newer = max(request.version - seen_version, 0)
        raise StaleScreen(list(history(request)[:newer])[::-1])
    if request.status not in states:
        raise Conflict(
            _("Request %(request)s is “%(state)s”: this cannot be done any more.")
            % {"request": request, "state": RequestStatus(request.status).label}
        )
    if request.expires_at <= clock.now():
        raise Conflict(has_expired(request))
    return request


def has_expired(request: Request) -> str:
    """The sentence that says so."""
    return _("Request %(request)s expired on %(day)s before anybody decided it. Ask anew if it is still wanted.") % {
        "request": request,
        "day": f"{localtime(request.expires_at):%Y-%m-%d %H:%M}",
    }


def be_the_author(request: Request, actor: Actor) -> None:
    """Go on only if `actor` asked for it.

    Raises:
        PermissionDenied: somebody else did.
    """
    if request.requested_by_id != actor.pk:
        raise PermissionDenied


def move(
    request: Request,
    *,
    actor: Actor,
    verb: str,
    to: str,
    why: str = "",
    told_too: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Request:
    """Write `fields` and the new state of a locked request as its next version, and record it with `why`, and `told_too`
    beside what is always told."""
    before = {"status": request.status}
    for name, value in fields.items():
        setattr(request, name, value)
    request.status = to
    request.version += 1
    request.save(update_fields=[*fields, "status", "version"])
    record(
        actor=actor,
        verb=verb,
        subject=request,
        customer_id=request.customer_id,
        before=before,
        after=told(request) | dict(told_too or {}),
        reason=why,
    )
    return request


def told(request: Request) -> dict[str, Any]:
    """What the record keeps of a request: no word of payload or preview."""
    facts: dict[str, Any] = {"kind": request.kind, "status": request.status}
    return facts if request.amount is None else facts | {"amount": request.amount, "currency": request.currency}


def checked(text: str, field: str, missing: str = "") -> str:
    """A text as it is kept; `missing` is what is said where one is needed.

    Raises:
        Invalid: nothing in it, or too long.
    """
    text = text.strip()
    if missing and not text:
        raise Invalid(missing, field)
    if len(text) > LONGEST_TEXT:
        raise Invalid(
            _("The text is %(count)d characters long; it may have %(most)d.")
            % {"count": len(text), "most": LONGEST_TEXT},
            field,
        )
    return text
