"""The readers' words for codes that are stored as they are: steps, counts, verbs, rules. Grouped by what they name."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import HoldKind, OverdueKind, RiskClass
from cases.models import DisputeReason, DisputeStatus, PromiseStatus
from compliance.models import Channel, ComplaintReason, FlagKind, Outcome, Purpose
from reminders.models import MessageStatus
from runs.models import RunStatus

WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "step": {
        "age": _("Age the accounts"),
        "accrue": _("Accrue late fees"),
        "cases": _("Follow the cases"),
        "promises": _("Judge the promises"),
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
        "promises_broken": _("promises broken"),
        "promises_kept": _("promises kept"),
        "promises_partly": _("promises partly kept"),
        "queued": _("queued"),
        "refused": _("refused by the gate"),
        "woken": _("accounts looked at"),
    },
    "field": {
        "allocated": _("allocated"),
        "amount": _("amount"),
        "bills": _("bills"),
        "bucket": _("bucket"),
        "channel": _("channel"),
        "currency": _("currency"),
        "decision": _("decision"),
        "due_on": _("due on"),
        "got": _("paid"),
        "holds": _("holds"),
        "instalments": _("instalments"),
        "kind": _("kind"),
        "language": _("language"),
        "late_accounts": _("late accounts"),
        "overdue_amount": _("overdue amount"),
        "overdue_since": _("overdue since"),
        "pauses": _("pauses"),
        "payments": _("payments"),
        "promise": _("promise to pay"),
        "reason": _("reason"),
        "risk_class": _("risk class"),
        "send_after": _("not before"),
        "status": _("status"),
        "attempts": _("attempts"),
        "text": _("text"),
    },
    "job": {"import": _("Import"), "import-book": _("Import of the book"), "import_book": _("Import of the book")},
    "rule": {
        "contact-point": _("debtor's own, permitted, verified contact points only"),
        "contact-hours": _("contact hours"),
        "fail-closed": _("what is not known is refused"),
    },
    "subject": {
        "account": _("account"),
        "bill": _("bill"),
        "businessday": _("business day"),
        "case": _("case"),
        "contactpoint": _("contact point"),
        "contactrule": _("contact rule"),
        "customer": _("customer"),
        "dispute": _("dispute"),
        "disputeterms": _("terms of disputes"),
        "hold": _("hold"),
        "message": _("message"),
        "note": _("note"),
        "payment": _("payment"),
        "promise": _("promise to pay"),
        "reversal": _("reversal"),
        "standing": _("standing"),
        "user": _("user"),
        "workterms": _("terms of work"),
    },
    "verb": {
        "account.changed": _("Account changed"),
        "account.loaded": _("Account imported"),
        "account.opened": _("Account opened"),
        "bill.posted": _("Bill posted"),
        "case.cured": _("Case cured"),
        "case.moved": _("Case moved"),
        "case.opened": _("Case opened"),
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
        "hold.lifted": _("Hold lifted"),
        "hold.placed": _("Hold placed"),
        "message.failed": _("Message failed"),
        "message.queued": _("Message queued"),
        "message.sent": _("Message sent"),
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
        "standing.moved": _("Standing moved"),
        "user.language": _("Language chosen"),
        "work-terms.added": _("Terms of work added"),
    },
    "actor": {
        "close of day": _("close of day"),
        "close_day": _("close of day, by hand"),
        "first reminders": _("first reminders"),
        "import_book": _("import"),
        "nightly close": _("nightly close"),
        "outbox": _("outbox"),
    },
    "status": dict(RunStatus.choices),
    "message": dict(MessageStatus.choices),
    "channel": dict(Channel.choices),
    "purpose": dict(Purpose.choices),
    "risk": dict(RiskClass.choices),
    "kind": dict(OverdueKind.choices),
    "hold": dict(HoldKind.choices),
    "outcome": dict(Outcome.choices),
    "flag": dict(FlagKind.choices),
    "complaint-reason": dict(ComplaintReason.choices),
    "promise": dict(PromiseStatus.choices),
    "dispute": dict(DisputeStatus.choices),
    "dispute-reason": dict(DisputeReason.choices),
}


_OPENED = str.maketrans("_-.", "   ")


def word(family: str, code: str) -> str:
    """The word for `code`; the code itself, its separators opened up, where there is none yet. Names stay as they are."""
    found = WORDS[family].get(code)
    if found is not None:
        return str(found)
    return code if family == "actor" else code.translate(_OPENED)
