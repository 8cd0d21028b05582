"""What goes out to people."""

from reminders.models.channels import ChannelControl, ChannelPrice, ChannelState
from reminders.models.outbox import AT_MOST_ONCE, Delivery, Message, MessageKind, MessageStatus

__all__ = [
    "AT_MOST_ONCE",
    "ChannelControl",
    "ChannelPrice",
    "ChannelState",
    "Delivery",
    "Message",
    "MessageKind",
    "MessageStatus",
]
