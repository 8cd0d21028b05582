"""Where the lines of a timeline come from, a query set each: moment, kind, what it is, facts.

What they hold, for their words (`templates/cases/entries/`); dates and moments are ISO text, amounts text:

* contact: `contact` (id, channel, direction, made_by, outcome, actor, note, seconds, contact_point: key or null, account: ref
  or null, corrects: key or null, is_corrected, recordings: how many); `message` (id, channel, status, delivery,
  held_by, purpose, subject);
  `answer` (id, channel, provider, state); `refusal` (channel, purpose, rule, version, next_allowed_at,
  contact_point: key or null, actor)
* money: `payment`, `reversal` (amount, currency, effective_on, ref, account; channel or reason); `relief`, twice: `step` granted
  and taken-back (step, kind, amount, currency, effective_on, account, of: the waiver's reference, or why). What one decision
  took off several bills is one line a kind
* standing: `standing` (account, business_day, cause, from_bucket, to_bucket, from_amount, amount, beside, currency)
* work: `promise`, when it was taken (id, amount, currency, instalments: how many, due_on: the last, status and got as they
  are now, account, actor, note); `dispute`, twice: `step` opened and closed (id, step, reason, account, actor, text:
  statement or answer, status as it is now, due_on, pauses: the kinds of the holds that come and go with it); `note` (id,
  file: key or null, removed_at, text, actor)
  `request`, at each step of the asking and deciding (verb, id, of: its kind, amount, currency: blank for days, actor, reason)
* record: `instalments`, the bills of a plan that were posted together (number, due_from, due_on: the first and the last
  day, ref: the first bill's, actor)
* work or record: `event` (verb, subject, ref, actor, reason, before, after)

An event is `work` when somebody did something about the case: promises judged or cancelled, holds, flags, agreed hours,
complaints, waivers, plans, freezes, the call of the whole balance, who took or got the case, follow-ups; else `record`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, JSONObject

from accounts.models import Payment, Relief, ReliefKind, Reversal, StandingChange
from audit.models import Event
from cases.models import Dispute, Note, Promise
from compliance.models import Contact, ContactDecision, MadeBy
from reminders.models import Message, Receipt, ReceiptKind

# What has a source of its own in the list would stand in it twice.
_TOLD_ELSEWHERE = (
    *("payment", "reversal", "message", "contactdecision", "standingchange", "standing"),
    *("contact", "note", "dispute", "relief", "request"),
)
# Of these the request, the promise's row or the standing's change tells.
_TOLD_BY_ANOTHER = ("promise.taken", "standing.moved", "waiver.asked", "waiver.changed", "plan.asked")
_WORK = (
    *("promise", "hold", "customerflag", "contactagreement", "complaint"),
    *("waiver", "plan", "agreement", "corecommand", "acceleration"),
)
# Their holds come and go with them, and they say so themselves.
_WITH_HOLDS = ("dispute.opened", "dispute.closed", "plan.running", "plan.kept", "plan.breached", "plan.reopened")
# The bills of a plan, told together.
_INSTALMENT = {"verb": "bill.posted", "after__kind": "plan"}
# What the standings do to a case is no work on it.
_FOLLOWS = ("case.opened", "case.moved", "case.cured")
_ENDS = ("message.withheld", "message.failed", "message.cancelled")


def _line(rows: QuerySet[Any], *, at: str, kind: str, what: str, facts: JSONObject) -> QuerySet[Any]:
    return (
        rows.order_by()
        .annotate(moment=F(at), kind_=Value(kind, TextField()), what=Value(what, TextField()), facts=facts)
        .values_list("moment", "kind_", "what", "facts")
    )


def payments(customer_id: int) -> QuerySet[Any]:
    """Money that came in."""
    return _line(
        Payment.objects.filter(account__customer_id=customer_id),
        at="recorded_at",
        kind="money",
        what="payment",
        facts=_facts(
            "effective_on",
            "ref",
            "channel",
            amount=_text("amount"),
            currency="account__currency",
            account="account__ref",
        ),
    )


def reversals(customer_id: int) -> QuerySet[Any]:
    """Payments that were taken back."""
    return _line(
        Reversal.objects.filter(payment__account__customer_id=customer_id),
        at="recorded_at",
        kind="money",
        what="reversal",
        facts=_facts(
            "effective_on",
            "reason",
            amount=_text("payment__amount"),
            currency="payment__account__currency",
            ref="payment__ref",
            account="payment__account__ref",
        ),
    )


def reliefs(customer_id: int, *, step: str) -> QuerySet[Any]:
    """What was taken off, or owed again: of a plan or a write-off not each bill alone, but all of a kind together."""
    of = "reversal__" if step == "taken-back" else ""
    rows = Relief.objects.filter(account__customer_id=customer_id, **({"reversal__isnull": False} if of else {}))
    together = rows.order_by().values(
        "account__ref",
        "account__currency",
        "kind",
        of=Case(When(kind=ReliefKind.WAIVER, then=F("ref")), default=F("reason")),
        on=F(f"{of}effective_on"),
    )
    return _line(
        together.annotate(when=Min(f"{of}recorded_at"), all=Sum("amount")),
        at="when",
        kind="money",
        what="relief",
        facts=_facts(
            "kind",
            "of",
            step=Value(step, TextField()),
            amount=_text("all"),
            currency="account__currency",
            effective_on="on",
            account="account__ref",
        ),
    )


def standings(customer_id: int) -> QuerySet[Any]:
    """How late an account was found to be, each time that changed."""
    return _line(
        StandingChange.objects.filter(account__customer_id=customer_id),
        at="recorded_at",
        kind="standing",
        what="standing",
        facts=_facts(
            "business_day",
            "cause",
            "from_bucket",
            "to_bucket",
            account="account__ref",
            from_amount=_text("from_overdue_amount"),
            amount=_text("to_overdue_amount"),
            beside=_text("to_beside_amount"),
            currency="account__currency",
        ),
    )


def messages(customer_id: int) -> QuerySet[Any]:
    """What was sent, or was to be. One that was not sent stands where that was decided, behind what it was decided for."""
    ends = Event.objects.filter(
        customer_id=OuterRef("customer_id"), subject_type="message", subject_id=OuterRef("pk"), verb__in=_ENDS
    )
    ended = Subquery(ends.order_by("-pk").values("at")[:1])
    return _line(
        Message.objects.filter(customer_id=customer_id).annotate(when=Coalesce("sent_at", ended, "created_at")),
        at="when",
        kind="contact",
        what="message",
        facts=_facts("channel", "status", "delivery", "held_by", "purpose", "subject", id="pk"),
    )


def answers(customer_id: int) -> QuerySet[Any]:
    """What the person wrote back; her words are encrypted, and are read on their page."""
    return _line(
        Receipt.objects.filter(customer_id=customer_id, kind=ReceiptKind.REPLIED),
        at="at",
        kind="contact",
        what="answer",
        facts=_facts("channel", "provider", "state", id="pk"),
    )


def refusals(customer_id: int) -> QuerySet[Any]:
    """What the gate did not allow."""
    return _line(
        ContactDecision.objects.filter(customer_id=customer_id, allowed=False),
        at="decided_at",
        kind="contact",
        what="refusal",
        facts=_facts(
            "channel",
            "purpose",
            "rule",
            "next_allowed_at",
            version="rule_version",
            contact_point="contact_point_id",
            actor="actor_name",
        ),
    )


def contacts(customer_id: int) -> QuerySet[Any]:
    """Those of staff and agencies; a batch's are told by their messages."""
    return _line(
        Contact.objects.filter(customer_id=customer_id)
        .exclude(made_by=MadeBy.BATCH)
        .annotate(sounds=Count("recordings", filter=Q(recordings__removed_at=None))),
        at="at",
        kind="contact",
        what="contact",
        facts=_facts(
            "channel",
            "direction",
            "made_by",
            "outcome",
            "note",
            "seconds",
            id="pk",
            actor="actor_name",
            contact_point="contact_point_id",
            account="account__ref",
            corrects="corrects_id",
            is_corrected=Q(corrected_by__isnull=False),
            recordings="sounds",
        ),
    )


