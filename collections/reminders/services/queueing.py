"""Who is written to because of what happened on a day: a step of its close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction

from accounts import vault
from audit.services import SystemActor, record_many
from compliance.models import Channel, Purpose
from compliance.services import Candidate, Decided, decide_many
from reminders.channels.email import sender
from reminders.models import Message, MessageStatus
from reminders.rendering import language_for
from reminders.selectors import NOT_HELD, approved_number
from runs import clock
from runs.bulk import copy_rows, reserve_keys
from runs.services import StepRun

BATCH = 2000
ACTOR = SystemActor("first reminders")
FIRST_LATE = "first-late"

_NEWLY_LATE = f"""
    SELECT DISTINCT a.customer_id, a.id
    FROM accounts_standingchange ch
    JOIN accounts_standing s ON s.account_id = ch.account_id AND s.late_on = ch.business_day
    JOIN accounts_account a ON a.id = ch.account_id
    WHERE ch.business_day = %(day)s
      AND ch.from_bucket = ''
      AND a.customer_id > %(after)s
      AND {NOT_HELD}
    ORDER BY 1, 2
"""  # made of the code's own constants

_TO_TELL = """
    SELECT a.customer_id, min(a.id), c.locale,
           json_build_object('accounts', json_agg(json_build_object(
               'id', a.id, 'ref', a.ref, 'currency', a.currency,
               'amount', s.overdue_amount::text, 'due_on', s.overdue_since) ORDER BY a.id))::text
    FROM accounts_account a
    JOIN accounts_standing s ON s.account_id = a.id
    JOIN accounts_customer c ON c.id = a.customer_id
    WHERE a.id = ANY(%(accounts)s)
      AND NOT EXISTS (SELECT FROM reminders_message m WHERE m.key = %(prefix)s || a.customer_id || %(suffix)s)
    GROUP BY a.customer_id, c.locale
    ORDER BY a.customer_id
"""


class _Told(NamedTuple):
    """One customer to write to: her first account of those newly late, and all of them as JSON."""

    customer_id: int
    account_id: int
    locale: str
    context: str


_COLUMNS = (
    *("id", "key", "customer_id", "contact_point_id", "decision_id", "channel", "purpose"),
    *("template", "template_version", "language", "context"),
    *("business_day", "status", "send_after", "header_id", "attempts", "subject", "body", "error", "created_at"),
)


def queue_first_reminders(run: StepRun) -> None:
    """Queue one e-mail to every customer with an account whose first late day is `run.day`, naming all of these.

    Accounts under a hold of contact or treatment on that day are left out. The gate decides for the moment at which
    the message will leave: now, or the next opening of the hours where the customer lives; a refusal leaves its record
    and no message. In batches of customers, each one transaction with its decisions, messages, events and the run's
    cursor: killed at any point, it goes on behind the last batch, and a customer already written to is passed over.
    """
    by_customer: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWLY_LATE, {"day": run.day, "on": run.day, "after": run.cursor})
        for customer, account in cursor.fetchall():
            by_customer.setdefault(customer, []).append(account)
    run.expect(len(by_customer))
    customers = list(by_customer)
    for start in range(0, len(customers), BATCH):
        batch = customers[start : start + BATCH]
        with transaction.atomic():
            accounts = [account for customer in batch for account in by_customer[customer]]
            queued, refused = _queue(run.day, accounts)
            run.advance(cursor=batch[-1], done=len(batch), queued=queued, refused=refused)


def _queue(day: date, accounts: Sequence[int]) -> tuple[int, int]:
    """Decide on the borrowers of `accounts` and write the messages that may go; how many, and how many not."""
    prefix, suffix = f"{FIRST_LATE}:", f":{day.isoformat()}"
    version = approved_number(FIRST_LATE)
    with connection.cursor() as cursor:
        cursor.execute(_TO_TELL, {"accounts": list(accounts), "prefix": prefix, "suffix": suffix})
        people = [_Told(*row) for row in cursor.fetchall()]
    now = clock.now()
    decided = decide_many(
        actor=ACTOR,
        channel=Channel.EMAIL.value,
        purpose=Purpose.REMINDER.value,
        candidates=[Candidate(told.customer_id, told.account_id) for told in people],
        at=now,
        postpone=True,
    )
    allowed = [(told, answer) for told, answer in zip(people, decided, strict=True) if answer.allowed]
    keys = [f"{prefix}{told.customer_id}{suffix}" for told, _ in allowed]
    domain = sender().rpartition("@")[2]

    def row(pk: int, key: str, told: _Told, answer: Decided) -> tuple[object, ...]:
        return (
            *(pk, key, told.customer_id, answer.contact_point_id, answer.decision_id),
            *(Channel.EMAIL.value, Purpose.REMINDER.value),
            *(FIRST_LATE, version, language_for(told.locale), told.context),
            *(day, MessageStatus.QUEUED.value, answer.at, header_id(key, domain), 0, "", "", "", now),
        )

    ids = reserve_keys(Message, len(allowed))
    copy_rows(Message, _COLUMNS, (row(pk, key, *pair) for pk, key, pair in zip(ids, keys, allowed, strict=True)))
    record_many(
        actor=ACTOR,
        verb="message.queued",
        subject_type="message",
        rows=(
            (
                pk,
                key,
                told.customer_id,
                told.account_id,
                None,
                {"channel": Channel.EMAIL.value, "text": FIRST_LATE, "decision": answer.decision_id},
                "",
            )
            for pk, key, (told, answer) in zip(ids, keys, allowed, strict=True)
        ),
    )
    return len(allowed), len(people) - len(allowed)


def header_id(key: str, domain: str) -> str:
    """The Message-ID of the message of that key: the same whenever it is made, and telling nothing about the person."""
    return f"<{vault.blind_index('message-id', key).hex()[:32]}@{domain or 'localhost'}>"
