"""Adding policies. They begin tomorrow at the earliest: what was decided under others stays."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from audit.services import Actor, record
from freezing.models import FreezePolicy
from runs import clock

# What a policy says, besides from when.
SAYS = ("freezes", "days_late", "whole_customer", "unfreezes", "source")


@transaction.atomic
def add_policy(*, actor: Actor, effective_from: date, **says: Any) -> FreezePolicy:
    """Add what holds from a day on.

    Raises:
        Invalid: it would begin today or before.
        Conflict: that day has a policy already.
    """
    if effective_from <= clock.today():
        raise Invalid(
            _("%(day)s is too early: expected tomorrow or later, so that what was decided stays.")
            % {"day": effective_from.isoformat()},
            "effective_from",
        )
    if FreezePolicy.objects.filter(effective_from=effective_from).exists():
        raise Conflict(_("There is a policy from %(day)s on already.") % {"day": effective_from.isoformat()})
    row = FreezePolicy.objects.create(effective_from=effective_from, **says)
    after = {"effective_from": effective_from, **{name: str(getattr(row, name)) for name in SAYS}}
    record(actor=actor, verb="freeze-policy.added", subject=row, after=after)
    return row
