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
        "priorities": _("Set priorities and waits"),
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
        "prioritised": _("priorities set"),
        "queued": _("queued"),
        "refused": _("refused by the gate"),
        "waits": _("waits set"),
        "woken": _("accounts looked at"),
    },
    "field": {
        "allocated": _("allocated"),
        "amount": _("amount"),
        "assignee": _("worked by"),
        "bills": _("bills"),
        "bucket": _("bucket"),
        "channel": _("channel"),
        "decision": _("decision"),
        "follow_up_on": _("follow-up"),
        "holds": _("holds"),
        "kind": _("kind"),
        "language": _("language"),
        "late_accounts": _("late accounts"),
        "overdue_amount": _("overdue amount"),
        "overdue_since": _("overdue since"),
        "payments": _("payments"),
        "risk_class": _("risk class"),
        "send_after": _("not before"),
        "status": _("status"),
        "attempts": _("attempts"),
        "team": _("team"),
        "text": _("text"),
    },
    "job": {"import": _("Import"), "import-book": _("Import of the book"), "import_book": _("Import of the book")},
    "queue": {
        "care": _("Hardship and vulnerable"),
        "dispute": _("In dispute"),
        "early": _("Early: M1"),
        "everything": _("All cases"),
        "follow-up": _("Follow-up due"),
        "late": _("Late: M4 and above"),
        "new": _("New cases"),
        "promise-broken": _("Promise broken"),
        "promise-due": _("Promise due"),
    },
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
        "hold": _("hold"),
        "message": _("message"),
        "payment": _("payment"),
        "queue": _("queue"),
        "reversal": _("reversal"),
        "standing": _("standing"),
        "user": _("user"),
    },
    "verb": {
        "account.changed": _("Account changed"),
        "account.loaded": _("Account imported"),
        "account.opened": _("Account opened"),
        "bill.posted": _("Bill posted"),
        "case.assigned": _("Case assigned"),
        "case.cured": _("Case cured"),
        "case.follow-up": _("Follow-up set"),
        "case.follow-up-cleared": _("Follow-up cleared"),
        "case.moved": _("Case moved"),
        "case.opened": _("Case opened"),
        "case.released": _("Case released"),
        "case.routed": _("Case routed to a team"),
        "case.taken": _("Case taken"),
        "day.closed": _("Day closed"),
        "contact-point.added": _("Contact point added"),
        "contact-point.changed": _("Contact point changed"),
        "contact-points.loaded": _("Contact points imported"),
        "contact-rule.added": _("Contact rule added"),
        "customer.changed": _("Customer changed"),
        "customer.loaded": _("Customer imported"),
        "customer.registered": _("Customer registered"),
        "hold.lifted": _("Hold lifted"),
        "hold.placed": _("Hold placed"),
        "message.failed": _("Message failed"),
        "message.queued": _("Message queued"),
        "message.sent": _("Message sent"),
        "list.exported": _("List exported"),
        "message.withheld": _("Message withheld"),
        "payment.posted": _("Payment posted"),
        "payment.reversed": _("Payment reversed"),
        "queue.changed": _("Queue changed"),
        "queue.removed": _("Queue removed"),
        "queue.saved": _("Queue saved"),
        "search.exact": _("Searched by number"),
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
    },
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
    """The word for `code`; the code itself, its separators opened up, where there is none yet. Names stay as they are."""
    found = WORDS[family].get(code)
    if found is not None:
        return str(found)
    return code if family == "actor" else code.translate(_OPENED)
