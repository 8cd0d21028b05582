"""Which messages and receipts someone sees."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact, Regex

from accounts.permissions import customers_visible_to
from compliance.models import Channel
from reminders.channels.print_folders import NAME
from reminders.models import InBatch, Message, MessageStatus, Receipt
from staff.permissions import Anyone, scope_of


def visible_to(user: Anyone) -> QuerySet[Message]:
    """The messages to the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Message.objects.all()
    return Message.objects.filter(customer__in=customers_visible_to(user))


def receipts_visible_to(user: Anyone) -> QuerySet[Receipt]:
    """The receipts about customers in `user`'s scope, and those of which nobody knows whom they are about."""
    if scope_of(user).everything:
        return Receipt.objects.all()
    return Receipt.objects.filter(Q(customer=None) | Q(customer__in=customers_visible_to(user)))


def letters_visible_to(user: Anyone, batch: str | None = None) -> QuerySet[Message]:
    """The printed letters (of a print batch) to the customers in `user`'s scope."""
    return _printed(visible_to(user), batch)


def letters_in(batch: str) -> QuerySet[Message]:
    """All letters of a print batch, whoever asks: for what is counted, not for what is shown."""
    return _printed(Message.objects.all(), batch)


def _printed(messages: QuerySet[Message], batch: str | None) -> QuerySet[Message]:
    if batch is not None and not NAME.fullmatch(batch):
        return messages.none()
    # A reviewer may enter any number; what names no batch of ours was printed elsewhere.
    named = Regex(InBatch(), f"^{NAME.pattern}$") if batch is None else Exact(InBatch(), batch)
    return messages.filter(named, channel=Channel.LETTER, status=MessageStatus.SENT).exclude(provider_id="")
