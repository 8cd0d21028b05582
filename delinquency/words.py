"""The readers' words for codes that are stored as they are: steps, counts, verbs, rules. Grouped by what they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactKind, HoldKind, OverdueKind, RiskClass
from approvals.kinds import LABELS
from approvals.models import RequestStatus
from cases.models import DisputeReason, DisputeStatus, PromiseStatus
from compliance.models import Channel, ComplaintReason, FlagKind, Outcome, Purpose
from compliance.sentences import RULE_NAMES
from reminders.models import ChannelState, MessageStatus, VersionStatus
from runs.models import RunStatus
from runs.texts import listed

WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "step": {
        "age": _("Age the accounts"),
        "accrue": _("Accrue late fees"),
        "cases": _("Follow the cases"),
        "promises": _("Judge the promises"),
        "priorities": _("Set priorities and waits"),
        "reminders": _("Queue first reminders"),
        "strategy": _("Apply the strategies"),
    },
    "cause": {
        "account": _("the account was changed"),
        "bill": _("a bill"),
        "close": _("the day passed"),
        "hold": _("a hold"),
        "import": _("an import"),
        "opening": _("the opening of the book"),
        "payment": _("a payment"),
        "reversal": _("a reversal"),
    },
    "count": {
        "accrued": _("accounts accrued"),
        "became_late": _("became late"),
        "cured": _("cured"),
        "moved": _("moved"),
        "opened": _("opened"),
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
        "people": _("people"),
        "sent": _("sent"),
        "waits": _("waits set"),
        "withheld": _("withheld"),
        "woken": _("accounts looked at"),
    },
    "field": {
        "about": _("about"),
        "after_change": _("a rule that refuses it by now"),
        "allocated": _("allocated"),
        "amount": _("amount"),
        "assignee": _("worked by"),
        "bills": _("bills"),
        "bucket": _("bucket"),
        "by": _("second step"),
        "channel": _("channel"),
        "currency": _("currency"),
        "decision": _("decision"),
        "due_on": _("due on"),
        "got": _("paid"),
        "follow_up_on": _("follow-up"),
        "holds": _("holds"),
        "instalments": _("instalments"),
        "concurrency": _("batches at once, at most"),
        "contact": _("contact"),
        "direction": _("direction"),
        "document": _("document"),
        "handler": _("handled by"),
        "hours": _("hours"),
        "in_time": _("in time"),
        "keep_until": _("kept until"),
        "kind": _("kind"),
        "evidence": _("evidence"),
        "language": _("language"),
        "late_accounts": _("late accounts"),
        "legal_hold": _("legal hold"),
        "delivery": _("delivery"),
        "receipt": _("receipt"),
        "handed_at": _("given to the provider at"),
        "per_second": _("messages a second, at most"),
        "provider": _("provider"),
        "provider_id": _("the provider's number"),
        "state": _("state"),
        "outcome": _("outcome"),
        "overdue_amount": _("overdue amount"),
        "overdue_since": _("overdue since"),
        "overrules": _("overrules what it corrects"),
        "pauses": _("pauses"),
        "payments": _("payments"),
        "promise": _("promise to pay"),
        "ran_over": _("ran over the hours of contact"),
        "reason": _("reason"),
        "received_on": _("received on"),
        "risk_class": _("risk class"),
        "seconds": _("seconds"),
        "send_after": _("not before"),
        "size": _("bytes"),
        "status": _("status"),
        "attempts": _("attempts"),
        "team": _("team"),
        "text": _("text"),
        "purpose": _("purpose"),
        "wanted_on": _("wanted from"),
        "why": _("why"),
        "relationship": _("relationship"),
        "value": _("value"),
        "verification": _("verification"),
    },
    "job": {
        "import": _("Import"),
        "import-book": _("Import of the book"),
        "import_book": _("Import of the book"),
        "strategy-simulation": _("Simulation of a strategy"),
    },
    "queue": {
        "care": _("Hardship and vulnerable"),
        "dispute": _("In dispute"),
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
        "Before a promised payment, SMS": _("Before a promised payment, SMS"),
        "Before the due date": _("Before the due date"),
        "Before the due date, SMS": _("Before the due date, SMS"),
        "Before the due date, app push": _("Before the due date, app push"),
        "First reminder": _("First reminder"),
        "First reminder by e-mail": _("First reminder by e-mail"),
        "Letter of demand": _("Letter of demand"),
        "Overdue for longer, SMS": _("Overdue for longer, SMS"),
        "Overdue, SMS": _("Overdue, SMS"),
        "Overdue, app push": _("Overdue, app push"),
    },
    "rule": RULE_NAMES,
    "subject": {
        "account": _("account"),
        "bill": _("bill"),
        "businessday": _("business day"),
        "case": _("case"),
        "channelcontrol": _("channel"),
        "channelprice": _("price of a channel"),
        "complaint": _("complaint"),
        "version": _("strategy"),
        "proposal": _("proposal"),
        "complaintterms": _("deadline of complaints"),
        "contact": _("contact"),
        "contactagreement": _("agreed hours"),
        "contactpoint": _("contact point"),
        "contactrule": _("contact rule"),
        "customer": _("customer"),
        "dispute": _("dispute"),
        "disputeterms": _("terms of disputes"),
        "customerflag": _("customer flag"),
        "hold": _("hold"),
        "message": _("message"),
        "note": _("note"),
        "optout": _("opt-out"),
        "payment": _("payment"),
        "promise": _("promise to pay"),
        "queue": _("queue"),
        "receipt": _("receipt"),
        "recording": _("recording"),
        "request": _("request for approval"),
        "reversal": _("reversal"),
        "role": _("role"),
        "standing": _("standing"),
        "team": _("team"),
        "template": _("template"),
        "user": _("user"),
        "workterms": _("terms of work"),
    },
    "template": dict(VersionStatus.choices),
    "verb": {
        "account.changed": _("Account changed"),
        "account.loaded": _("Account imported"),
        "account.opened": _("Account opened"),
        "agreement.made": _("Hours of contact agreed"),
        "agreement.revoked": _("Agreed hours revoked"),
        "bill.posted": _("Bill posted"),
        "case.assigned": _("Case assigned"),
        "case.call-asked": _("Call asked for"),
        "case.cured": _("Case cured"),
        "case.follow-up": _("Follow-up set"),
        "case.follow-up-cleared": _("Follow-up cleared"),
        "case.moved": _("Case moved"),
        "case.opened": _("Case opened"),
        "case.released": _("Case released"),
        "case.routed": _("Case routed to a team"),
        "case.taken": _("Case taken"),
        "complaint-terms.added": _("Deadline of complaints added"),
        "complaint.closed": _("Complaint closed"),
        "complaint.handed": _("Complaint handed over"),
        "complaint.opened": _("Complaint opened"),
        "complaints.exported": _("Complaints exported"),
        "contact-point.revealed": _("Contact point shown in clear"),
        "contact.corrected": _("Contact corrected"),
        "contact.logged": _("Contact entered"),
        "day.closed": _("Day closed"),
        "contact-point.added": _("Contact point added"),
        "contact-point.changed": _("Contact point changed"),
        "contact-points.loaded": _("Contact points imported"),
        "contact-rule.added": _("Contact rule added"),
        "customer.changed": _("Customer changed"),
        "customer.loaded": _("Customer imported"),
        "customer.registered": _("Customer registered"),
        "dispute-terms.added": _("Terms of disputes added"),
        "dispute.closed": _("Dispute closed"),
        "dispute.opened": _("Dispute opened"),
        "flag.document-fetched": _("Document of a flag fetched"),
        "flag.ended": _("Customer flag ended"),
        "flag.placed": _("Customer flag placed"),
        "hold.lifted": _("Hold lifted"),
        "hold.placed": _("Hold placed"),
        "channel-price.added": _("Price of a channel added"),
        "words.added": _("Words or rule of writing added"),
        "channel.bounds-set": _("Bounds of a channel set"),
        "channel.draining": _("Channel draining"),
        "channel.open": _("Channel opened"),
        "channel.paused": _("Channel paused"),
        "opt-out.recorded": _("Opted out"),
        "opt-out.withdrawn": _("Opt-out withdrawn"),
        "message.cancelled": _("Message cancelled"),
        "message.failed": _("Message failed"),
        "message.given-up": _("Message given up"),
        "message.marked-sent": _("Message entered as sent"),
        "message.postponed": _("Message postponed"),
        "message.queued": _("Message queued"),
        "message.receipt": _("Receipt for a message"),
        "receipt.attached": _("Receipt attached to a message"),
        "receipt.dismissed": _("Receipt dismissed"),
        "receipt.opted-out": _("Opted out as answered"),
        "receipt.read": _("Answer read"),
        "message.retried": _("Message to be tried again"),
        "message.sent": _("Message sent"),
        "message.sent-again": _("Message queued again"),
        "message.set-aside": _("Message set aside to be looked at"),
        "list.exported": _("List exported"),
        "message.withheld": _("Message withheld"),
        "note.added": _("Note written"),
        "payment.posted": _("Payment posted"),
        "payment.reversed": _("Payment reversed"),
        "promise.broken": _("Promise broken"),
        "promise.cancelled": _("Promise cancelled"),
        "promise.judged": _("Instalments of a promise judged"),
        "promise.kept": _("Promise kept"),
        "promise.partly": _("Promise partly kept"),
        "promise.reopened": _("Promise open again"),
        "promise.replaced": _("Promise replaced by another"),
        "promise.taken": _("Promise taken"),
        "queue.changed": _("Queue changed"),
        "queue.removed": _("Queue removed"),
        "queue.saved": _("Queue saved"),
        "search.exact": _("Searched by number"),
        "request.approved": _("Request approved"),
        "request.asked": _("Approval asked for"),
        "request.expired": _("Request expired"),
        "request.rejected": _("Request rejected"),
        "request.resubmitted": _("Approval asked for again"),
        "request.sent-back": _("Request sent back"),
        "request.withdrawn": _("Request withdrawn"),
        "recording.attached": _("Recording attached"),
        "recording.fetched": _("Recording fetched"),
        "recording.held": _("Recording put under legal hold"),
        "recording.released": _("Legal hold of a recording lifted"),
        "recording.removed": _("Recording removed"),
        "standing.moved": _("Standing moved"),
        "strategy.simulated": _("Simulation of a strategy asked for"),
        "strategy.activated": _("Strategy activated"),
        "strategy.drafted": _("Strategy begun"),
        "strategy.rule-added": _("Rule added to a strategy"),
        "strategy.rule-changed": _("Rule of a strategy changed"),
        "strategy.rule-moved": _("Rule of a strategy moved"),
        "strategy.rule-removed": _("Rule taken out of a strategy"),
        "proposal.opened": _("Proposed by a strategy"),
        "proposal.lapsed": _("Proposal lapsed"),
        "proposal.taken": _("Proposal taken up"),
        "proposal.dismissed": _("Proposal dismissed"),
        "work-terms.added": _("Terms of work added"),
        "role.added": _("Role added"),
        "role.changed": _("Role changed"),
        "role.removed": _("Role removed"),
        "team.added": _("Team added"),
        "team.changed": _("Team changed"),
        "team.removed": _("Team removed"),
        "template.added": _("Template added"),
        "template.approved": _("Template approved"),
        "template.discarded": _("Draft discarded"),
        "template.drafted": _("Version begun"),
        "template.written": _("Draft written"),
        "user.added": _("User added"),
        "user.changed": _("User changed"),
        "user.created": _("User made for the demo"),
        "user.language": _("Language chosen"),
        "user.locked-out": _("User locked out"),
        "user.lockout-lifted": _("Lock-out lifted"),
        "user.password-changed": _("Password changed"),
        "user.password-set": _("Password given"),
        "user.recovery-codes-made": _("Recovery codes made"),
        "user.second-factor-enrolled": _("Second factor set up"),
        "user.second-factor-reset": _("Second factor reset"),
        "user.sessions-ended": _("Sessions ended"),
        "user.signed-in": _("Signed in"),
    },
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
        "What it is about no longer holds: paid, put on hold, or done.": _(
            "What it is about no longer holds: paid, put on hold, or done."
        ),
    },
    "message-outcome": {
        "sent": _("Sent"),
        "failed": _("Failed"),
        "withheld": _("Withheld"),
        "retried": _("Retried"),
    },
    "request": dict(RequestStatus.choices),
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
    ("complaint", "reason"): "complaint-reason",
    ("contactpoint", "kind"): "point",
    ("channelcontrol", "state"): "channel-state",
    ("customerflag", "kind"): "flag",
    ("dispute", "reason"): "dispute-reason",
    ("dispute", "status"): "dispute",
    ("hold", "kind"): "hold",
    ("message", "status"): "message",
    ("promise", "status"): "promise",
    ("request", "kind"): "approval",
    ("request", "status"): "request",
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
    """Why, as it was written; what a service wrote for a number shown on the gate's permission, in words."""
    if text == "import":
        return word("source", text)
    called = _CALLED.fullmatch(text)
    return gettext("%(channel)s, allowed by the gate") % {"channel": word("channel", called[1])} if called else text
