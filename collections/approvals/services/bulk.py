"""Several requests with one press: a job takes them one by one, each with every check that it would get alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.errors import BookError, Invalid
from approvals.models import Bulk, BulkItem, BulkOutcome, BulkVerb, Request, RequestStatus
from approvals.permissions import visible_to
from approvals.services.deciding import Standing, approve, checked_comment, reject, send_back, standings_of
from approvals.services.rows import has_expired
from runs import clock
from runs.models import JobRun
from runs.services import advance, enqueue
from staff.models import User

logger = logging.getLogger(__name__)

MOST = 200
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
    """Have a worker decide these requests (key: the version that `actor` saw) for `actor`, each by itself. Nothing is
    checked here but what holds for all of them: what each answers stands on its item.

    Raises:
        PermissionDenied: one of them is not for `actor` to see. Nothing is decided then.
        Invalid: none, too many, no such decision, or no comment where one is needed.
    """
    comment = check_bulk(actor=actor, verb=verb, comment=comment, seen=seen)
    bulk = Bulk.objects.create(
        verb=verb, comment=comment, actor=actor, language=translation.get_language() or "en", asked_at=clock.now()
    )
    BulkItem.objects.bulk_create(
        BulkItem(bulk=bulk, request_id=key, seen_version=version) for key, version in seen.items()
    )
    bulk.run = enqueue(
        kind="bulk-decision", function="approvals.jobs.decide_bulk", arguments={"bulk": bulk.pk}, actor=actor
    )
    bulk.save(update_fields=["run"])
    return bulk


def check_bulk(*, actor: User, verb: str, comment: str, seen: Mapping[int, int]) -> str:
    """Refuse what makes no sense for all of them together; the comment as it is kept. Raises as `ask_bulk`."""
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


def look_at(actor: User, seen: Mapping[int, int]) -> list[Looked]:
    """Before several are decided: each request that `actor` saw at a version, in that order, and why it cannot be decided, as far
    as that can be told without trying: authority, author, state. Whether it still fits the present is asked as it is
    decided. Reads alone."""
    rows = Request.objects.select_related("customer").in_bulk(seen)
    able = standings_of(actor, list(rows.values()))
    return [Looked(rows[key], _why_not(rows[key], version, able[key])) for key, version in seen.items()]


def _why_not(request: Request, version: int, standing: Standing | None) -> str:
    if request.status != RequestStatus.PENDING:
        return _("It is “%(state)s” already.") % {"state": request.get_status_display()}
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
        item.outcome, item.why = BulkOutcome.REFUSED, str(error)
    except PermissionDenied:
        item.outcome, item.why = BulkOutcome.REFUSED, _("You may not decide this one.")
    except Exception:
        # One that breaks must not keep the others from being decided.
        logger.exception("Request %s of bulk decision %s failed.", item.request_id, bulk.pk)
        item.outcome = BulkOutcome.FAILED
        item.why = _(
            "It failed, and nothing of it was done. Open it and try alone; tell the administrator if it stays."
        )
    item.save(update_fields=["outcome", "why"])
