"""Who is reached at a number or address, by the whole name."""

from __future__ import annotations

from accounts.models import ContactPoint, Customer, PartyRole, Relationship


def whose(point: ContactPoint) -> str:
    """The whole name of who is reached at a contact point, where it is known: the customer's at one of her own, of who owes
    or answers with her where there is only one, and what the contact point says of others. Blank: nobody knows. At most a query.

    Show it only where revealing is allowed and recorded.
    """
    if point.relationship == Relationship.OWN:
        return point.customer.name
    if point.relationship not in PartyRole.values:
        return point.name
    parties = Customer.objects.filter(
        party_to__account__customer=point.customer_id, party_to__role=point.relationship
    ).distinct()
    names = parties.values_list("name", flat=True).order_by("pk")[:2]
    return names[0] if len(names) == 1 else ""
