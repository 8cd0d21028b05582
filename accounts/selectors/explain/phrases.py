"""Parts of the sentences, in the active language."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Component, HoldKind
from accounts.selectors.explain.parts import HoldPart, Met
from runs.texts import listed


def hold_sentence(hold: HoldPart) -> str:
    facts: dict[str, object] = {"first": hold.starts_on, "last": hold.ends_on, "count": hold.days_off}
    facts["kind"] = HoldKind(hold.kind).label
    span = (_("from %(first)s on") if hold.ends_on is None else _("from %(first)s to %(last)s")) % facts
    if hold.kind != HoldKind.DEFERRAL:
        facts |= {"span": span, "bills": listed(hold.bills)}
        if hold.bills:
            return _("The hold “%(kind)s” %(span)s is about %(bills)s alone, and does not stop the days.") % facts
        return _("The hold “%(kind)s” %(span)s does not stop the days.") % facts
    if not hold.days_off:
        return _("The deferral %(span)s covers none of the late days.") % {"span": span}
    return ngettext(
        "The deferral %(span)s covers %(count)d late day.",
        "The deferral %(span)s covers %(count)d late days.",
        hold.days_off,
    ) % {"span": span, "count": hold.days_off}


def met(parts: Sequence[Met]) -> str:
    """What a payment met, bill by bill."""
    sums: dict[str | None, dict[str, Decimal]] = {}
    for part in parts:
        components = sums.setdefault(part.bill_ref, {})
        components[part.component] = components.get(part.component, Decimal(0)) + part.amount
    told = []
    for bill, components in sums.items():
        total = in_figures(sum(components.values(), Decimal(0)))
        if bill is None:
            told.append(_("late fees with %(amount)s") % {"amount": total})
            continue
        inside = listed(f"{Component(name).label} {in_figures(amount)}" for name, amount in components.items())
        told.append(_("bill %(bill)s with %(amount)s (%(inside)s)") % {"bill": bill, "amount": total, "inside": inside})
    return listed(told)


def in_figures(value: Decimal) -> str:
    return f"{value:,.2f}"
