"""What people enter about what goes out. The services check what it means."""

from reminders.forms.messages import (
    AttachForm,
    BoundsForm,
    ChannelForm,
    KeepWithForm,
    MarkSentForm,
    ReasonForm,
    StateForm,
    UndoForm,
)
from reminders.forms.templates import LANGUAGE_NAMES, SubmitForm, TemplateForm, WordsForm

__all__ = [
    "LANGUAGE_NAMES",
    "AttachForm",
    "BoundsForm",
    "ChannelForm",
    "KeepWithForm",
    "MarkSentForm",
    "ReasonForm",
    "StateForm",
    "SubmitForm",
    "TemplateForm",
    "UndoForm",
    "WordsForm",
]
