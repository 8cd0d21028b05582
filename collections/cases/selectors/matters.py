"""What stands open on a case: the promise, disputes, holds, deferrals that are asked for, flags, agreed hours, complaints, calls
that are asked for or allowed; and how its customer can be reached. All in one query: the page asks for much."""

from __future__ import annotations

import functools
import json
from base64 import b64decode
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Greatest, JSONObject

from accounts.models import ContactPoint, Hold
from accounts.models.book import MoneyField
from approvals.models import OPEN, Request
from cases.models import CallTask, Case, Dispute, DisputeStatus, Promise, PromiseInstalment, PromiseStatus
from compliance.models import (
    Channel,
    Complaint,
    ComplaintStatus,
    Contact,
    ContactAgreement,
    ContactDecision,
    CustomerFlag,
    OptOut,
    Purpose,
)
from reminders.models import Message
from runs.prepared import THE_DAY, THE_MOMENT, Statement, rows_of, statement_of
from staff.models import User

# The kinds of requests that ask for a deferral and for its end.
DEFERRAL, DEFERRAL_END = "deferral", "deferral-end"

Matters = dict[str, list[dict[str, Any]]]
# Stand for what the kept statement is asked about; no key is negative.
_CASE, _ACTOR = Case(pk=-7_031, customer_id=-7_032), User(pk=-7_033)


def matters(case: Case, *, actor: User, day: date, now: datetime) -> Matters:
    """Kind → its rows that are open on `day`, each a dict of facts, oldest first. One query, however many there are.

    `promise`: `next_on`, the day of its first part that is not judged yet. `reservation`: the actor's own allowed contact that
    is not used, replaced or expired at `now`; `place`: the same of others' calls. `point`: see `points_of`.
    """
    given = {_CASE.pk: case.pk, _CASE.customer_id: case.customer_id, _ACTOR.pk: actor.pk, THE_DAY: day, THE_MOMENT: now}
    found: Matters = defaultdict(list)
    for kind, _key, facts in rows_of(_statement(), given):
        found[kind].append(json.loads(facts))
    return found


@functools.cache
def _statement() -> Statement:
    case, actor, day, now = _CASE, _ACTOR, THE_DAY, THE_MOMENT
    first, *others = (
        _promises(case),
        _disputes(case),
        _holds(case, day),
        _flags(case),
        _agreements(case),
        _complaints(case),
        _reservations(case, actor, now),
        _places(case, actor, now),
        _points(case),
        _opt_outs(case),
        _calls(case),
        _deferrals(case, now),
    )
    return statement_of(first.union(*others, all=True).order_by("kind_", "key_"))


def points_of(found: Matters) -> list[ContactPoint]:
    """The customer's contact points among what `matters` found."""
    ciphers = ("value_cipher", "name_cipher")
    return [
        ContactPoint(**{**facts, **{name: b64decode(facts[name]) for name in ciphers if facts[name]}})
        for facts in found["point"]
    ]


def _lines(rows: QuerySet[Any], matter: str, /, **facts: Any) -> QuerySet[Any]:
    return (
        rows.order_by()
        .annotate(kind_=Value(matter, TextField()), key_=F("pk"), facts_=JSONObject(id="pk", **facts))
        .values_list("kind_", "key_", "facts_")
    )


def _promises(case: Case) -> QuerySet[Any]:
    instalments = (
        PromiseInstalment.objects.filter(promise=OuterRef("pk"))
        .order_by("number")
        .values_list(JSONObject(due_on="due_on", amount=_text("amount"), status="status", got=_text("got")))
    )
    return _lines(
        Promise.objects.filter(case=case, status=PromiseStatus.OPEN),
        "promise",
        version="version",
        amount=_text("amount"),
        got=_text("got"),
        rest=_text(Greatest(F("amount") - F("got"), Decimal(0), output_field=MoneyField())),
        currency="currency",
        made_on="made_on",
        by="taken_by_name",
        instalments=ArraySubquery(instalments),
        next_on=Subquery(
            PromiseInstalment.objects.filter(promise=OuterRef("pk"), status=PromiseStatus.OPEN)
            .order_by("number")
            .values("due_on")[:1]
        ),
    )


def _disputes(case: Case) -> QuerySet[Any]:
    return _lines(
        Dispute.objects.filter(case=case, status=DisputeStatus.OPEN),
        "dispute",
        version="version",
        reason="reason",
        opened_on="opened_on",
        due_on="due_on",
        statement="statement",
        account="account__ref",
    )


