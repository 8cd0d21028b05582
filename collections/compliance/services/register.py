"""The register of contacts: what was tried, by whom, out or in, and what came of it.

Nothing enters it without an allowing decision of the gate, and one decision carries one contact. Entries are never changed: a
wrong one is put right by another that corrects it. What an outcome says about the number is kept with the contact point.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, ContactPoint, Customer, Verification
from accounts.services.customers import change_contact_point
from accounts.services.locks import lock_customer
from audit.models import Event
from audit.services import Actor, record
from compliance.models import Channel, Contact, ContactDecision, Direction, MadeBy, Outcome, Purpose
from compliance.outcomes import possible, verification_after
from compliance.rules import KINDS
from compliance.rules.terms import INBOUND_RULE
from compliance.services.reactions import person_changed
from runs import clock

# How long a decision that reserved no place can be used.
USABLE_FOR = timedelta(minutes=30)


class Sent(NamedTuple):
    """A message that went out, or failed for good, under a decision."""

    decision_id: int
    at: datetime
    outcome: str = Outcome.SENT


@transaction.atomic
def log_contact(
    *,
    actor: Actor,
    decision_id: int,
    outcome: str,
    at: datetime | None = None,
    seconds: int | None = None,
    note: str = "",
) -> Contact:
    """Enter what came of a contact that the gate allowed to `actor`. Locks the customer.

    `at` is when it began: by default so many `seconds` ago. The contact takes over the place that the decision reserved.
    A number found wrong is marked so; one of the debtor's own at which she spoke is verified.

    Raises:
        Invalid: the outcome does not fit the channel, or the moment or length cannot be.
        Conflict: the decision refused, is another's, was used or replaced, or has expired: ask the gate again.
    """
    decision = ContactDecision.objects.get(pk=decision_id)
    lock_customer(decision.customer_id)
    now = clock.now()
    _check_outcome(outcome, decision.channel, Direction.OUTBOUND)
    length = timedelta(seconds=_length(seconds))
    if at is None:
        at = max(now - length, decision.decided_at)
    elif not decision.decided_at <= at <= now:
        raise Invalid(_("The contact began between being allowed and now."), "at")
    if length > now - decision.decided_at + timedelta(minutes=1):
        raise Invalid(_("The contact cannot have lasted longer than since it was allowed."), "seconds")
    _check_usable(decision, actor, now - length)
    contact = _enter(decision, actor=actor, outcome=outcome, at=at, seconds=seconds, note=note)
    person_changed(actor, [decision.customer_id])
    return contact


@transaction.atomic
def log_inbound(
    *,
    actor: Actor,
    customer_id: int,
    channel: str,
    outcome: str,
    contact_point_id: int | None = None,
    account_id: int | None = None,
    at: datetime | None = None,
    seconds: int | None = None,
    note: str = "",
) -> Contact:
    """Enter that the person came to us, from a known contact point or an unknown one. Locks the customer.

    It is allowed by its nature: a decision that says so is recorded with it, and reserves nothing.

    Raises:
        Invalid: the outcome does not fit the channel, the moment is to come, or the contact point or account is not the
            customer's or not of the channel.
    """
    customer = lock_customer(customer_id)
    now = clock.now()
    _check_outcome(outcome, channel, Direction.INBOUND)
    at = at or now - timedelta(seconds=_length(seconds))
    if at > now:
        raise Invalid(_("The contact cannot be in the future."), "at")
    _check_whose(customer, channel, contact_point_id, account_id)
    decision = ContactDecision.objects.create(
        customer=customer,
        contact_point_id=contact_point_id,
        account_id=account_id,
        channel=channel,
        purpose=Purpose.INBOUND,
        at=at,
        decided_at=now,
        actor_id=actor.pk,
        actor_name=str(actor)[:150],
        allowed=True,
        pack=customer.jurisdiction,
        rule=INBOUND_RULE,
        rule_version=1,
    )
    contact = _enter(
        decision, actor=actor, outcome=outcome, at=at, seconds=seconds, note=note, direction=Direction.INBOUND
    )
    person_changed(actor, [customer_id])
    return contact


_REGISTER = """
    INSERT INTO compliance_contact (customer_id, contact_point_id, account_id, decision_id, channel, direction, made_by,
                                    outcome, at, actor_id, actor_name, note, recorded_at)
    SELECT d.customer_id, d.contact_point_id, d.account_id, d.id, d.channel, 'outbound', %(made_by)s,
           sent.outcome, sent.at, %(actor)s, %(name)s, '', %(now)s
    FROM unnest(%(decisions)s::bigint[], %(at)s::timestamptz[], %(outcomes)s::text[]) AS sent (decision_id, at, outcome)
    JOIN compliance_contactdecision d ON d.id = sent.decision_id AND d.allowed
    ON CONFLICT (decision_id) WHERE corrects_id IS NULL DO NOTHING
