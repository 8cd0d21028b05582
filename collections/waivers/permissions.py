"""Which waivers someone sees: those of the customers in her scope."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from accounts.permissions import customers_visible_to
from staff.permissions import Anyone, scope_of
from waivers.models import Waiver

VIEW: Final = "waivers.view_waiver"
ASK: Final = "waivers.add_waiver"
DECIDE: Final = "waivers.decide_waiver"
EXPORT: Final = "waivers.export_waiver"


def visible_to(user: Anyone) -> QuerySet[Waiver]:
    """The waivers of the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Waiver.objects.all()
    return Waiver.objects.filter(customer__in=customers_visible_to(user))
