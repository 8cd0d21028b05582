"""Everything that happened to a customer in one list: money, standings, contacts, and what people did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, JSONObject

from accounts.models import Payment, Reversal, StandingChange
from audit.models import Event
from compliance.models import ContactDecision
from reminders.models import Message

KINDS = ("contact", "money", "standing", "record")
# What has a source of its own in the list would stand in it twice.
_TOLD_ELSEWHERE = ("payment", "reversal", "message", "contactdecision", "standingchange", "standing")
LENGTH = 100


@dataclass(frozen=True)
class Entry:
    """One line: when, which kind, what, and the facts that its template words."""

    at: datetime
    kind: str
    what: str
    facts: dict[str, Any]


def timeline(customer_id: int, kind: str = "") -> list[Entry]:
    """The customer's latest entries, newest first, of one of `KINDS` or of all. One query."""
    sources = {
        "money": [_payments(customer_id), _reversals(customer_id)],
        "standing": [_standings(customer_id)],
        "contact": [_messages(customer_id), _refusals(customer_id)],
        "record": [_events(customer_id)],
    }
    chosen = sources[kind] if kind else [query for queries in sources.values() for query in queries]
    first, *others = chosen
    rows = first.union(*others, all=True) if others else first
    return [Entry(*row) for row in rows.order_by("-moment", "-what")[:LENGTH]]


def _line(rows: QuerySet[Any], *, at: str, kind: str, what: str, facts: JSONObject) -> QuerySet[Any]:
    return (
        rows.order_by()
        .annotate(moment=F(at), kind_=Value(kind, TextField()), what=Value(what, TextField()), facts=facts)
        .values_list("moment", "kind_", "what", "facts")
    )


def _payments(customer_id: int) -> QuerySet[Any]:
    return _line(
        Payment.objects.filter(account__customer_id=customer_id),
        at="recorded_at",
        kind="money",
        what="payment",
        facts=JSONObject(
            amount=_text("amount"),
            currency="account__currency",
            effective_on="effective_on",
            ref="ref",
            account="account__ref",
            channel="channel",
        ),
    )


def _reversals(customer_id: int) -> QuerySet[Any]:
    return _line(
        Reversal.objects.filter(payment__account__customer_id=customer_id),
        at="recorded_at",
        kind="money",
        what="reversal",
        facts=JSONObject(
            amount=_text("payment__amount"),
            currency="payment__account__currency",
            effective_on="effective_on",
            ref="payment__ref",
            account="payment__account__ref",
            reason="reason",
        ),
    )


def _standings(customer_id: int) -> QuerySet[Any]:
    return _line(
        StandingChange.objects.filter(account__customer_id=customer_id),
        at="recorded_at",
        kind="standing",
        what="standing",
        facts=JSONObject(
            account="account__ref",
            business_day="business_day",
            cause="cause",
            from_bucket="from_bucket",
            to_bucket="to_bucket",
            amount=_text("to_overdue_amount"),
            currency="account__currency",
        ),
    )


def _messages(customer_id: int) -> QuerySet[Any]:
    return _line(
        Message.objects.filter(customer_id=customer_id).annotate(when=Coalesce("sent_at", "created_at")),
        at="when",
        kind="contact",
        what="message",
        facts=JSONObject(id="pk", channel="channel", status="status", purpose="purpose", subject="subject"),
    )


def _refusals(customer_id: int) -> QuerySet[Any]:
    return _line(
        ContactDecision.objects.filter(customer_id=customer_id, allowed=False),
        at="decided_at",
        kind="contact",
        what="refusal",
        facts=JSONObject(
            channel="channel", purpose="purpose", rule="rule", version="rule_version", next_allowed_at="next_allowed_at"
        ),
    )


def _events(customer_id: int) -> QuerySet[Any]:
    return _line(
        Event.objects.filter(customer_id=customer_id).exclude(subject_type__in=_TOLD_ELSEWHERE),
        at="at",
        kind="record",
        what="event",
        facts=JSONObject(
            verb="verb", actor="actor_name", subject="subject_type", ref="subject_ref", reason="reason", after="after"
        ),
    )


def _text(field: str) -> Cast:
    """Money as text: a JSON number would come back as a float."""
    return Cast(field, CharField())
