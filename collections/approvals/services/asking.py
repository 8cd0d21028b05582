"""The author's side: asking, asking again what was sent back, withdrawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from accounts.models import Customer
from accounts.services.locks import lock_customer
from approvals import kinds
from approvals.climbing import needs_decider
from approvals.models import OPEN, Request, RequestStatus, Unread
from approvals.selectors import open_request
from approvals.services.attaching import keep
from approvals.services.expiring import expire
from approvals.services.rows import be_the_author, checked, lock_request, move, told
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
    documents: Sequence[UploadedFile] = (),
) -> Request:
    """Ask for something that another person shall decide, with documents beside it. Of one kind a subject has one open
    request; one that expired gives way. Locks the customer.

    Raises:
        PermissionDenied: `actor` may not ask for this kind.
        Invalid: no reason, or a file that is no document (`attaching.attach`).
        Conflict: it was asked for already, (`Kind.check`) does not fit the present, or nobody may decide it at the moment.
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
    needs_decider(written)
    # Who asks anew knows what became of it before.
    Unread.objects.filter(
        author=actor, request__kind=kind, request__subject_type=subject_type, request__subject_id=subject.pk
    ).delete()
    with ExitStack() as stack:
        made = keep(written, actor, documents, stack) if documents else []
        record(
            actor=actor,
            verb="request.asked",
            subject=written,
            customer_id=written.customer_id,
            after=told(written) | ({"sha256": [one.sha256 for one in made]} if made else {}),
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
    documents: Sequence[UploadedFile] = (),
) -> Request:
    """Ask again for what was sent back, changed or not; it is valid as long as a new one. Documents are added to those that
    it has. Locks customer, then request.

    `amount` is what the changed request is about: whoever decides must have the authority for that, not for the old one.

    Raises:
        PermissionDenied: somebody else asked for it, or `actor` may not ask for it any more.
        StaleScreen, Conflict: see `lock_request`; or it does not fit the present (`Kind.check`), or nobody may decide it.
        Invalid: no reason, or a file that is no document.
        ValueError: no amount where the kind has a limit.
    """
    request = lock_request(request_id=request_id, seen_version=seen_version, states=(RequestStatus.CHANGES,))
    asked = kinds.get(request.kind)
    be_the_author(request, actor)
    require(actor, asked.ask_permission)
    reason = _reason(reason)
    _needs_amount(asked, amount)
    with ExitStack() as stack:
        made = keep(request, actor, documents, stack) if documents else []
        move(
            request,
            actor=actor,
            verb="request.resubmitted",
            to=RequestStatus.PENDING,
            why=reason,
            told_too={"sha256": [one.sha256 for one in made]} if made else {},
            reason=reason,
            payload=payload,
            preview=preview,
            amount=amount,
            expires_at=clock.now() + asked.valid_for,
            decided_by=None,
            decided_by_name="",
            decided_for=None,
            decided_for_name="",
            decided_at=None,
            comment="",
        )
        request.refresh_from_db()
        asked.check(request)
        needs_decider(request)
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
    customer: Customer | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    documents: Sequence[UploadedFile] = (),
) -> Request:
    """Ask from the owner's page: again where it was sent back, else for the first time. What was sent back in another
    currency is withdrawn and asked for anew, since a request stays in its own.

    Raises as `resubmit` or `ask`.
    """
    if customer is not None:
        lock_customer(customer.pk)
    given: dict[str, Any] = {
        "actor": actor, "payload": payload, "preview": preview, "reason": reason, "amount": amount, "documents": documents,
    }  # fmt: skip
    found = open_request(kind, subject)
    if found is not None and found.status == RequestStatus.CHANGES and found.expires_at > clock.now():
        if found.currency == currency:
            return resubmit(request_id=found.pk, seen_version=found.version, **given)
        withdraw(actor=actor, request_id=found.pk, seen_version=found.version)
    return ask(kind=kind, subject=subject, customer=customer, currency=currency, **given)


@transaction.atomic
def withdraw(*, actor: User, request_id: int, seen_version: int) -> Request:
    """Take back what one asked for. Locks customer, then request.

    Raises:
        PermissionDenied: somebody else asked for it.
        StaleScreen, Conflict: see `lock_request`.
    """
    request = lock_request(request_id=request_id, seen_version=seen_version, states=OPEN)
    be_the_author(request, actor)
    request = move(request, actor=actor, verb="request.withdrawn", to=RequestStatus.WITHDRAWN)
    if request.kind in kinds.LABELS:
        kinds.get(request.kind).ended(request, actor=actor)
    return request


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
