"""How a customer can be reached, and what is stopped for the moment: both masked and ready to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, Hold, Relationship, Verification


@dataclass(frozen=True)
class ContactPointView:
    """A contact point and why it may or may not be written to."""

    point: ContactPoint
    masked: str

    @property
    def state(self) -> tuple[str, str | Promise]:
        """(tone, word): the first thing that keeps it from being used, or that nothing does."""
        point = self.point
        if not point.source or not point.relationship or point.permitted is None:
            return "mustnot", _("A third person's until its source, owner and permission are known")
        if point.relationship != Relationship.OWN:
            return "mustnot", _("Not the debtor's own")
        if not point.permitted:
            return "mustnot", _("Use not permitted")
        if point.verification == Verification.WRONG:
            return "mustnot", _("Marked wrong")
        if point.verification != Verification.VERIFIED:
            return "watch", _("Not verified yet")
        return "may", _("May be used")


def contact_points(customer_id: int) -> list[ContactPointView]:
    """The customer's contact points, masked. One query."""
    return [
        ContactPointView(point, point.masked_value)
        for point in ContactPoint.objects.filter(customer_id=customer_id).order_by("id")
    ]


@dataclass(frozen=True)
class HoldView:
    """A hold and whether it is in force."""

    hold: Hold
    day: date

    @property
    def state(self) -> tuple[str, str | Promise]:
        """(tone, word)."""
        hold = self.hold
        if hold.withdrawn_at is not None:
            return "plain", _("Withdrawn")
        if hold.starts_on > self.day:
            return "plain", _("To come")
        if hold.ends_on is not None and hold.ends_on < self.day:
            return "plain", _("Over")
        return "watch", _("In force")


def holds(customer_id: int, day: date) -> list[HoldView]:
    """The holds on the customer's accounts, latest first. One query."""
    rows = Hold.objects.filter(account__customer_id=customer_id).select_related("account").order_by("-starts_on", "-id")
    return [HoldView(hold, day) for hold in rows]
