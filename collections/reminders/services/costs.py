"""In how many parts a message goes, and what one cost that is found to have gone after nobody knew."""

from __future__ import annotations

from django.utils.timezone import get_default_timezone, localdate

from compliance.models import Channel
from reminders.channels import registry
from reminders.models import Message
from reminders.rules import length_of
from reminders.selectors import price_of
from runs import clock


def cost_of(message: Message) -> dict[str, object]:
    """The provider, parts and cost to enter with it, as a normal sending does: at the price of the day on which it was handed
    over. What is known already stays. How many parts an SMS had is told by its text."""
    if message.cost is not None:
        return {}
    provider = message.provider or registry.provider_of(message.channel)
    parts = message.parts or parts_of(message.channel, message.body)
    day = localdate(message.handed_at or clock.now(), get_default_timezone())
    each, currency = price_of(message.channel, provider, day)
    cost = None if each is None else each * parts
    return {"provider": provider, "parts": parts, "cost": cost, "cost_currency": currency}


def parts_of(channel: str, body: str) -> int:
    """In how many parts this text goes by a channel whose provider does not say: an SMS in those that the networks count."""
    return length_of(body.strip()).parts if channel == Channel.SMS and body else 1