"""


@transaction.atomic
def register_sent(*, actor: Actor, rows: Sequence[Sent], made_by: str = MadeBy.BATCH) -> int:
    """Enter messages that really went out, or failed for good; returns how many were new. One statement, no lock.

    Safe to repeat: a decision already used is passed over. The message itself tells of its sending: no event, and nobody is
    asked to judge the person anew, since no wait of a case hangs on messages.
    """
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _REGISTER,
            {
                "decisions": [row.decision_id for row in rows],
                "at": [row.at for row in rows],
                "outcomes": [str(row.outcome) for row in rows],
                "made_by": str(made_by),
                "actor": actor.pk,
                "name": str(actor)[:150],
                "now": clock.now(),
            },
        )
        return cursor.rowcount


@transaction.atomic
def correct_contact(
    *, actor: Actor, contact_id: int, outcome: str, seconds: int | None = None, note: str = "", reason: str
) -> Contact:
    """Put a wrong entry right by another that stands in its place; the first stays readable. Locks the customer.

    What the wrong entry did to the contact point's verification is taken back, to "not verified", and the right outcome's
    own effect follows.

    Raises:
        Invalid: no reason, or the outcome does not fit the channel.
        Conflict: the entry was corrected already: correct the latest.
    """
    wrong = Contact.objects.select_related("decision").get(pk=contact_id)
    lock_customer(wrong.customer_id)
    if not reason.strip():
        raise Invalid(_("Say what was wrong with the entry."), "reason")
    _check_outcome(outcome, wrong.channel, wrong.direction)
    _length(seconds)
    if Contact.objects.filter(corrects=wrong).exists():
        raise Conflict(_("This entry was corrected already. Correct the latest one."))
    moved = Event.objects.filter(
        customer_id=wrong.customer_id,
        subject_type="contact",
        subject_id=wrong.pk,
        after__has_key="verification",
    )
    if wrong.contact_point_id and moved.exists():
        _verify(actor, wrong.contact_point_id, Verification.UNVERIFIED, f"correction of contact {wrong.pk}")
    contact = _enter(
        wrong.decision,
        actor=actor,
        outcome=outcome,
        at=wrong.at,
        seconds=seconds,
        note=note,
        direction=wrong.direction,
        corrects=wrong,
        reason=reason.strip(),
    )
    person_changed(actor, [wrong.customer_id])
    return contact


def _enter(
    decision: ContactDecision,
    *,
    actor: Actor,
    outcome: str,
    at: datetime,
    seconds: int | None,
    note: str,
    direction: str = Direction.OUTBOUND,
    corrects: Contact | None = None,
    reason: str = "",
) -> Contact:
    """The row, its event, and what the outcome says of the contact point."""
    try:
        with transaction.atomic():
            contact = Contact.objects.create(
                customer_id=decision.customer_id,
                contact_point_id=decision.contact_point_id,
                account_id=decision.account_id,
                decision=decision,
                channel=decision.channel,
                direction=direction,
                made_by=MadeBy.STAFF,
                outcome=outcome,
                at=at,
                seconds=seconds,
                actor_id=actor.pk,
                actor_name=str(actor)[:150],
                note=note.strip(),
                corrects=corrects,
                recorded_at=clock.now(),
            )
    except IntegrityError as error:
        raise Conflict(_used()) from error
    verification = _learn(actor, contact)
    record(
        actor=actor,
        verb="contact.corrected" if corrects else "contact.logged",
        subject=contact,
        customer_id=contact.customer_id,
        account_id=contact.account_id,
        before={"contact": corrects.pk, "outcome": corrects.outcome} if corrects else None,
        after={
            "contact": contact.pk,
            "channel": contact.channel,
            "direction": contact.direction,
            "outcome": contact.outcome,
            "seconds": contact.seconds,
            "decision": decision.pk,
            **({"verification": verification} if verification else {}),
        },
        reason=reason,
    )
    return contact


def _learn(actor: Actor, contact: Contact) -> str | None:
    """Keep with the contact point what the outcome tells of it; what it became, None where it stayed."""
    if not contact.contact_point_id:
        return None
    point = ContactPoint.objects.get(pk=contact.contact_point_id)
    verification = verification_after(
        contact.outcome,
        direction=contact.direction,
        relationship=point.relationship,
        verification=point.verification,
        channel=contact.channel,
    )
    if verification:
        _verify(actor, point.pk, verification, f"contact {contact.pk}: {contact.outcome}")
    return verification


def _verify(actor: Actor, contact_point_id: int, verification: str, reason: str) -> None:
    point = ContactPoint.objects.get(pk=contact_point_id)
    change_contact_point(
        actor=actor,
        contact_point_id=point.pk,
        source=point.source,
        relationship=point.relationship,
        permitted=point.permitted,
        verification=verification,
        reason=reason,
    )


def _check_usable(decision: ContactDecision, actor: Actor, began: datetime) -> None:
    """The decision allows, is the actor's, is free, and was good when the contact began."""
    if not decision.allowed:
        raise Conflict(_("The gate refused this contact: it cannot be entered. Ask the gate again."))
    if (decision.actor_id, decision.actor_name) != (actor.pk, str(actor)[:150]):
        raise Conflict(_("The gate allowed this contact to %(name)s, not to you. Ask the gate yourself.")
                       % {"name": decision.actor_name})  # fmt: skip
    if Contact.objects.filter(decision=decision, corrects__isnull=True).exists():
        raise Conflict(_used())
    if ContactDecision.objects.filter(replaces=decision).exists():
        raise Conflict(_("The gate was asked again since, and its later answer holds. Use that one."))
    good_until = decision.reserved_until or decision.decided_at + USABLE_FOR
    if began > good_until:
        raise Conflict(
            _("The gate kept this contact's place until %(time)s only. Ask the gate again.")
            % {"time": date_format(timezone.localtime(good_until), "H:i")}
        )


