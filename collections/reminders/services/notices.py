"""What the law wants told, to who opted out of the channel by which it was to go."""

from __future__ import annotations

from django.db import transaction

from accounts.errors import Conflict
from audit.services import SystemActor, record
from compliance.models import Channel
from compliance.services import Candidate, decide_many
from reminders.channels.email import sender
from reminders.models import Message, MessageStatus, Template
from reminders.selectors import approved_number
from reminders.services.queueing import header_id
from runs import clock

ACTOR = SystemActor("outbox")


@transaction.atomic
def by_letter(message: Message) -> Message | None:
    """Queue in place of a notice the letter that its template names; None: it names none that is approved, or the gate refuses
    a letter too. Locks the customer. Safe to repeat: a letter that is queued already is returned.

    A letter knows no opt-out, so this ends with it.
    """
    key = f"{message.key}:letter"
    queued = Message.objects.filter(key=key).first()
    if queued is not None:
        return queued
    template = Template.objects.filter(name=message.template).values_list("by_letter__name", flat=True).first()
    if template is None:
        return None
    try:
        version = approved_number(template)
    except Conflict:
        return None
    (answer,) = decide_many(
        actor=ACTOR,
        channel=Channel.LETTER,
        purpose=message.purpose,
        candidates=[Candidate(message.customer_id, message.debt)],
        at=clock.now(),
        postpone=True,
    )
    if not answer.allowed or answer.contact_point_id is None:
        return None
    letter = Message.objects.create(
        key=key,
        customer_id=message.customer_id,
        contact_point_id=answer.contact_point_id,
        decision_id=answer.decision_id,
        channel=Channel.LETTER,
        purpose=message.purpose,
        kind=message.kind,
        template=template,
        template_version=version,
        language=message.language,
        context=message.context,
        business_day=message.business_day,
        status=MessageStatus.QUEUED,
        send_after=answer.at,
        header_id=header_id(key, sender().rpartition("@")[2]),
        created_at=clock.now(),
    )
    record(
        actor=ACTOR,
        verb="message.queued",
        subject=letter,
        customer_id=letter.customer_id,
        after={"channel": letter.channel, "text": template, "decision": answer.decision_id},
    )
    return letter
