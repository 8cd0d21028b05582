"""Adding rows of a waiver policy. They begin tomorrow at the earliest: what was asked for until then stays as it was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.currencies import is_currency, no_currency
from accounts.errors import Conflict, Invalid
from accounts.models import Product
from audit.services import Actor, record
from runs import clock
from runs.texts import listed
from waivers.models import ReasonCode, WaiverPolicy

# What a row says, besides of which policy it is, in which currency and from when.
TERMS = (
    "title",
    "in_use",
    "reasons",
    "products",
    "repays_within_days",
    "first_in_months",
    "in_hardship",
    "most_percent",
    "yearly_cap",
    "automatic_up_to",
    "source",
)


@transaction.atomic
def add_policy(*, actor: Actor, code: str, currency: str, effective_from: date, **terms: Any) -> WaiverPolicy:
    """Add what a policy (`TERMS`) says in a currency from a day on.

    Raises:
        Invalid: it would begin today or before; an unknown reason or product; a share that is none, or a negative amount.
        Conflict: the policy has a row from that day already.
    """
    first = clock.today() + timedelta(days=1)
    if effective_from < first:
        raise Invalid(
            _("%(day)s is too early: expected %(first)s or later. What was asked for until today stays as it is.")
            % {"day": effective_from.isoformat(), "first": first.isoformat()},
            "effective_from",
        )
    if not is_currency(currency):
        raise Invalid(no_currency(currency), "currency")
    _check_known("reasons", terms.get("reasons") or [], set(ReasonCode.values))
    _check_known("products", terms.get("products") or [], set(Product.objects.values_list("code", flat=True)))
    _check_amounts(terms)
    if WaiverPolicy.objects.filter(code=code, currency=currency, effective_from=effective_from).exists():
        raise Conflict(
            _("Policy %(code)s has a row in %(currency)s from %(day)s on already. Choose another day.")
            % {"code": code, "currency": currency, "day": effective_from.isoformat()}
        )
    row = WaiverPolicy.objects.create(code=code, currency=currency, effective_from=effective_from, **terms)
    told = {name: getattr(row, name) for name in TERMS}
    record(
        actor=actor,
        verb="waiver-policy.added",
        subject=row,
        after={"code": code, "currency": currency, "effective_from": effective_from, **told},
    )
    return row


def _check_known(field: str, given: list[str], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        raise Invalid(
            _("Unknown: %(unknown)s. Expected some of: %(known)s.")
            % {"unknown": listed(unknown), "known": listed(sorted(known))},
            field,
        )


def _check_amounts(terms: dict[str, Any]) -> None:
    percent = terms.get("most_percent", 100)
    if not 1 <= percent <= 100:
        raise Invalid(_("%(percent)s is no share of a fee: expected 1 to 100.") % {"percent": percent}, "most_percent")
    for name in ("yearly_cap", "automatic_up_to"):
        amount: Decimal | None = terms.get(name)
        if amount is not None and amount < 0:
            raise Invalid(_("%(amount)s is negative: expected 0 or more, or nothing.") % {"amount": amount}, name)
