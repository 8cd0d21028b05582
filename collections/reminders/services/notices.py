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
# What a letter in place of a message adds to its key.
LETTER = ":letter"
# Notices that the gate refused as they went, whose letters did not go either: of each the message that was queued first, the
# decision that refused it last, and whether waiting helps. By index, among all messages.
REFUSED_AS_THEY_WENT = f"""
    SELECT m.customer_id, coalesce(first.id, m.id) AS message_id, d.id AS decision_id, d.next_allowed_at IS NOT NULL AS passes
      FROM reminders_message m
      JOIN compliance_contactdecision d ON d.replaces_id = m.decision_id AND NOT d.allowed
      LEFT JOIN reminders_message first ON m.channel = 'letter' AND first.key = regexp_replace(m.key, '{LETTER}$', '')
     WHERE m.status = 'withheld' AND m.kind = 'notice'
       AND NOT EXISTS (SELECT FROM reminders_message l WHERE l.key = m.key || '{LETTER}')"""


@transaction.atomic
def by_letter(message: Message) -> Message | None:
    """Queue in place of a notice the letter that its template names; None: it names none that is approved, or the gate refuses
    a letter too. Locks the customer. Safe to repeat: a letter that is queued already is returned.

    A letter knows no opt-out, so this ends with it.
    """
    key = f"{message.key}{LETTER}"
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
