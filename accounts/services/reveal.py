"""Showing a number or address in clear, and with it whom to ask for, on the record."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import vault
from accounts.errors import Invalid
from accounts.models import ContactPoint
from accounts.selectors.whose import whose
from audit.services import Actor, record


@transaction.atomic
def reveal_contact_point(*, actor: Actor, contact_point_id: int, reason: str) -> str:
    """The number or address in clear. Who saw which, and why, is recorded before it is given. Locks nothing.

    With it the customer's whole name may be shown, and that of who is reached there: both are on the record.

    Whether `actor` may (`accounts.reveal_contactpoint`, the customer in scope) is for the caller to ask.

    Raises:
        Invalid: no reason is given.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Say why you need to see it."), "reason")
    point = ContactPoint.objects.select_related("customer").get(pk=contact_point_id)
    record(
        actor=actor,
        verb="contact-point.revealed",
        subject=point,
        customer_id=point.customer_id,
        after={
            "kind": point.kind,
            "value": point.masked_value,
            "name": point.customer.masked_name,
            "whose": vault.mask_name(whose(point)),
        },
        reason=reason,
    )
    return point.value
