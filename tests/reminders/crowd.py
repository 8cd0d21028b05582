"""Many messages at once: what factories would make one by one, copied in few statements."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model

from reminders.models import Message
from tests.factories import (
    AccountFactory,
    ContactPointFactory,
    CustomerFactory,
    DecisionFactory,
    MessageFactory,
    StandingFactory,
)
from tests.reminders.conftest import DAY, DUE, NOON

M = TypeVar("M", bound=Model)
TEMPLATES = {"email": ("email", "first-late"), "sms": ("mobile", "overdue-sms")}


def queue_many(channel: str, count: int, *, at: datetime = NOON, **customer: Any) -> list[Message]:
    """So many messages due at `at`, each to a customer of her own about an account of hers that is late."""
    kind, template = TEMPLATES[channel]
    person = CustomerFactory(**{"locale": "zh-Hans", **customer})
    address = {"clear": "13800002046"} if kind == "mobile" else {}
    point = ContactPointFactory(customer=person, kind=kind, **address)
    account = AccountFactory(customer=person)
    standing = StandingFactory(account=account, overdue_since=DUE, late_on=DAY, bucket="M1")
    until = at + timedelta(days=1)
    decision = DecisionFactory(customer=person, contact_point=point, channel=channel, at=at, reserved_until=until)
    message = MessageFactory(
        key=f"crowd:{channel}",
        customer=person,
        contact_point=point,
        decision=decision,
        channel=channel,
        template=template,
        language="zh-hans",
        context={"accounts": [{"id": account.pk, "ref": account.ref}]},
        status="queued",
        send_after=at,
        header_id=f"<crowd-{channel}@example.com>",
        sent_at=None,
        attempts=0,
        subject="",
        body="",
    )
    people = _copies(person, [{"ref": f"{person.ref}-{number}"} for number in range(1, count)])
    points = _copies(point, [{"customer_id": person.pk} for person in people])
    accounts = _copies(account, [{"customer_id": owner.pk, "ref": f"{account.ref}-{owner.pk}"} for owner in people])
    _copies(standing, [{"account_id": account.pk} for account in accounts])
    decisions = _copies(
        decision,
        [{"customer_id": owner.pk, "contact_point_id": point.pk} for owner, point in zip(people, points, strict=True)],
    )
    others = _copies(
        message,
        [
            {
                "key": f"crowd:{channel}:{owner.pk}",
                "customer_id": owner.pk,
                "contact_point_id": point.pk,
                "decision_id": decided.pk,
                "header_id": f"<crowd-{channel}-{owner.pk}@example.com>",
                "context": {"accounts": [{"id": account.pk, "ref": account.ref}]},
            }
            for owner, point, account, decided in zip(people, points, accounts, decisions, strict=True)
        ],
    )
    assert Message.objects.filter(channel=channel, status="queued").count() == count
    return [message, *others]


def _copies(one: M, changes: list[dict[str, Any]]) -> list[M]:
    """Copies of a row, each with its own values in some fields."""
    made = []
    for values in changes:
        other = copy(one)
        other._state = copy(one._state)
        # What was cached of the first one's foreign keys is not the copy's.
        other._state.fields_cache = {}
        if "account_id" not in values or one._meta.pk.name == "id":
            other.pk = None
        for name, value in values.items():
            setattr(other, name, value)
        made.append(other)
    return list(type(one)._default_manager.bulk_create(made, batch_size=2_000))