def _used() -> str:
    return _("A contact was entered under this decision already. For another contact ask the gate again.")


def _check_outcome(outcome: str, channel: str, direction: str) -> None:
    fitting = possible(channel, direction)
    if outcome in fitting:
        return
    known = dict(Outcome.choices)
    raise Invalid(
        _("“%(outcome)s” is no outcome of this channel (%(channel)s). Choose one of: %(fitting)s.")
        % {
            "outcome": known.get(outcome, outcome),
            "channel": dict(Channel.choices).get(channel, channel),
            "fitting": ", ".join(str(known[one]) for one in fitting) or "–",
        },
        "outcome",
    )


def _length(seconds: int | None) -> int:
    if seconds is not None and not 0 <= seconds <= 24 * 60 * 60:
        raise Invalid(
            _("A contact lasts between 0 seconds and a day, not %(seconds)s s.") % {"seconds": seconds}, "seconds"
        )
    return seconds or 0


def _check_whose(customer: Customer, channel: str, contact_point_id: int | None, account_id: int | None) -> None:
    if contact_point_id is not None:
        point = ContactPoint.objects.filter(pk=contact_point_id, customer=customer).first()
        if point is None:
            raise Invalid(
                _("This contact point is not the customer's. Choose one of the customer's, or none."), "contact_point"
            )
        kinds = KINDS.get(channel)
        if kinds and point.kind not in kinds:
            raise Invalid(
                _("Nobody comes by %(channel)s from a contact point of this kind (%(kind)s). Choose another, or none.")
                % {"channel": dict(Channel.choices)[channel], "kind": point.get_kind_display()},
                "contact_point",
            )
    if account_id is not None and not Account.objects.filter(pk=account_id, customer=customer).exists():
        raise Invalid(_("This account is not the customer's. Choose one of the customer's, or none."), "account")
