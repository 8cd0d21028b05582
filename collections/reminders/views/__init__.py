"""Pages of what goes out: the log, one message, those to be looked at, the channels, and the templates."""

from reminders.views.channels import channel, channels, channels_health
from reminders.views.messages import message, messages, messages_export, messages_review
from reminders.views.templates import template, template_edit, template_new, template_preview, templates

__all__ = [
    "channel",
    "channels",
    "channels_health",
    "message",
    "messages",
    "messages_export",
    "messages_review",
    "template",
    "template_edit",
    "template_new",
    "template_preview",
    "templates",
]
