"""Holds of plans that were decided when a hold was always about the whole account."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from accounts.models import HoldKind
from accounts.services.holds import lift_hold, place_hold
from accounts.services.re_aging import together
from audit.services import Actor
from restructuring.models import Plan
from restructuring.models.plans import LIVE
from restructuring.services.rows import lock_plan
from restructuring.services.taking_over import bills_of
from runs import clock
from runs.selectors import book_day


def narrow_holds(*, actor: Actor) -> int:
    """Let the hold of contact of each live plan be about the plan's own bills alone, from the closed day on; of how many plans it
    was not.

    Before, it was about the whole account, and stays so told. One that somebody lifted stays lifted. Each plan in a
    transaction of its own, locked customer → account → plan; calling again changes nothing.
    """
    whole = Plan.objects.filter(
        status__in=LIVE, contact_hold__covers=None, contact_hold__withdrawn_at=None, contact_hold__ends_on=None
    )
    keys = whole.exclude(contact_hold=None).order_by("customer", "pk").values_list("pk", flat=True)
    return sum(_narrow(actor, key) for key in list(keys))


@transaction.atomic
def _narrow(actor: Actor, plan_id: int) -> bool:
    plan = lock_plan(plan_id)
    hold = plan.contact_hold
    if plan.status not in LIVE or hold is None:
        return False
    if hold.covers is not None or hold.withdrawn_at is not None or hold.ends_on is not None:
        return False
    # What is overdue beside it is told as of the closed day: from that one on, so that it is worked at once.
    today = clock.today()
    from_on = max(hold.starts_on, min(today, book_day() or today))
    last_day = from_on - timedelta(days=1)
    with together(actor=actor, cause="hold"):
        lift_hold(
            actor=actor, hold_id=hold.pk, last_day=last_day if last_day >= hold.starts_on else None, reason=plan.ref
        )
        plan.contact_hold = place_hold(
            actor=actor,
            account_id=plan.account_id,
            kind=HoldKind.CONTACT,
            starts_on=from_on,
            reason=plan.ref,
            covers=bills_of(plan),
        )
    plan.save(update_fields=["contact_hold"])
    return True
