"""Contacting a customer from her case: ask the gate, call, enter what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, ContactPoint, Relationship
from accounts.services.reveal import reveal_contact_point
from audit.services import Actor
from cases.models import Case, CaseStatus
from cases.selectors.matters import held_by
from cases.services import call_tasks
from cases.services.follow_ups import clear, schedule
from cases.services.versions import lock_case
from cases.services.waiting import refresh_waits
from compliance.models import Contact, ContactDecision, Direction, Outcome
from compliance.rules import CONVERSATION, SPOKEN_TO, class_of
from compliance.selectors import look
from compliance.services import may_contact, register
from runs import clock
from staff.models import User
from staff.permissions import may

# Any number of our own: of one person's questions to the gate one is answered at a time.
_ASKED_BY = 0x41534B44


def follow_persons(actor: Actor, customer_ids: Sequence[int]) -> None:
    """A contact, a flag, agreed hours of these customers changed: what their cases wait for is judged anew, and a screen that
    was read before is stale (`on_person_changed`: inside the change's transaction, the customers locked)."""
    Case.objects.filter(customer__in=customer_ids).update(version=F("version") + 1)
    refresh_waits(customer_ids=customer_ids)


class CallBack(NamedTuple):
    """When the customer asks to be called back: the day, and the hour on her own clock, if she named one."""

    on: date
    at: time | None = None


@dataclass(frozen=True)
class Answer:
    """What the gate said, and the number or address in clear where it allowed and the asker may see it."""

    decision: ContactDecision
    number: str | None


@transaction.atomic
def ask_to_contact(
    *,
    actor: User,
    case_id: int,
    contact_point_id: int | None,
    channel: str,
    purpose: str,
    account_id: int | None = None,
) -> Answer:
    """Ask the gate whether the case's customer may be contacted there, so and for this, now. Locks the customer.

    Both answers are recorded; an allowing one keeps its place until the contact is entered (`log_contact`), the place expires,
    or the same person asks for the same contact again.
    With it comes the number in clear, for those who may reveal one: recorded as revealed for this decision.

    Raises:
        Conflict: the case is closed.
        Invalid: the contact point or the account is not the customer's.
    """
    case = Case.objects.select_related("customer").get(pk=case_id)
    if case.status != CaseStatus.OPEN:
        raise Conflict(_("The case is closed: there is nothing to contact the customer about."))
    point = account = None
    if contact_point_id is not None:
        point = ContactPoint.objects.filter(pk=contact_point_id, customer=case.customer_id).first()
        if point is None:
            raise Invalid(_("This contact point is not the customer's. Choose one of the customer's."), "contact_point")
    if account_id is not None:
        account = Account.objects.filter(pk=account_id, customer=case.customer_id).first()
        if account is None:
            raise Invalid(_("This account is not the customer's. Choose one of the customer's, or none."), "account")
    decision = may_contact(
        actor=actor,
        customer=case.customer,
        contact_point=point,
        channel=channel,
        purpose=purpose,
        account=account,
        replaces=_asked_before(actor, case, point, channel, purpose, account),
    )
    number = None
    if decision.allowed and decision.contact_point_id and may(actor, "accounts.reveal_contactpoint"):
        number = reveal_contact_point(
            actor=actor, contact_point_id=decision.contact_point_id, reason=f"{channel}, decision {decision.pk}"
        )
    return Answer(decision, number)


def _asked_before(
    actor: User, case: Case, point: ContactPoint | None, channel: str, purpose: str, account: Account | None
) -> ContactDecision | None:
    """What the actor was allowed there before and has not entered: asking anew takes its place and no second one. Where the
    gate would refuse now it stays as it is: what was begun under it is still to be entered.

    Keeps her other windows, and nobody else, waiting until the end of the transaction; asked before any row is locked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ASKED_BY, actor.pk])
    held = held_by(actor, case.customer_id).filter(contact_point=point, channel=channel, reserved_until__gt=clock.now())
    earlier = held.order_by("-pk").first()
    if earlier is None:
        return None
    looks = look(
        customer_id=case.customer_id,
        channels=[channel],
        purpose=purpose,
        account_id=account.pk if account else None,
        actor=actor,
        without=earlier.pk,
    )
    return (
        earlier
        if any(one.contact_point_id == earlier.contact_point_id and one.verdict.allowed for one in looks)
        else None
    )


@transaction.atomic
def log_contact(
    *,
    actor: User,
    case_id: int,
    seen_version: int | None,
    decision_id: int,
    outcome: str,
    seconds: int | None = None,
    note: str = "",
    follow_up_on: date | None = None,
    call_back: CallBack | None = None,
) -> Contact:
    """Enter what came of a contact that the gate allowed, and when to look at the case again. Locks customer, then case.

    A follow-up that was due is answered by it if somebody was reached, and taken off unless `follow_up_on` sets another; so is
    a call back that she asked for. The one that she wants now is asked for. So with `log_inbound`.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Conflict: the decision is of another customer, or cannot carry the contact (`register.log_contact`).
        Invalid: the outcome does not fit the channel; or as `schedule`, `call_tasks.ask_back`.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version)
    if not ContactDecision.objects.filter(pk=decision_id, customer=case.customer_id).exists():
        raise Conflict(_("That decision of the gate is about another customer. Ask the gate for this one."))
    contact = register.log_contact(actor=actor, decision_id=decision_id, outcome=outcome, seconds=seconds, note=note)
    return _after(actor, case, contact, follow_up_on, call_back)


