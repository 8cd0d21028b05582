"""Adding dated rules of plans. They begin tomorrow at the earliest: what was offered under others stays."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.dated import check_ahead
from accounts.errors import Conflict
from audit.services import Actor, record
from restructuring.models import PlanRule

# What a rule says, besides from when.
RULE = (
    "most_months",
    "annual_cap",
    "most_discount",
    "discount_rate",
    "surplus_share",
    "grace_days",
    "breach_after",
    "breach_terms",
    "watch_months",
    "watch_floor",
    "needs_signature",
    "code_minutes",
    "code_attempts",
    "code_pause_seconds",
    "far_away_days",
    "source",
)


@transaction.atomic
def add_plan_rule(*, actor: Actor, effective_from: date, **rule: Any) -> PlanRule:
    """Add the rule of plans (`RULE`) that holds from a day on. Plans keep the rule under which they were asked for.

    Raises:
        Invalid: it would begin today or before.
        Conflict: that day has a rule already.
    """
    check_ahead(effective_from)
    if PlanRule.objects.filter(effective_from=effective_from).exists():
        raise Conflict(_("There are terms from %(day)s on already.") % {"day": effective_from.isoformat()})
    row = PlanRule.objects.create(effective_from=effective_from, **rule)
    told = {name: str(getattr(row, name)) for name in RULE}
    record(actor=actor, verb="plan-rule.added", subject=row, after={"effective_from": effective_from, **told})
    return row
