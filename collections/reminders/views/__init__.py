"""Pages of what goes out: the log, one message, those to be looked at, and the channels."""

from reminders.views.channels import channel, channels, channels_health
from reminders.views.messages import message, messages, messages_export, messages_review

__all__ = [
    "channel",
    "channels",
    "channels_health",
    "message",
    "messages",
    "messages_export",
    "messages_review",
]
