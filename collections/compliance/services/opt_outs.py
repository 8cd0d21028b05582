"""Opt-outs: the person asked not to be contacted at a contact point by a channel, and may take it back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint
from accounts.services.locks import lock_customer
from audit.services import Actor, record
from compliance.models import Channel, OptOut
from compliance.rules import KINDS
from compliance.selectors import rulebook
from compliance.services.reactions import person_changed
from runs import clock
from runs.texts import listed

LONGEST = 300


@transaction.atomic
def opt_out(
    *, actor: Actor, contact_point_id: int, channel: str, source: str, evidence: str, at: datetime | None = None
) -> OptOut | None:
    """Record that the person opted out of a channel at a contact point, at `at` or now. Locks the customer; from the commit
    on the gate refuses. `evidence` names where her words are kept, and does not repeat them.

    Safe to repeat: one that holds already is returned. None: she came back later than `at`, and the later word holds.

    Raises:
        Invalid: no evidence, a moment to come, or a channel in which no opt-out holds for this person and contact point.
    """
    point = ContactPoint.objects.get(pk=contact_point_id)
    customer = lock_customer(point.customer_id)
    now = clock.now()
    at = at or now
    evidence = _checked(evidence)
    if at > now:
        raise Invalid(_("The opt-out cannot be in the future."), "at")
    fitting = channels_of(point, customer.jurisdiction)
    if channel not in fitting:
        raise Invalid(
            _("“%(channel)s” knows no opt-out at this contact point. Choose one of: %(fitting)s.")
            % {
                "channel": dict(Channel.choices).get(channel, channel),
                "fitting": listed(str(Channel(one).label) for one in fitting) or "–",
            },
            "channel",
        )
    rows = OptOut.objects.filter(contact_point=point, channel=channel)
    present = rows.filter(withdrawn_at=None).first()
    if present is not None:
        return present
    if rows.filter(withdrawn_at__gte=at).exists():
        return None
    made = OptOut.objects.create(
        customer=customer,
        contact_point=point,
        channel=channel,
        opted_out_at=at,
        source=source,
        evidence=evidence,
        recorded_at=now,
        recorded_by_name=str(actor)[:150],
    )
    record(
        actor=actor,
        verb="opt-out.recorded",
        subject=made,
        customer_id=customer.pk,
        after={"channel": channel, "value": point.masked_value, "source": source, "evidence": evidence},
    )
    person_changed(actor, [customer.pk])
    return made


@transaction.atomic
def opt_in_again(*, actor: Actor, opt_out_id: int, evidence: str) -> OptOut:
    """The person takes her opt-out back: the gate allows what the other rules allow. Locks the customer.

    Raises:
        Invalid: no evidence.
        Conflict: it was withdrawn already.
    """
    customer_id = OptOut.objects.values_list("customer_id", flat=True).get(pk=opt_out_id)
    lock_customer(customer_id)
    found = OptOut.objects.select_related("contact_point").get(pk=opt_out_id)
    evidence = _checked(evidence)
    if found.withdrawn_at is not None:
        raise Conflict(
            _("%(name)s withdrew this opt-out already, on %(moment)s. Nothing was changed.")
            % {"name": found.withdrawn_by_name, "moment": f"{localtime(found.withdrawn_at):%Y-%m-%d %H:%M}"}
        )
    found.withdrawn_at, found.withdrawn_by_name, found.withdrawal_evidence = clock.now(), str(actor)[:150], evidence
    found.save(update_fields=["withdrawn_at", "withdrawn_by_name", "withdrawal_evidence"])
    record(
        actor=actor,
        verb="opt-out.withdrawn",
        subject=found,
        customer_id=customer_id,
        before={"channel": found.channel, "value": found.contact_point.masked_value},
        after={"evidence": evidence},
    )
    person_changed(actor, [customer_id])
    return found


def channels_of(point: ContactPoint, pack: str) -> list[str]:
    """The channels that one can opt out of at a contact point, under the rules in force. One query."""
    hold = rulebook().opt_outs(pack, clock.today())
    return [channel for channel, kinds in KINDS.items() if point.kind in kinds and channel in hold]


def _checked(evidence: str) -> str:
    evidence = evidence.strip()
    if not evidence:
        raise Invalid(
            _("Say how this is known: the message or call in which the person said so, and when."), "evidence"
        )
    if len(evidence) > LONGEST:
        raise Invalid(
            _("The evidence has %(length)s characters; it may have %(most)s.")
            % {"length": len(evidence), "most": LONGEST},
            "evidence",
        )
    return evidence
