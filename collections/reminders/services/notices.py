"""What the law wants told, to who opted out of the channel by which it was to go."""

from __future__ import annotations

import json

from django.db import transaction

from accounts.errors import Conflict
from audit.services import SystemActor
from compliance.models import Channel
from compliance.services import Candidate, decide_many
from reminders.models import Message, Template
from reminders.selectors import approved_number
from reminders.services.queueing import Wanted, queue
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
    wanted = Wanted(
        key,
        message.customer_id,
        message.debt,
        template,
        version,
        message.language,
        Channel.LETTER.value,
        message.purpose,
        message.kind,
        json.dumps(message.context),
        answer,
    )
    (letter,) = queue(actor=ACTOR, business_day=message.business_day, wanted=[wanted])
    return Message.objects.get(pk=letter)