def _holds(case: Case, day: date) -> QuerySet[Any]:
    return _lines(
        Hold.objects.filter(account__customer=case.customer_id, withdrawn_at=None).filter(
            Q(ends_on=None) | Q(ends_on__gte=day)
        ),
        "hold",
        kind="kind",
        account="account__ref",
        starts_on="starts_on",
        ends_on="ends_on",
        reason="reason",
        in_part=Q(covers__isnull=False),
        by_dispute=Exists(Dispute.objects.filter(holds=OuterRef("pk"), status=DisputeStatus.OPEN)),
    )


def _flags(case: Case) -> QuerySet[Any]:
    return _lines(
        CustomerFlag.objects.filter(customer=case.customer_id, ended_at=None),
        "flag",
        kind="kind",
        from_on="from_on",
        until_on="until_on",
        evidence="evidence",
        has_document=~Q(evidence_file=""),
    )


def _agreements(case: Case) -> QuerySet[Any]:
    return _lines(
        ContactAgreement.objects.filter(customer=case.customer_id, revoked_at=None),
        "hours",
        opens=_text("opens"),
        closes=_text("closes"),
        until_on="until_on",
    )


def _complaints(case: Case) -> QuerySet[Any]:
    return _lines(
        Complaint.objects.filter(customer=case.customer_id, status=ComplaintStatus.OPEN),
        "complaint",
        ref="ref",
        reason="reason",
        due_on="due_on",
        about="about_id",
    )


def held_by(actor: User, customer_id: int) -> QuerySet[ContactDecision]:
    """What the gate allowed `actor` to do by hand to a customer and she has not entered: neither used nor replaced since."""
    return _held(customer_id).filter(actor=actor)


def _held(customer_id: int) -> QuerySet[ContactDecision]:
    return ContactDecision.objects.filter(
        ~Exists(Contact.objects.filter(decision=OuterRef("pk"))),
        ~Exists(ContactDecision.objects.filter(replaces=OuterRef("pk"))),
        ~Exists(Message.objects.filter(decision=OuterRef("pk"))),
        customer=customer_id,
        actor__isnull=False,
        allowed=True,
    ).exclude(purpose=Purpose.INBOUND)


# Of an allowed contact, what the page wants to know: fact → where it stands.
RESERVATION = {
    "point": "contact_point_id",
    "channel": "channel",
    "purpose": "purpose",
    "account": "account_id",
    "at": "decided_at",
    "until": "reserved_until",
}


def _reservations(case: Case, actor: User, now: datetime) -> QuerySet[Any]:
    return _lines(held_by(actor, case.customer_id).filter(reserved_until__gt=now), "reservation", **RESERVATION)


def _places(case: Case, actor: User, now: datetime) -> QuerySet[Any]:
    """The places that others hold for calls."""
    held = _held(case.customer_id).filter(reserved_until__gt=now, channel=Channel.VOICE).exclude(actor=actor)
    return _lines(held, "place", by="actor_name", until="reserved_until")


def _points(case: Case) -> QuerySet[Any]:
    return _lines(
        ContactPoint.objects.filter(customer=case.customer_id),
        "point",
        kind="kind",
        value_cipher=_base64("value_cipher"),
        name_cipher=_base64("name_cipher"),
        source="source",
        relationship="relationship",
        permitted="permitted",
        verification="verification",
    )


def _opt_outs(case: Case) -> QuerySet[Any]:
    return _lines(
        OptOut.objects.filter(customer=case.customer_id, withdrawn_at=None),
        "opt-out",
        point="contact_point_id",
        channel="channel",
        at="opted_out_at",
    )


def _calls(case: Case) -> QuerySet[Any]:
    return _lines(
        CallTask.objects.filter(case=case, done_at=None),
        "call",
        wanted_on="wanted_on",
        wanted_at=_text("wanted_at"),
        reason="reason",
    )


def _deferrals(case: Case, now: datetime) -> QuerySet[Any]:
    """What is asked for and waits for another person, or was sent back to who asked."""
    return _lines(
        Request.objects.filter(
            customer=case.customer_id, kind__in=(DEFERRAL, DEFERRAL_END), status__in=OPEN, expires_at__gt=now
        ),
        "deferral",
        kind="kind",
        status="status",
        preview="preview",
        reason="reason",
        by="requested_by_name",
        by_id="requested_by",
        expires_at="expires_at",
    )


def _base64(field: str) -> Func:
    return Func(F(field), Value("base64"), function="encode", output_field=TextField())


def _text(field: str | Greatest) -> Cast:
    """Money and hours as text: a JSON number would come back as a float."""
    return Cast(field, CharField())
