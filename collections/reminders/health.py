"""How each channel fares: what waits, what went, what it cost. However many messages, two grouped queries and two small ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils.timezone import localtime

from reminders.channels import registry
from reminders.models import ChannelControl, ChannelState, Delivery, Message, MessageStatus
from reminders.selectors import SENDER_SEEN, word_of_sender
from runs import clock

LAST_HOUR = timedelta(hours=1)
# What becomes of messages, by the verbs of its events. One that a person found to have gone was sent as well.
OUTCOMES = {
    "message.sent": "sent",
    "message.marked-sent": "sent",
    "message.failed": "failed",
    "message.given-up": "failed",
    "message.withheld": "withheld",
    "message.retried": "retried",
}
_LATELY = """
    SELECT m.channel, e.verb, m.cost_currency,
           count(*) FILTER (WHERE e.at >= %(hour)s), count(*) FILTER (WHERE e.at >= %(day)s),
           count(*) FILTER (WHERE e.at >= %(day)s AND m.delivery = ANY(%(bounced)s)),
           sum(m.cost) FILTER (WHERE e.at >= %(day)s)
    FROM audit_event e JOIN reminders_message m ON m.id = e.subject_id
    WHERE e.subject_type = 'message' AND e.at >= least(%(hour)s, %(day)s)::timestamptz AND e.verb = ANY(%(verbs)s)
    GROUP BY 1, 2, 3"""


@dataclass
class Health:
    """One channel now, in the last hour and today (from midnight, in the lender's time)."""

    control: ChannelControl
    provider: str
    queued: int = 0
    due: int = 0
    sending: int = 0
    uncertain: int = 0
    oldest_due: datetime | None = None
    hour: Counter[str] = field(default_factory=Counter)
    today: Counter[str] = field(default_factory=Counter)
    bounced: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)
    # The word by which the sender's name would tell others of a debt: nothing is sent while there is one.
    sender_tells: str = ""

    @property
    def bounced_percent(self) -> float | None:
        """How many of those sent today came back so far, in percent; None when none was sent."""
        return round(100 * self.bounced / self.today["sent"], 1) if self.today["sent"] else None

    @property
    def waiting(self) -> int:
        """How many are not through yet, due or not: what a channel that drains has still to send."""
        return self.queued + self.sending

    @property
    def is_open(self) -> bool:
        """Whether it sends and takes in what is new."""
        return self.control.state == ChannelState.OPEN

    @property
    def figures(self) -> list[tuple[str, int, int]]:
        """(outcome, in the last hour, today)."""
        return [(name, self.hour[name], self.today[name]) for name in ("sent", "failed", "withheld", "retried")]


def health(channel: str | None = None) -> list[Health]:
    """Every channel that can be sent by, or the one named. Four queries."""
    controls = ChannelControl.objects.all() if channel is None else ChannelControl.objects.filter(channel=channel)
    found = {control.channel: Health(control, registry.provider_of(control.channel)) for control in controls}
    now = clock.now()
    word = word_of_sender(clock.today())
    for one in found.values():
        one.sender_tells = word if one.control.channel in SENDER_SEEN else ""
    _count_waiting(found, now)
    _count_lately(found, now)
    return list(found.values())


def _count_waiting(found: dict[str, Health], now: datetime) -> None:
    due = Q(status=MessageStatus.QUEUED, send_after__lte=now)
    waiting = (
        # Each half of the condition has its partial index.
        Message.objects.filter(
            Q(status__in=[MessageStatus.QUEUED, MessageStatus.CLAIMED]) | Q(status=MessageStatus.REVIEW)
        )
        .order_by()
        .values("channel")
        .annotate(
            queued=Count("pk", filter=Q(status=MessageStatus.QUEUED)),
            due=Count("pk", filter=due),
            sending=Count("pk", filter=Q(status=MessageStatus.CLAIMED)),
            uncertain=Count("pk", filter=Q(status=MessageStatus.REVIEW)),
            oldest_due=Min("send_after", filter=due),
        )
    )
    for row in waiting:
        one = found.get(row["channel"])
        if one is not None:
            one.queued, one.due, one.sending = row["queued"], row["due"], row["sending"]
            one.uncertain, one.oldest_due = row["uncertain"], row["oldest_due"]


def _count_lately(found: dict[str, Health], now: datetime) -> None:
    day = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {
        "hour": now - LAST_HOUR,
        "day": day,
        "verbs": list(OUTCOMES),
        "bounced": [Delivery.BOUNCED.value, Delivery.UNDELIVERED.value],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, values)
        for channel, verb, currency, hour, today, bounced, cost in cursor.fetchall():
            one, outcome = found.get(channel), OUTCOMES[verb]
            if one is None:
                continue
            one.hour[outcome] += hour
            one.today[outcome] += today
            if outcome == "sent":
                one.bounced += bounced
                if cost:
                    one.costs[currency] = one.costs.get(currency, Decimal()) + cost