def promises(customer_id: int) -> QuerySet[Any]:
    """Promises to pay, as they were taken."""
    return _line(
        Promise.objects.filter(case__customer_id=customer_id).annotate(
            parts=Count("instalments"), last=Max("instalments__due_on")
        ),
        at="made_at",
        kind="work",
        what="promise",
        facts=_facts(
            "currency",
            "status",
            "note",
            id="pk",
            amount=_text("amount"),
            instalments="parts",
            due_on="last",
            got=_text("got"),
            account="account__ref",
            actor="taken_by_name",
        ),
    )


def disputes(customer_id: int, *, step: str) -> QuerySet[Any]:
    """Disputes, as they were opened or closed (`step`)."""
    rows = Dispute.objects.filter(case__customer_id=customer_id)
    return _line(
        rows.filter(closed_at__isnull=False) if step == "closed" else rows,
        at=f"{step}_at",
        kind="work",
        what="dispute",
        facts=_facts(
            "reason",
            "status",
            "due_on",
            id="pk",
            step=Value(step, TextField()),
            account="account__ref",
            actor=f"{step}_by_name",
            text="answer" if step == "closed" else "statement",
            pauses=ArrayAgg("holds__kind", filter=Q(holds__isnull=False), distinct=True),
        ),
    )


def notes(customer_id: int) -> QuerySet[Any]:
    """Notes."""
    return _line(
        Note.objects.filter(case__customer_id=customer_id),
        at="at",
        kind="work",
        what="note",
        facts=JSONObject(id="pk", text="text", actor="author_name", file="file__pk", removed_at="file__removed_at"),
    )


