"""The readers' words for codes that are stored as they are: steps, counts, verbs, rules. Grouped by what they name."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import HoldKind, OverdueKind, RiskClass
from compliance.models import Channel, Purpose
from reminders.models import MessageStatus
from runs.models import RunStatus

WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "step": {
        "age": _("Age the accounts"),
        "accrue": _("Accrue late fees"),
        "cases": _("Follow the cases"),
        "reminders": _("Queue first reminders"),
    },
    "cause": {},
    "count": {},
    "field": {},
    "job": {},
    "rule": {
        "contact-point": _("debtor's own, permitted, verified contact points only"),
        "contact-hours": _("contact hours"),
        "fail-closed": _("what is not known is refused"),
    },
    "subject": {},
    "verb": {},
    "status": dict(RunStatus.choices),
    "message": dict(MessageStatus.choices),
    "channel": dict(Channel.choices),
    "purpose": dict(Purpose.choices),
    "risk": dict(RiskClass.choices),
    "kind": dict(OverdueKind.choices),
    "hold": dict(HoldKind.choices),
}


_OPENED = str.maketrans("_-.", "   ")


def word(family: str, code: str) -> str:
    """The word for `code`; the code itself, its separators opened up, where there is none yet."""
    found = WORDS[family].get(code)
    return code.translate(_OPENED) if found is None else str(found)
