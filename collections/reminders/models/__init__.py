"""What goes out to people."""

from reminders.models.channels import ChannelControl, ChannelPrice, ChannelState
from reminders.models.letters import InBatch, PrintBatch
from reminders.models.outbox import AT_MOST_ONCE, NOTHING_LEFT, Delivery, Message, MessageKind, MessageStatus
from reminders.models.receipts import OptOutWords, Receipt, ReceiptKind, ReceiptState
from reminders.models.templates import (
    LANGUAGES,
    DebtWords,
    HarmlessWords,
    Template,
    TemplateVersion,
    VersionStatus,
    WritingRule,
)

__all__ = [
    "AT_MOST_ONCE",
    "LANGUAGES",
    "NOTHING_LEFT",
    "ChannelControl",
    "ChannelPrice",
    "ChannelState",
    "DebtWords",
    "Delivery",
    "HarmlessWords",
    "InBatch",
    "Message",
    "MessageKind",
    "MessageStatus",
    "OptOutWords",
    "PrintBatch",
    "Receipt",
    "ReceiptKind",
    "ReceiptState",
    "Template",
    "TemplateVersion",
    "VersionStatus",
    "WritingRule",
]
