"""What goes out to people."""

from reminders.models.outbox import Message, MessageStatus

__all__ = ["Message", "MessageStatus"]