def requests(customer_id: int) -> QuerySet[Any]:
    """Each step of what was asked of another person."""
    return _line(
        Event.objects.filter(customer_id=customer_id, subject_type="request"),
        at="at",
        kind="work",
        what="request",
        facts=_facts(
            "verb",
            "reason",
            id="subject_id",
            of=KT("after__kind"),
            amount=KT("after__amount"),
            currency=KT("after__currency"),
            actor="actor_name",
        ),
    )


def events(customer_id: int, *, kind: str) -> QuerySet[Any]:
    """What the record alone tells: `work` on the case, or the rest (`record`)."""
    with_holds = Event.objects.filter(customer_id=customer_id, verb__in=_WITH_HOLDS, transaction__isnull=False)
    work = Q(subject_type__in=_WORK) | Q(subject_type="case") & ~Q(verb__in=_FOLLOWS)
    return _line(
        Event.objects.filter(work if kind == "work" else ~work, customer_id=customer_id)
        .exclude(subject_type__in=_TOLD_ELSEWHERE)
        .exclude(verb__in=_TOLD_BY_ANOTHER)
        .exclude(**_INSTALMENT)
        .exclude(subject_type="hold", transaction__in=with_holds.values("transaction")),
        at="at",
        kind=kind,
        what="event",
        facts=_facts(
            "verb", "reason", "before", "after", subject="subject_type", ref="subject_ref", actor="actor_name"
        ),
    )


def instalments(customer_id: int) -> QuerySet[Any]:
    """The bills of a plan, which were posted in one transaction, as one line."""
    together = (
        Event.objects.filter(customer_id=customer_id, **_INSTALMENT).order_by().values("transaction", "account_id")
    )
    return _line(
        together.annotate(
            when=Min("at"),
            parts=Count("pk"),
            first=Min(KT("after__due_on")),
            last=Max(KT("after__due_on")),
            ref=Min("subject_ref"),
            actor=Min("actor_name"),
        ),
        at="when",
        kind="record",
        what="instalments",
        facts=_facts("ref", "actor", number="parts", due_from="first", due_on="last"),
    )


def _facts(*columns: str, **others: Any) -> JSONObject:
    """Columns under their own names, and others under these."""
    return JSONObject(**{name: name for name in columns}, **others)


def _text(field: str) -> Cast:
    """Money as text: a JSON number would come back as a float."""
    return Cast(field, CharField())
