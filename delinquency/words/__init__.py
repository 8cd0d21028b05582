"""The readers' words for codes that are stored as they are: steps, counts, verbs, rules. Grouped by what they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountStatus, ContactKind, HoldKind, OverdueKind, ReliefKind, RiskClass, UnmatchedStatus
from approvals.kinds import LABELS
from approvals.models import RequestStatus
from cases.models import DisputeReason, DisputeStatus, PromiseStatus
from compliance.models import Channel, ComplaintReason, FlagKind, Outcome, Purpose
from compliance.sentences import RULE_NAMES
from delinquency.words.events import FIELDS, SUBJECTS, VERBS
from delinquency.words.reasons import sentence
from desk.kinds import ReversalCode
from freezing.core import NOT_SET
from freezing.models import CommandStatus, CommandVerb
from reminders.models import ChannelState, Delivery, MessageStatus, VersionStatus
from reminders.sentences import HELD_BY
from restructuring.models import PlanKind, PlanStatus
from restructuring.sentences import COVERS, METHODS
from runs.models import RunStatus
from runs.texts import listed
from waivers.installed import FORMERLY, INSTALLED
from waivers.models import Basis, ReasonCode, WaiverStatus

WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "step": {
        "age": _("Age the accounts"),
        "accrue": _("Accrue late fees"),
        "cases": _("Follow the cases"),
        "plans": _("Judge the plans"),
        "promises": _("Judge the promises"),
        "waivers": _("Judge the waivers"),
        "priorities": _("Set priorities and waits"),
        "reminders": _("Queue first reminders"),
        "strategy": _("Apply the strategies"),
        "freezes": _("Freeze and unfreeze by the policy"),
    },
    "cause": {
        "acceleration": _("the whole balance called due"),
        "account": _("the account was changed"),
        "bill": _("a bill"),
        "close": _("the day passed"),
        "hold": _("a hold"),
        "import": _("an import"),
        "opening": _("the opening of the book"),
        "payment": _("a payment"),
        "relief": _("a relief"),
        "reversal": _("a reversal"),
        "watch": _("a watch period"),
    },
    "count": {
        "accrued": _("accounts accrued"),
        "became_late": _("became late"),
        "cured": _("cured"),
        "done": pgettext_lazy("requests", "decided"),
        "failed": pgettext_lazy("requests", "failed"),
        "moved": _("moved"),
        "opened": _("opened"),
        "plans_at_risk": _("plans at risk"),
        "plans_breached": _("plans breached"),
        "plans_kept": _("plans kept"),
        "promises_broken": _("promises broken"),
        "promises_kept": _("promises kept"),
        "promises_partly": _("promises partly kept"),
        "prioritised": _("priorities set"),
        "queued": _("queued"),
        "refused": _("refused by the gate"),
        "put_off": _("put off, channels draining"),
        "calls": _("calls asked for"),
        "proposed": _("proposals opened"),
        "lapsed": _("proposals lapsed"),
        "held_out": _("held out"),
        "frozen": _("accounts to be frozen"),
        "unfrozen": _("accounts to be unfrozen"),
        "people": _("people"),
        "sent": _("sent"),
        "waits": _("waits set"),
        "waivers_granted": _("waivers granted"),
        "waivers_lapsed": _("waivers lapsed"),
        "withheld": _("withheld"),
        "woken": _("accounts looked at"),
    },
    "field": FIELDS,
    "job": {
        "bulk-decision": _("Bulk decision"),
        "import": _("Import"),
        "import-book": _("Import of the book"),
        "import_book": _("Import of the book"),
        "strategy-simulation": _("Simulation of a strategy"),
    },
    "queue": {
        "care": _("Hardship and vulnerable"),
        "dispute": _("Cases in dispute"),
        "early": _("Early: M1"),
        "everything": _("All cases"),
        "follow-up": _("Follow-up due"),
        "late": _("Late: M4 and above"),
        "call": _("Calls asked for"),
        "new": _("New cases"),
        "promise-broken": _("Promise broken"),
        "promise-due": _("Promise due"),
    },
    # What the installation named; what people name stays as they wrote it.
    "title": {
        **{title: _(title) for title in INSTALLED.values()},
        **{before: _(title) for before, title in FORMERLY.items()},
        "Before a promised payment, SMS": _("Before a promised payment, SMS"),
        "Before the due date": _("Before the due date"),
        "Before the due date, SMS": _("Before the due date, SMS"),
        "Before the due date, app push": _("Before the due date, app push"),
        "Code to sign with, SMS": _("Code to sign with, SMS"),
        "Code to sign with, e-mail": _("Code to sign with, e-mail"),
        "First reminder": _("First reminder"),
        "First reminder by e-mail": _("First reminder by e-mail"),
        "Letter of demand": _("Letter of demand"),
        "Overdue for longer, SMS": _("Overdue for longer, SMS"),
        "Overdue, SMS": _("Overdue, SMS"),
        "Overdue, app push": _("Overdue, app push"),
    },
    "delivery": dict(Delivery.choices),
    "held-by": HELD_BY,
    "rule": RULE_NAMES,
    "subject": SUBJECTS,
    "template": dict(VersionStatus.choices),
    "verb": VERBS,
    "actor": {
        "bench": _("benchmark"),
        "close": _("close of day"),
        "close of day": _("close of day"),
        "close_day": _("close of day, by hand"),
        "demo": _("demo"),
        "demo book": _("demo book"),
        "expiry": _("expiry of requests"),
        "first reminders": _("first reminders"),
        "import": _("import"),
        "import_book": _("import"),
        "installation": _("the installation"),
        "nightly close": _("nightly close"),
        "outbox": _("outbox"),
        "receipts": _("receipts of providers"),
        "sign-in": _("sign-in page"),
        "strategy": _("strategy"),
        "core system": _("core system"),
        "policy of freezing": _("policy of freezing"),
        "retention": _("removal of old recordings"),
    },
    "direction": {"inbound": _("Inbound"), "outbound": _("Outbound")},
    "point": dict(ContactKind.choices),
    "second-step": {"app": _("authenticator app"), "recovery": _("recovery code")},
    "source": {"contract": _("contract"), "import": _("import")},
    "status": dict(RunStatus.choices),
    "message": dict(MessageStatus.choices),
    "channel": dict(Channel.choices),
    "flag": dict(FlagKind.choices),
    "outcome": dict(Outcome.choices),
    "purpose": dict(Purpose.choices),
    "account-status": dict(AccountStatus.choices),
    "relief": dict(ReliefKind.choices),
    "plan": dict(PlanStatus.choices),
    "plan-kind": dict(PlanKind.choices),
    "plan-method": METHODS,
    "plan-covers": COVERS,
    "risk": dict(RiskClass.choices),
    "kind": dict(OverdueKind.choices),
    "hold": dict(HoldKind.choices),
    "complaint-reason": dict(ComplaintReason.choices),
    "promise": dict(PromiseStatus.choices),
    "dispute": dict(DisputeStatus.choices),
    "approval": LABELS,
    "channel-state": {
        ChannelState.OPEN: pgettext_lazy("channel", "open"),
        ChannelState.DRAINING: _("draining"),
        ChannelState.PAUSED: pgettext_lazy("channel", "paused"),
    },
    # What the delivery writes by itself; what providers answer stays as they wrote it.
    "error": {
        "The worker died after giving it to the provider: it may have been sent.": _(
            "The worker died after giving it to the provider: it may have been sent."
        ),
        "Refused by the gate: opt-out. It goes by letter instead.": _(
            "Refused by the gate: opt-out. It goes by letter instead."
        ),
        "Refused by the gate: opt-out. No letter can go instead.": _(
            "Refused by the gate: opt-out. No letter can go instead."
        ),
        NOT_SET: _("CORE_URL and CORE_SECRET are not set: nothing is sent."),
        "What it is about no longer holds: paid, put on hold, or done.": _(
            "What it is about no longer holds: paid, put on hold, or done."
        ),
    },
    "core-command": dict(CommandStatus.choices),
    "core-verb": dict(CommandVerb.choices),
    "print-batch": {
        "waiting": _("To be printed"),
        "printed": _("Printed"),
        "posted": _("Handed to the post"),
    },
    "message-outcome": {
        "sent": _("Sent"),
        "failed": _("Failed"),
        "withheld": _("Withheld"),
        "retried": _("Retried"),
    },
    "request": dict(RequestStatus.choices),
    "waiver": dict(WaiverStatus.choices),
    "waiver-basis": dict(Basis.choices),
    "waiver-reason": dict(ReasonCode.choices),
    "reversal": dict(ReversalCode.choices),
    "unmatched": dict(UnmatchedStatus.choices),
    "dispute-reason": dict(DisputeReason.choices),
}


_OPENED = str.maketrans("_-.", "   ")
# What people wrote, where a few codes of ours stand among it.
_AS_WRITTEN = ("actor", "error", "source", "title")


def word(family: str, code: str) -> str:
    """The word for `code`; the code itself, its separators opened up, where there is none yet. Names stay as they are."""
    found = WORDS[family].get(code)
    if found is not None:
        return str(found)
    return code if family in _AS_WRITTEN else code.translate(_OPENED)


# Which family the value of a field of an event belongs to: of any subject, or of one.
_VALUES = {
    "channel": "channel",
    "direction": "direction",
    "outcome": "outcome",
    "pauses": "hold",
    "purpose": "purpose",
    "risk_class": "risk",
}
_VALUES_OF = {
    ("account", "status"): "account-status",
    ("complaint", "reason"): "complaint-reason",
    ("contactpoint", "kind"): "point",
    ("channelcontrol", "state"): "channel-state",
    ("corecommand", "command"): "core-verb",
    ("corecommand", "status"): "core-command",
    ("customerflag", "kind"): "flag",
    ("dispute", "reason"): "dispute-reason",
    ("dispute", "status"): "dispute",
    ("hold", "kind"): "hold",
    ("message", "status"): "message",
    ("printbatch", "state"): "print-batch",
    ("plan", "kind"): "plan-kind",
    ("plan", "status"): "plan",
    ("promise", "status"): "promise",
    ("delegation", "kinds"): "approval",
    ("relief", "kind"): "relief",
    ("request", "kind"): "approval",
    ("waiver", "reason_code"): "waiver-reason",
    ("waiver", "status"): "waiver",
    ("request", "status"): "request",
    ("unmatchedpayment", "status"): "unmatched",
    ("user", "by"): "second-step",
}
_INSTALMENT = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d+(?:\.\d+)?)")
_CALLED = re.compile(r"([a-z]+), decision \d+")


def value(subject: str, field: str, found: Any) -> Any:
    """A value that an event kept, as a reader wants it: its word where there is one, lists spelled out."""
    if isinstance(found, list):
        return listed(value(subject, field, one) for one in found)
    if not isinstance(found, str):
        return found
    if field == "instalments" and (part := _INSTALMENT.fullmatch(found)):
        return f"{part[1]} · {Decimal(part[2]):,.2f}"
    family = _VALUES_OF.get((subject, field)) or _VALUES.get(field)
    return str(WORDS[family].get(found, found)) if family else found


def reason(text: str) -> str:
    """Why, as people wrote it; in words what a service gave as its reason, or wrote for a number on the gate's permission."""
    if text == "import":
        return word("source", text)
    if said := sentence(text, word):
        return said
    called = _CALLED.fullmatch(text)
    return gettext("%(channel)s, allowed by the gate") % {"channel": word("channel", called[1])} if called else text
