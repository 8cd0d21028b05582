"""The readers' words for codes that are stored as they are: steps, counts, verbs, rules. Grouped by what they name."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import HoldKind, OverdueKind, RiskClass
from compliance.models import Channel, FlagKind, Outcome, Purpose
from reminders.models import MessageStatus
from runs.models import RunStatus

WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "step": {
        "age": _("Age the accounts"),
        "accrue": _("Accrue late fees"),
        "cases": _("Follow the cases"),
        "reminders": _("Queue first reminders"),
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
        "queued": _("queued"),
        "refused": _("refused by the gate"),
        "woken": _("accounts looked at"),
    },
    "field": {
        "about": _("about"),
        "allocated": _("allocated"),
        "amount": _("amount"),
        "bills": _("bills"),
        "bucket": _("bucket"),
        "channel": _("channel"),
        "contact": _("contact"),
        "decision": _("decision"),
        "direction": _("direction"),
        "document": _("document"),
        "due_on": _("answer due"),
        "handler": _("handled by"),
        "holds": _("holds"),
        "hours": _("hours"),
        "in_time": _("in time"),
        "keep_until": _("kept until"),
        "kind": _("kind"),
        "language": _("language"),
        "late_accounts": _("late accounts"),
        "legal_hold": _("legal hold"),
        "outcome": _("outcome"),
        "overdue_amount": _("overdue amount"),
        "overdue_since": _("overdue since"),
        "payments": _("payments"),
        "received_on": _("received on"),
        "risk_class": _("risk class"),
        "seconds": _("seconds"),
        "send_after": _("not before"),
        "size": _("bytes"),
        "status": _("status"),
        "attempts": _("attempts"),
        "text": _("text"),
    },
    "job": {"import": _("Import"), "import-book": _("Import of the book"), "import_book": _("Import of the book")},
    "rule": {
        "contact-point": _("debtor's own, permitted, verified contact points only"),
        "contact-hours": _("contact hours"),
        "fail-closed": _("what is not known is refused"),
        "inbound": _("the person came to us"),
    },
    "subject": {
        "account": _("account"),
        "bill": _("bill"),
        "businessday": _("business day"),
        "case": _("case"),
        "complaint": _("complaint"),
        "complaintterms": _("deadline of complaints"),
        "contact": _("contact"),
        "contactagreement": _("agreed hours"),
        "contactpoint": _("contact point"),
        "contactrule": _("contact rule"),
        "customer": _("customer"),
        "customerflag": _("customer flag"),
        "hold": _("hold"),
        "message": _("message"),
        "payment": _("payment"),
        "recording": _("recording"),
        "reversal": _("reversal"),
        "standing": _("standing"),
        "user": _("user"),
    },
    "verb": {
        "account.changed": _("Account changed"),
        "account.loaded": _("Account imported"),
        "account.opened": _("Account opened"),
        "agreement.made": _("Hours of contact agreed"),
        "agreement.revoked": _("Agreed hours revoked"),
        "bill.posted": _("Bill posted"),
        "case.cured": _("Case cured"),
        "case.moved": _("Case moved"),
        "case.opened": _("Case opened"),
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
        "flag.document-fetched": _("Document of a flag fetched"),
        "flag.ended": _("Customer flag ended"),
        "flag.placed": _("Customer flag placed"),
        "hold.lifted": _("Hold lifted"),
        "hold.placed": _("Hold placed"),
        "message.failed": _("Message failed"),
        "message.queued": _("Message queued"),
        "message.sent": _("Message sent"),
        "message.withheld": _("Message withheld"),
        "payment.posted": _("Payment posted"),
        "payment.reversed": _("Payment reversed"),
        "recording.attached": _("Recording attached"),
        "recording.fetched": _("Recording fetched"),
        "recording.held": _("Recording put under legal hold"),
        "recording.released": _("Legal hold of a recording lifted"),
        "recording.removed": _("Recording removed"),
        "standing.moved": _("Standing moved"),
        "user.language": _("Language chosen"),
    },
    "actor": {
        "close of day": _("close of day"),
        "close_day": _("close of day, by hand"),
        "first reminders": _("first reminders"),
        "import_book": _("import"),
        "nightly close": _("nightly close"),
        "outbox": _("outbox"),
        "retention": _("removal of old recordings"),
    },
    "status": dict(RunStatus.choices),
    "message": dict(MessageStatus.choices),
    "channel": dict(Channel.choices),
    "flag": dict(FlagKind.choices),
    "outcome": dict(Outcome.choices),
    "purpose": dict(Purpose.choices),
    "risk": dict(RiskClass.choices),
    "kind": dict(OverdueKind.choices),
    "hold": dict(HoldKind.choices),
}


_OPENED = str.maketrans("_-.", "   ")


def word(family: str, code: str) -> str:
    """The word for `code`; the code itself, its separators opened up, where there is none yet. Names stay as they are."""
    found = WORDS[family].get(code)
    if found is not None:
        return str(found)
    return code if family == "actor" else code.translate(_OPENED)
