"""How a customer can be reached: masked and ready to show."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import ContactPoint, Relationship
from accounts.selectors.whose import whose


@dataclass(frozen=True)
class ContactPointView:
    """A contact point and what is shown of it."""

    point: ContactPoint
    masked: str


def whom(point: ContactPoint) -> str:
    """Whom to ask for at a contact point that was revealed, by the whole name. Of a third person: only how the customer is
    reached, and never of what she owes. The point has its customer."""
    name = whose(point)
    if point.relationship == Relationship.OWN:
        return name
    customer = point.customer.name
    if point.relationship in ("", Relationship.CONTACT_PERSON):
        if name:
            return _("%(name)s, a third person: ask only how to reach %(customer)s, and say nothing of a debt") % {
                "name": name,
                "customer": customer,
            }
        return _("A third person, name not known: ask only how to reach %(customer)s, and say nothing of a debt") % {
            "customer": customer
        }
    about = {"name": name, "whose": point.get_relationship_display(), "customer": customer}
    if name:
        return _("%(name)s · %(whose)s, for %(customer)s") % about
    return _("Name not known · %(whose)s, for %(customer)s") % about
