"""What nobody decided in time."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, QuerySet

from approvals import kinds
from approvals.models import OPEN, Request, RequestStatus
from approvals.services.announcing import announce
from approvals.services.rows import told
from audit.services import SystemActor, record_many
from runs import clock

BATCH = 500
_ACTOR = SystemActor("expiry")


def expire_overdue() -> int:
    """End every open request whose time is over; how many. One transaction a batch; repeating it changes nothing.

    Holds the requests, never a customer, then what their kinds end with them (`Kind.ended`), and passes by those that somebody
    decides at this moment.
    """
    overdue = Request.objects.filter(status__in=OPEN, expires_at__lte=clock.now())
    total = 0
    while count := expire(overdue):
        total += count
    return total


@transaction.atomic
def expire(requests: QuerySet[Request]) -> int:
    """End these requests, at most a batch of them; how many. What is locked is passed by."""
    rows = list(requests.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")[:BATCH])
    if not rows:
        return 0
    Request.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=RequestStatus.EXPIRED, version=F("version") + 1
    )
    announce(rows)
    record_many(
        actor=_ACTOR,
        verb="request.expired",
        subject_type="request",
        rows=[
            (
                row.pk,
                "",
                row.customer_id,
                None,
                {"status": row.status},
                told(row) | {"status": RequestStatus.EXPIRED},
                "",
            )
            for row in rows
        ],
    )
    for row in rows:
        if row.kind in kinds.LABELS:
            kinds.get(row.kind).ended(row, actor=_ACTOR)
    return len(rows)
