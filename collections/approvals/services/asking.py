"""The author's side: asking, asking again what was sent back, withdrawing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from accounts.models import Customer
from accounts.services.locks import lock_customer
from approvals import kinds
from approvals.models import OPEN, Request, RequestStatus
from approvals.services.expiring import expire
from approvals.services.rows import checked, lock_request, move, told
from audit.services import record
from runs import clock
from runs.bulk import reserve_keys
from staff.models import User
from staff.permissions import require


@transaction.atomic
def ask(
    *,
    actor: User,
    kind: str,
    subject: models.Model,
    payload: Mapping[str, Any],
    preview: Mapping[str, Any],
    reason: str,
    customer: Customer | None = None,
    amount: Decimal | None = None,
    currency: str = "",
) -> Request:
    """Ask for something that another person shall decide. Of one kind a subject has one open request; one that expired
    gives way. Locks the customer.

    Raises:
        PermissionDenied: `actor` may not ask for this kind.
        Invalid: no reason.
        Conflict: it was asked for already, or (`Kind.check`) does not fit the present.
        LookupError, ValueError: the caller's mistakes: no such kind, or no amount where the kind has a limit.
    """
    asked = kinds.get(kind)
    require(actor, asked.ask_permission)
    reason = _reason(reason)
    _needs_amount(asked, amount)
    if customer is not None:
        lock_customer(customer.pk)
    subject_type = subject._meta.model_name or ""
    same = Request.objects.filter(kind=kind, subject_type=subject_type, subject_id=subject.pk, status__in=OPEN)
    expire(same.filter(expires_at__lte=clock.now()))
    (key,) = reserve_keys(Request, 1)
    request = Request(
        pk=key,
        kind=kind,
        subject_type=subject_type,
        subject_id=subject.pk,
        subject_ref=getattr(subject, "ref", "") or f"#{subject.pk}",
        customer=customer,
        currency=currency,
        amount=amount,
        payload=payload,
        preview=preview,
        reason=reason,
        requested_by=actor,
        requested_by_name=str(actor)[:150],
        requested_at=clock.now(),
        expires_at=clock.now() + asked.valid_for,
    )
    # Two who ask at once: the second waits here for the first, and then finds nothing written.
    Request.objects.bulk_create([request], ignore_conflicts=True)
    written = Request.objects.select_related("customer").filter(pk=key).first()
    if written is None:
        raise Conflict(_taken(same.first()))
    asked.check(written)
    record(
        actor=actor,
        verb="request.asked",
        subject=written,
        customer_id=written.customer_id,
        after=told(written),
        reason=reason,
    )
    return written


@transaction.atomic
def resubmit(
    *,
    actor: User,
    request_id: int,
    seen_version: int,
    payload: Mapping[str, Any],
    preview: Mapping[str, Any],
    reason: str,
    amount: Decimal | None = None,
) -> Request:
    """Ask again for what was sent back, changed or not; it is valid as long as a new one. Locks customer, then request.

    `amount` is what the changed request is about: whoever decides must have the authority for that, not for the old one.

    Raises:
        PermissionDenied: somebody else asked for it, or `actor` may not ask for it any more.
        StaleScreen, Conflict: see `lock_request`; or (`Kind.check`) it does not fit the present.
        Invalid: no reason.
        ValueError: no amount where the kind has a limit.
    """
    request = lock_request(request_id=request_id, seen_version=seen_version, states=(RequestStatus.CHANGES,))
    asked = kinds.get(request.kind)
    _be_the_author(request, actor)
    require(actor, asked.ask_permission)
    reason = _reason(reason)
    _needs_amount(asked, amount)
    move(
        request,
        actor=actor,
        verb="request.resubmitted",
        to=RequestStatus.PENDING,
        why=reason,
        reason=reason,
        payload=payload,
        preview=preview,
        amount=amount,
        expires_at=clock.now() + asked.valid_for,
        decided_by=None,
        decided_by_name="",
        decided_at=None,
        comment="",
    )
    request.refresh_from_db()
    asked.check(request)
    return request


@transaction.atomic
def ask_anew(
    *,
    actor: User,
    kind: str,
    subject: models.Model,
    payload: Mapping[str, Any],
    preview: Mapping[str, Any],
    reason: str,
) -> Request:
    """Ask for what is about no customer and no amount: again where it was sent back, else for the first time.

    Raises as `resubmit` or `ask`.
    """
    given: dict[str, Any] = {"actor": actor, "payload": payload, "preview": preview, "reason": reason}
    sent_back = Request.objects.filter(
        kind=kind, subject_type=subject._meta.model_name, subject_id=subject.pk, status=RequestStatus.CHANGES
    ).first()
    if sent_back is None:
        return ask(kind=kind, subject=subject, **given)
    return resubmit(request_id=sent_back.pk, seen_version=sent_back.version, **given)


@transaction.atomic
def withdraw(*, actor: User, request_id: int, seen_version: int) -> Request:
    """Take back what one asked for. Locks customer, then request.

    Raises:
        PermissionDenied: somebody else asked for it.
        StaleScreen, Conflict: see `lock_request`.
    """
    request = lock_request(request_id=request_id, seen_version=seen_version, states=OPEN)
    _be_the_author(request, actor)
    return move(request, actor=actor, verb="request.withdrawn", to=RequestStatus.WITHDRAWN)


def _be_the_author(request: Request, actor: User) -> None:
    if request.requested_by_id != actor.pk:
        raise PermissionDenied


def _needs_amount(kind: kinds.Kind, amount: Decimal | None) -> None:
    if kind.limit and amount is None:
        raise ValueError(f"A request of the kind {kind.code!r} has a limit, so it needs an amount.")


def _reason(text: str) -> str:
    return checked(text, "reason", _("Say why: whoever decides reads it first."))


def _taken(request: Request | None) -> str:
    if request is None:
        return _("The same was asked for and decided this moment. Reload the page.")
    return _(
        "%(name)s asked for the same on %(day)s (request %(request)s), and it is “%(state)s”. It must end first."
    ) % {
        "name": request.requested_by_name,
        "day": f"{localtime(request.requested_at):%Y-%m-%d}",
        "request": request,
        "state": request.get_status_display(),
    }
