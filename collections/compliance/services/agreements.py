"""Hours of contact that a person agreed to, in place of the rule's: one agreement at a time, revoked by a word of hers."""

from __future__ import annotations

from datetime import date, time

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.services.locks import lock_customer
from audit.services import Actor, record
from compliance.models import ContactAgreement
from compliance.services.checks import check_days, check_start
from compliance.services.reactions import person_changed
from runs import clock


@transaction.atomic
def agree_hours(
    *,
    actor: Actor,
    customer_id: int,
    opens: time,
    closes: time,
    from_on: date,
    until_on: date | None = None,
    evidence: str,
) -> ContactAgreement:
    """Record that the person agreed to be contacted from `opens` until `closes` of her own day. Locks the customer.

    A later agreement takes the place of the present one, which ends with it.

    Raises:
        Invalid: equal hours, an end before the start or a lifetime ahead, a start that is farther off, or no evidence.
    """
    lock_customer(customer_id)
    if opens == closes:
        raise Invalid(_("The hours begin and end at %(time)s: that is never, or always. Give two times.")
                      % {"time": f"{opens:%H:%M}"}, "closes")  # fmt: skip
    check_days(from_on, until_on)
    check_start(_("Agreed hours"), from_on)
    if not evidence.strip():
        raise Invalid(_("Say how the person agreed: when, to whom, in which words or which letter."), "evidence")
    present = ContactAgreement.objects.filter(customer_id=customer_id, revoked_at__isnull=True).first()
    if present is not None:
        _revoke(actor, present, "A later agreement takes its place.")
    agreement = ContactAgreement.objects.create(
        customer_id=customer_id,
        opens=opens,
        closes=closes,
        from_on=from_on,
        until_on=until_on,
        evidence=evidence.strip(),
        agreed_at=clock.now(),
        recorded_by_name=str(actor)[:150],
    )
    record(
        actor=actor,
        verb="agreement.made",
        subject=agreement,
        customer_id=customer_id,
        after={"hours": str(agreement), "from_on": from_on, "until_on": until_on},
    )
    person_changed(actor, [customer_id])
    return agreement


@transaction.atomic
def revoke(*, actor: Actor, agreement_id: int, reason: str) -> ContactAgreement:
    """The person takes her word back: the rule's hours hold again. Locks the customer.

    Raises:
        Invalid: no reason.
        Conflict: it was revoked already.
    """
    customer_id = ContactAgreement.objects.values_list("customer_id", flat=True).get(pk=agreement_id)
    lock_customer(customer_id)
    agreement = ContactAgreement.objects.get(pk=agreement_id)
    if not reason.strip():
        raise Invalid(_("Say why the agreement ends."), "reason")
    if agreement.revoked_at is not None:
        raise Conflict(_("This agreement was revoked already. Look at the page again."))
    _revoke(actor, agreement, reason.strip())
    person_changed(actor, [customer_id])
    return agreement


def _revoke(actor: Actor, agreement: ContactAgreement, reason: str) -> None:
    agreement.revoked_at = clock.now()
    agreement.save(update_fields=["revoked_at"])
    record(
        actor=actor,
        verb="agreement.revoked",
        subject=agreement,
        customer_id=agreement.customer_id,
        before={"hours": str(agreement)},
        after={"revoked_at": agreement.revoked_at},
        reason=reason,
    )
