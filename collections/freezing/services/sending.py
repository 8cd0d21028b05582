"""Sending: a claim, the telling, what was answered. At least once; the key makes that once for the core system."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction

from accounts.models import Account
from accounts.services.locks import lock_account
from accounts.services.status import change_status
from audit.services import SystemActor
from freezing import core
from freezing.models import OPEN, CommandStatus, CommandVerb, CoreCommand
from freezing.selectors import LEADS
from freezing.services.commands import told
from runs import clock

ACTOR = SystemActor("core system")
# An attempt is over long before; who took a command and died leaves it to the next after so long.
HELD_FOR = timedelta(minutes=2)
# How soon what was accepted is asked after.
ASKED_AFTER = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def send_due(*, seconds: float) -> dict[str, int]:
    """Send what is due, oldest first, until nothing is or `seconds` have passed. How many came to what.

    Runs beside others of its kind: a claim is committed before anything is sent, and moves `due_at` on.
    """
    counts: dict[str, int] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until and (claimed := _claim()) is not None:
        answer = core.tell(claimed)
        settle(claimed.pk, answer)
        counts[answer.status] = counts.get(answer.status, 0) + 1
    return counts


@transaction.atomic
def _claim() -> CoreCommand | None:
    """Take one that is due; what another takes at this moment is passed by. Locks the command alone."""
    due = CoreCommand.objects.filter(status__in=OPEN, due_at__lte=clock.now()).order_by("due_at", "pk")
    row = due.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("account").first()
    if row is not None:
        row.attempts += 1
        row.due_at = clock.now() + HELD_FOR
        row.save(update_fields=["attempts", "due_at"])
    return row


@transaction.atomic
def settle(command_id: int, answer: core.Answer) -> CoreCommand:
    """Write what the core system answered; what it confirmed becomes the account's status. Locks customer → account → command.

    An answer that comes a second time, or after another, changes nothing.
    """
    account = lock_account(CoreCommand.objects.values_list("account_id", flat=True).get(pk=command_id))
    row = CoreCommand.objects.select_for_update(no_key=True, of=("self",)).select_related("account").get(pk=command_id)
    if row.status not in OPEN:
        return row
    before = row.status
    now = clock.now()
    row.answer = answer.text
    if answer.status == core.DONE:
        row.status, row.answered_at = CommandStatus.CONFIRMED, now
        row.sent_at = row.sent_at or now
        _follow(row, account)
    elif answer.status == core.REFUSED:
        row.status, row.answered_at = CommandStatus.REFUSED, now
    elif answer.status == core.ACCEPTED:
        row.status, row.sent_at = CommandStatus.SENT, row.sent_at or now
        row.due_at = now + ASKED_AFTER
    else:
        row.due_at = now + pause_after(row.attempts)
    row.save(update_fields=["status", "answer", "sent_at", "answered_at", "due_at"])
    if row.status != before:
        told(ACTOR, row, f"core-command.{row.status}", before=before)
    return row


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts without an answer: doubled each time, an hour at most."""
    return min(timedelta(seconds=30) * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)


def _follow(row: CoreCommand, account: Account) -> None:
    """The account follows, unless it went elsewhere meanwhile: closed and charged off stay so."""
    before, after = LEADS[CommandVerb(row.verb)]
    if account.status == before:
        change_status(actor=ACTOR, account_id=account.pk, to=after, reason=row.reason)
