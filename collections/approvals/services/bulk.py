"""Several requests with one press: a job takes them one by one, each with every check that it would get alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import translation

from accounts.errors import BookError, Invalid
from approvals.models import Bulk, BulkItem, BulkOutcome, BulkVerb, Request, RequestStatus
from approvals.permissions import visible_to
from approvals.services.deciding import Standing, approve, checked_comment, reject, send_back, standings_of
from approvals.services.rows import has_expired
from runs import clock
from runs.models import JobRun
from runs.said import kept
from runs.said import said as _
from runs.services import advance, enqueue
from staff.models import User

logger = logging.getLogger(__name__)

MOST = 200
# What was ticked and never confirmed.
FORGOTTEN_AFTER = timedelta(days=1)
DECIDE: Mapping[str, Callable[..., Request]] = {
    BulkVerb.APPROVE: approve,
    BulkVerb.SEND_BACK: send_back,
    BulkVerb.REJECT: reject,
}


@dataclass(frozen=True)
class Looked:
    """A request that somebody is about to decide with others; `refusal` blank: it may be decided."""

    request: Request
    refusal: str


@transaction.atomic
def ask_bulk(*, actor: User, verb: str, comment: str, seen: Mapping[int, int]) -> Bulk:
    """Keep what `actor` is about to decide of these requests (key: the version that she saw), for her to look at and confirm
    (`confirm_bulk`). Nothing is checked here but what holds for all of them. What she never confirmed of earlier days is
    forgotten.

    Raises:
        PermissionDenied: one of them is not for `actor` to see. Nothing is kept then.
        Invalid: none, too many, no such decision, or no comment where one is needed.
    """
    comment = _checked(actor=actor, verb=verb, comment=comment, seen=seen)
    now = clock.now()
    Bulk.objects.filter(actor=actor, run=None, asked_at__lt=now - FORGOTTEN_AFTER).delete()
    bulk = Bulk.objects.create(verb=verb, comment=comment, actor=actor, language=_language(), asked_at=now)
    BulkItem.objects.bulk_create(
        BulkItem(bulk=bulk, request_id=key, seen_version=version) for key, version in seen.items()
    )
    return bulk


@transaction.atomic
def confirm_bulk(*, actor: User, bulk_id: int, request_ids: Collection[int]) -> Bulk:
    """Have a worker decide these requests of what `actor` looked at, each by itself, and leave out the others: what each
    answers stands on its item, for readers of any language (`runs.said`). Confirmed before, it stays as it was. Locks the bulk.

    Raises:
        Invalid: none of it is among them.
        Bulk.DoesNotExist: there is no such bulk decision of `actor`'s.
    """
    bulk = Bulk.objects.select_for_update(no_key=True, of=("self",)).get(pk=bulk_id, actor=actor)
    if bulk.run_id is not None:
        return bulk
    bulk.items.exclude(request__in=request_ids).delete()
    if not bulk.items.exists():
        raise Invalid(_("No request was selected. Tick the requests first."))
    bulk.language, bulk.asked_at = _language(), clock.now()
    bulk.run = enqueue(
        kind="bulk-decision", function="approvals.jobs.decide_bulk", arguments={"bulk": bulk.pk}, actor=actor
    )
    bulk.save(update_fields=["run", "language", "asked_at"])
    return bulk


def _language() -> str:
    return translation.get_language() or "en"


def _checked(*, actor: User, verb: str, comment: str, seen: Mapping[int, int]) -> str:
    """The comment as it is kept; what makes no sense for all of them together is refused."""
    if verb not in DECIDE:
        raise Invalid(_("“%(verb)s” is no decision. Approve, send back or reject.") % {"verb": verb}, "verb")
    comment = checked_comment(verb, comment)
    if not seen:
        raise Invalid(_("No request was selected. Tick the requests first."))
    if len(seen) > MOST:
        raise Invalid(
            _("%(count)d requests are too many at once: at most %(most)d.") % {"count": len(seen), "most": MOST}
        )
    if visible_to(actor).filter(pk__in=seen).count() != len(seen):
        raise PermissionDenied
    return comment


def look_at(bulk: Bulk) -> list[Looked]:
    """Before several are decided: each request as it was ticked, and why it cannot be decided, as far as that can be told
    without trying: authority, author, state. Whether it still fits the present is asked as it is decided. Reads alone."""
    items = list(bulk.items.select_related("request__customer").order_by("pk"))
    able = standings_of(bulk.actor, [item.request for item in items])
    return [Looked(item.request, _why_not(item.request, item.seen_version, able[item.request_id])) for item in items]


def _why_not(request: Request, version: int, standing: Standing | None) -> str:
    if request.status != RequestStatus.PENDING:
        return _("It is “%(state)s” already.") % {"state": RequestStatus(request.status).label}
    if request.expires_at <= clock.now():
        return has_expired(request)
    if request.version != version:
        return _("It changed since you saw it: look at it alone.")
    return _("You may not decide this one.") if standing is None else standing.refusal


def run_bulk(bulk: Bulk, run: JobRun) -> dict[str, int]:
    """Decide what is left of a bulk decision, in the order in which it was ticked; how many of each outcome. Each in a
    transaction of its own, together with its answer: killed at any point, the next run goes on behind it."""
    items = list(bulk.items.order_by("pk").values_list("pk", "outcome"))
    with translation.override(bulk.language):
        for number, (key, outcome) in enumerate(items):
            advance(run, done=number, total=len(items))
            if outcome == BulkOutcome.PENDING:
                _decide(bulk, key)
    advance(run, done=len(items), total=len(items))
    answers = list(bulk.items.values_list("outcome", flat=True))
    return {outcome.value: answers.count(outcome) for outcome in BulkOutcome if outcome in answers}


@transaction.atomic
def _decide(bulk: Bulk, item_id: int) -> None:
    item = BulkItem.objects.select_for_update(no_key=True, of=("self",)).get(pk=item_id)
    if item.outcome != BulkOutcome.PENDING:
        return
    try:
        with transaction.atomic():
            DECIDE[bulk.verb](
                # Read anew: who lost the right, or left, meanwhile decides no further.
                actor=User.objects.get(pk=bulk.actor_id),
                request_id=item.request_id,
                seen_version=item.seen_version,
                comment=bulk.comment,
            )
        item.outcome = BulkOutcome.DONE
    except BookError as error:
        item.outcome, item.why = BulkOutcome.REFUSED, kept(error.args[0])
    except PermissionDenied:
        item.outcome, item.why = BulkOutcome.REFUSED, kept(_("You may not decide this one."))
    except Exception:
        # One that breaks must not keep the others from being decided.
        logger.exception("Request %s of bulk decision %s failed.", item.request_id, bulk.pk)
        item.outcome = BulkOutcome.FAILED
        item.why = kept(
            _("It failed, and nothing of it was done. Open it and try alone; tell the administrator if it stays.")
        )
    item.save(update_fields=["outcome", "why"])
