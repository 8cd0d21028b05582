"""What strategies show beside a case."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from cases.board import Panel
from cases.models import Case
from staff.models import User
from staff.permissions import may
from strategy.models import Treatment
from strategy.selectors import with_what_became

SHOWN = 8


def treatments_of(case: Case, user: User) -> Panel | None:
    """The latest treatments of the person: what, by which rule of which strategy, in which arm. One query.

    Of what was refused and tried again the last attempt stands for all.
    """
    later = Treatment.objects.filter(
        customer=OuterRef("customer"),
        account=OuterRef("account"),
        code=OuterRef("code"),
        anchor_on=OuterRef("anchor_on"),
        business_day__gt=OuterRef("business_day"),
    )
    found = Treatment.objects.filter(customer=case.customer_id).exclude(Exists(later), again_until__isnull=False)
    rows = list(with_what_became(found).order_by("-pk")[:SHOWN])
    links = may(user, "strategy.view_version")
    return Panel(_("Treated by the strategy"), "strategy/_panel.html", {"rows": rows, "links": links}) if rows else None
