"""How a customer can be reached: masked and ready to show."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, Relationship, Verification


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
