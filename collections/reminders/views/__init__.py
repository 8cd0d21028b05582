"""Pages of what goes out: the log, one message, those to be looked at, printed letters, the channels, and the templates."""

from reminders.views.channels import channel, channels, channels_health
from reminders.views.hooks import hook
from reminders.views.letters import message_letter, print_batch, print_batch_files, print_batches
from reminders.views.messages import message, messages, messages_export, messages_review
from reminders.views.receipts import receipt, receipts_review
from reminders.views.templates import (
    template,
    template_discard,
    template_draft,
    template_edit,
    template_new,
    template_preview,
    template_proposed,
    templates,
)

__all__ = [
    "channel",
    "channels",
    "channels_health",
    "hook",
    "message",
    "message_letter",
    "messages",
    "messages_export",
    "messages_review",
    "print_batch",
    "print_batch_files",
    "print_batches",
    "receipt",
    "receipts_review",
    "template",
    "template_discard",
    "template_draft",
    "template_edit",
    "template_new",
    "template_preview",
    "template_proposed",
    "templates",
]
