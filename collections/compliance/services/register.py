"""The register of contacts: what was tried, by whom, out or in, and what came of it.

Nothing enters it without an allowing decision of the gate, and one decision carries one contact. Entries are never changed: a
wrong one is put right by another that corrects it. What an outcome says about the number is kept with the contact point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint, Verification
from accounts.services.customers import verify_contact_point
from accounts.services.locks import lock_customer
from audit.models import Event
from audit.services import Actor, record
from compliance.models import Channel, Contact, ContactDecision, Direction, MadeBy, Outcome, Purpose
from compliance.outcomes import verification_after
from compliance.rules.terms import INBOUND_RULE
from compliance.services.plausible import (
    check_alone,
    check_correction,
    check_outcome,
    check_usable,
    check_whose,
    judge_again,
    length_of,
    too_long,
    used,
)
from compliance.services.reactions import person_changed
from runs import clock
from runs.prepared import prepared_cursor
from runs.texts import coded


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
    A number found wrong is marked so; one of the debtor's own at which she spoke is verified. What changed since it was
    allowed does not keep it out: it may have happened; the event names the rule that would refuse it now (`after_change`),
    and says when it `ran_over` the hours of contact.

    Raises:
        Invalid: the outcome does not fit the channel, or the moment or length cannot be.
        Conflict: the decision refused, is another's, was used or replaced, or has expired: ask the gate again; or its place
            lapsed since and is taken; or `actor` was on another call.
    """
    decision = ContactDecision.objects.get(pk=decision_id)
    lock_customer(decision.customer_id)
    now = clock.now()
    check_outcome(outcome, decision.channel, Direction.OUTBOUND)
    length = length_of(seconds, outcome)
    if at is None:
        at = max(now - length, decision.decided_at)
    elif not decision.decided_at <= at <= now:
        raise Invalid(_("The contact began between being allowed and now."), "at")
    if at + length > now + timedelta(minutes=1):
        raise Invalid(too_long(at, length), "seconds")
    check_usable(decision, actor, now - length)
    told: dict[str, Any] = {}
    if outcome != Outcome.NOT_MADE:
        told = judge_again(decision, actor=actor, at=at, length=length)
        if decision.channel == Channel.VOICE:
            check_alone(actor.pk, at=at, length=length)
    contact = _enter(decision, actor=actor, outcome=outcome, at=at, seconds=seconds, note=note, told=told)
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
        Conflict: a call, while `actor` was on another.
    """
    customer = lock_customer(customer_id)
    now = clock.now()
    check_outcome(outcome, channel, Direction.INBOUND)
    length = length_of(seconds, outcome)
    at = at or now - length
    if at > now:
        raise Invalid(_("The contact cannot be in the future."), "at")
    check_whose(customer, channel, contact_point_id, account_id)
    if channel == Channel.VOICE:
        check_alone(actor.pk, at=at, length=length)
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
    SELECT d.customer_id, d.contact_point_id, d.account_id, d.id, d.channel, 'outbound', %(made_by)s::text,
           sent.outcome, sent.at, %(actor)s::bigint, %(name)s::text, '', %(now)s::timestamptz
    FROM unnest(%(decisions)s::bigint[], %(at)s::timestamptz[], %(outcomes)s::text[]) AS sent (decision_id, at, outcome)
    JOIN compliance_contactdecision d ON d.id = sent.decision_id AND d.allowed
    ON CONFLICT (decision_id) WHERE corrects_id IS NULL DO NOTHING
"""


def register_sent(*, actor: Actor, rows: Sequence[Sent], made_by: str = MadeBy.BATCH) -> int:
    """Enter messages that really went out, or failed for good; returns how many were new. One statement, no lock.

    Safe to repeat: a decision already used is passed over. The message itself tells of its sending: no event, and nobody is
    asked to judge the person anew, since no wait of a case hangs on messages.
    """
    if not rows:
        return 0
    with prepared_cursor() as cursor:
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
        count: int = cursor.rowcount
        return count


@transaction.atomic
def correct_contact(
    *, actor: Actor, contact_id: int, outcome: str, seconds: int | None = None, note: str = "", reason: str
) -> Contact:
    """Put a wrong entry right by another that stands in its place; the first stays readable. Locks the customer.

    Who entered it can correct it for some hours: both entries count then, and a number found wrong stays so. Somebody else
    with `compliance.correct_contact` overrules it: what was wrong counts no more, and what it did to the contact point is
    taken back, to "not verified". The right outcome's own effect follows.

    Raises:
        Invalid: no reason, the outcome does not fit the channel, or the length cannot be.
        Conflict: the entry was corrected already: correct the latest; or it is not `actor`'s to correct, or not so; or, with
            this length, who made the call was on another.
    """
    wrong = Contact.objects.select_related("decision").get(pk=contact_id)
    customer = lock_customer(wrong.customer_id)
    if not reason.strip():
        raise Invalid(_("Say what was wrong with the entry."), "reason")
    check_outcome(outcome, wrong.channel, wrong.direction)
    length = length_of(seconds, outcome)
    chain = list(Contact.objects.filter(decision=wrong.decision_id).order_by("id"))
    if chain[-1].pk != wrong.pk:
        raise Conflict(_("This entry was corrected already. Correct the latest one."))
    overrules = check_correction(actor, chain, customer, outcome=outcome, seconds=seconds)
    if wrong.channel == Channel.VOICE and (seconds or 0) > (wrong.seconds or 0):
        check_alone(chain[0].actor_id, at=wrong.at, length=length, but=wrong.decision_id)
    _unlearn(actor, chain, overrules=overrules)
    contact = _enter(
        wrong.decision,
        actor=actor,
        outcome=outcome,
        at=wrong.at,
        seconds=seconds,
        note=note,
        direction=wrong.direction,
        corrects=wrong,
        overrules=overrules,
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
    overrules: bool = False,
    reason: str = "",
    told: Mapping[str, Any] | None = None,
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
                overrules=overrules,
                recorded_at=clock.now(),
            )
    except IntegrityError as error:
        raise Conflict(used()) from error
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
            **({"overrules": True} if overrules else {}),
            **(told or {}),
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
        verify_contact_point(
            actor=actor,
            contact_point_id=point.pk,
            verification=verification,
            reason=coded("contact-says", contact.pk, contact.outcome),
        )
    return verification


def _unlearn(actor: Actor, chain: Sequence[Contact], *, overrules: bool) -> None:
    """Take back what the entries of `chain` made of the contact point, where it still is so.

    That a number is wrong is taken back only by who overrules, and not while another contact says it too.
    """
    last = chain[-1]
    if not last.contact_point_id:
        return
    became = (
        Event.objects.filter(
            customer_id=last.customer_id,
            subject_type="contact",
            subject_id__in=[one.pk for one in chain],
            after__has_key="verification",
        )
        .order_by("-id")
        .values_list("after__verification", flat=True)
        .first()
    )
    point = ContactPoint.objects.get(pk=last.contact_point_id)
    if became is None or point.verification != became:
        return
    if became == Verification.WRONG:
        others = Contact.objects.filter(
            customer_id=last.customer_id,
            contact_point_id=point.pk,
            outcome__in=(Outcome.WRONG_NUMBER, Outcome.INVALID_NUMBER, Outcome.THIRD_PERSON_REFUSED),
            corrected_by__isnull=True,
        ).exclude(decision=last.decision_id)
        if not overrules or others.exists():
            return
    verify_contact_point(
        actor=actor,
        contact_point_id=point.pk,
        verification=Verification.UNVERIFIED,
        reason=coded("contact-corrected", last.pk),
    )
