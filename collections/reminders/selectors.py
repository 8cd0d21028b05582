"""The outbox, to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from reminders.models import Message, MessageStatus
from reminders.texts import Due

# A claim older than this is nobody's any more: its worker died.
CLAIM_HELD_FOR = timedelta(minutes=2)

# Account `a` is under no hold, on day %(on)s, that stops us from writing about it.
NOT_HELD = """NOT EXISTS (
          SELECT FROM accounts_hold h
          WHERE h.account_id = a.id AND h.kind IN ('contact', 'treatment') AND h.withdrawn_at IS NULL
            AND h.starts_on <= %(on)s AND (h.ends_on IS NULL OR h.ends_on >= %(on)s))"""

_DUES = f"""
    SELECT a.id, a.ref, a.currency, s.overdue_amount, s.overdue_since
    FROM accounts_account a
    JOIN accounts_standing s ON s.account_id = a.id
    WHERE a.id = ANY(%(accounts)s) AND {NOT_HELD}
"""  # made of the code's own constants


def due(at: datetime) -> QuerySet[Message]:
    """What should be on its way at `at`: queued and due, or claimed by a worker that died."""
    return Message.objects.filter(
        Q(status=MessageStatus.QUEUED) | Q(status=MessageStatus.CLAIMED, claimed_at__lt=at - CLAIM_HELD_FOR),
        # Says no more, but is what the partial index is on.
        status__in=[MessageStatus.QUEUED, MessageStatus.CLAIMED],
        send_after__lte=at,
    )


def dues(*, accounts: Sequence[int], on: date) -> dict[int, Due]:
    """What each of these accounts asks for now; those that are not late, or under a hold on `on`, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_DUES, {"accounts": list(accounts), "on": on})
        return {account: Due(*rest) for account, *rest in cursor.fetchall()}