@transaction.atomic
def log_inbound(
    *,
    actor: User,
    case_id: int,
    seen_version: int | None,
    channel: str,
    outcome: str,
    contact_point_id: int | None = None,
    account_id: int | None = None,
    at: datetime | None = None,
    seconds: int | None = None,
    note: str = "",
    follow_up_on: date | None = None,
    call_back: CallBack | None = None,
) -> Contact:
    """Enter that the customer came to us. Locks customer, then case.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Invalid: as `register.log_inbound`, `schedule`, `call_tasks.ask_back`.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version)
    contact = register.log_inbound(
        actor=actor,
        customer_id=case.customer_id,
        channel=channel,
        outcome=outcome,
        contact_point_id=contact_point_id,
        account_id=account_id,
        at=at,
        seconds=seconds,
        note=note,
    )
    return _after(actor, case, contact, follow_up_on, call_back)


def check_contact(case: Case, contact_id: int | None) -> None:
    """Refuse a contact, where one is named, that was with another customer than the case's.

    Raises:
        Invalid: at `contact`.
    """
    if contact_id and not Contact.objects.filter(pk=contact_id, customer_id=case.customer_id).exists():
        raise Invalid(_("That contact was with another customer."), "contact")


def _after(actor: User, case: Case, contact: Contact, follow_up_on: date | None, call_back: CallBack | None) -> Contact:
    """The case remembers its last contact, which may answer a follow-up that was due; its version was moved by the register's own
    call (`follow_persons`)."""
    case.refresh_from_db(fields=["version", "contacted_at"])
    if contact.outcome != Outcome.NOT_MADE and (case.contacted_at is None or contact.at > case.contacted_at):
        case.contacted_at = contact.at
        case.save(update_fields=["contacted_at"])
    call_tasks.done_by(contact, case.pk, reached=_reached(contact))
    if follow_up_on is not None:
        try:
            schedule(actor=actor, case_id=case.pk, seen_version=case.version, on=follow_up_on)
        except Invalid as error:
            raise Invalid(str(error), "follow_up_on") from error
    elif answers_follow_up(case, contact):
        clear(actor=actor, case_id=case.pk, seen_version=case.version)
    if call_back is not None and contact.outcome == Outcome.CALL_BACK and case.status == CaseStatus.OPEN:
        call_tasks.ask_back(actor=actor, contact=contact, on=call_back.on, at=call_back.at)
    return contact


def answers_follow_up(case: Case, contact: Contact) -> bool:
    """Whether a contact is what a follow-up of the case that is due was for: the customer was reached, or who speaks for her.
    After any other attempt the follow-up stays; the attempt lets it rest for the day (`cases.selectors.due`)."""
    return follow_up_is_due(case) and _reached(contact)


def follow_up_is_due(case: Case) -> bool:
    """Whether the open case was to be looked at again today or earlier."""
    due = case.follow_up_on is not None and case.follow_up_on <= clock.today()
    return due and case.status == CaseStatus.OPEN


def _reached(contact: Contact) -> bool:
    found = class_of(contact.outcome, contact.channel)
    point = contact.contact_point
    hers = contact.direction == Direction.INBOUND or (
        point is not None and point.relationship == Relationship.REPRESENTATIVE
    )
    return found in SPOKEN_TO if hers else found == CONVERSATION
