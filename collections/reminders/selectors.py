"""The outbox, to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet

from reminders.models import ChannelPrice, Message, MessageStatus
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


def due(at: datetime, channel: str | None = None) -> QuerySet[Message]:
    """What should be on its way at `at` (of a channel): queued and due, or claimed by a worker that died before it gave it to
    a provider of a channel that sends at most once."""
    found = Message.objects.filter(
        Q(status=MessageStatus.QUEUED)
        | Q(status=MessageStatus.CLAIMED, claimed_at__lt=at - CLAIM_HELD_FOR, handed_at=None),
        # Says no more, but is what the partial index is on.
        status__in=[MessageStatus.QUEUED, MessageStatus.CLAIMED],
        send_after__lte=at,
    )
    return found if channel is None else found.filter(channel=channel)


def uncertain(at: datetime) -> QuerySet[Message]:
    """What a worker that died had given to a provider of a channel that sends at most once: perhaps it went."""
    return Message.objects.filter(
        status=MessageStatus.CLAIMED, claimed_at__lt=at - CLAIM_HELD_FOR, handed_at__isnull=False
    )


def dues(*, accounts: Sequence[int], on: date) -> dict[int, Due]:
    """What each of these accounts asks for now; those that are not late, or under a hold on `on`, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_DUES, {"accounts": list(accounts), "on": on})
        return {account: Due(*rest) for account, *rest in cursor.fetchall()}


def price_of(channel: str, provider: str, on: date) -> tuple[Decimal | None, str]:
    """What one message or part costs by that provider on a day, and in which currency; None where no price is entered."""
    found = (
        ChannelPrice.objects.filter(channel=channel, provider__in=["", provider], effective_from__lte=on)
        .order_by("-provider", "-effective_from")
        .values_list("each", "currency")
        .first()
    )
    return found or (None, "")
