"""Texts as staff may read them: what tells who somebody is stands masked."""

from __future__ import annotations

import re
from typing import Literal

from accounts.models import ContactPoint, Customer
from accounts.vault import mask_name
from reminders.models import Message


def masked(message: Message, place: Literal["subject", "body"]) -> str:
    """What a message said there, masked where something personal was put as it was written, whatever she is called by now.

    Where that was not kept yet, her present name is looked for. Her number or address is masked wherever it stands.
    """
    text: str = getattr(message, place)
    if message.personal is None:
        return masked_in(text, message.customer, message.contact_point)
    shown, reached = "", 0
    for start, end in message.personal.get(place, ()):
        shown += text[reached:start] + mask_name(text[start:end])
        reached = end
    return _without(message.contact_point, shown + text[reached:])


def masked_in(text: str, customer: Customer, point: ContactPoint | None = None) -> str:
    """`text` with the customer's name, and her number or address, masked wherever they stand; a Latin name only as a word,
    never inside another."""
    if name := customer.name:
        whole = rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name)
        text = re.sub(whole, lambda found: mask_name(name), text)
    return text if point is None else _without(point, text)


def _without(point: ContactPoint, text: str) -> str:
    return text.replace(point.value, point.masked_value)
