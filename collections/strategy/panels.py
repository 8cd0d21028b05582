"""What strategies show beside a case."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cases.board import Panel
from cases.models import Case
from staff.models import User
from staff.permissions import may
from strategy.models import Treatment

SHOWN = 8


def treatments_of(case: Case, user: User) -> Panel | None:
    """The latest treatments of the person: what, by which rule of which strategy, in which arm. One query."""
    found = Treatment.objects.filter(customer=case.customer_id).select_related("rule__version", "decision")
    rows = list(found.order_by("-pk")[:SHOWN])
    links = may(user, "strategy.view_version")
    return Panel(_("Treated by the strategy"), "strategy/_panel.html", {"rows": rows, "links": links}) if rows else None
