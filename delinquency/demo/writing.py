"""The demo's second strategy: more e-mail and SMS, and letters of demand to the few who have a postal address; and what all that
costs."""

from __future__ import annotations

from decimal import Decimal

from accounts.models import ContactKind, Customer, Origin, Verification
from accounts.services.customers import add_contact_point
from approvals import services as approvals
from audit.services import SystemActor
from compliance.models import Channel
from reminders.services.channels import add_price
from runs import clock
from staff.models import User
from strategy.models import Version
from strategy.services import versions
from strategy.services.activating import ask_activation

ACTOR = SystemActor("demo")
# Enough for a print batch that a reader can look through.
ADDRESSES = 12
# Of a message, or of a part of an SMS, in CNY; made up.
PRICES = {Channel.EMAIL: "0.002", Channel.SMS: "0.045", Channel.PUSH: "0.001", Channel.LETTER: "1.80"}
RULES = (
    {
        "code": "again",
        "title": "Another e-mail",
        "stage": "late",
        "days_from": 31,
        "days_to": 60,
        "action": "message",
        "reachable_by": Channel.EMAIL,
        "templates": ["first-late"],
    },
    {
        "code": "second",
        "title": "Second reminder",
        "stage": "late",
        "days_from": 61,
        "days_to": 90,
        "action": "message",
        "reachable_by": Channel.SMS,
        "templates": ["overdue-sms"],
    },
    {
        "code": "demand",
        "title": "Letter of demand",
        "stage": "late",
        "days_from": 91,
        "days_to": None,
        "action": "message",
        "reachable_by": Channel.LETTER,
        "templates": ["demand-letter"],
    },
)


def write_more(*, asks: User, decides: User) -> None:
    """Some of the late get a verified postal address, messages have their prices, and a strategy that writes SMS and letters is
    in force from today on."""
    for channel, each in PRICES.items():
        add_price(
            actor=ACTOR,
            channel=channel,
            provider="",
            effective_from=clock.today(),
            currency="CNY",
            each=Decimal(each),
            source="Made up for the demo",
        )
    late = Customer.objects.filter(accounts__standing__bucket__in=["M4", "M5", "M6", "M7+"]).distinct().order_by("pk")
    for number, customer in enumerate(late[:ADDRESSES], start=1):
        add_contact_point(
            actor=ACTOR,
            customer_id=customer.pk,
            kind=ContactKind.ADDRESS,
            value=f"上海市黄浦区示例路{number}号\n200003",
            source="contract",
            relationship="own",
            permitted=True,
            verification=Verification.VERIFIED,
            origin=Origin.MADE,
        )
    based_on = Version.objects.earliest("number")
    draft = versions.draft(actor=asks, title="Reminders, SMS and letters of demand", based_on=based_on.pk)
    for fields in RULES:
        draft.refresh_from_db()
        versions.add_rule(actor=asks, version_id=draft.pk, seen_edits=draft.edits, fields=fields)
    draft.refresh_from_db()
    request = ask_activation(
        actor=asks,
        version_id=draft.pk,
        seen_edits=draft.edits,
        champion_id=draft.pk,
        effective_from=clock.today(),
        reason="Those who do not answer an e-mail are written to by SMS, then by letter.",
    )
    approvals.approve(
        actor=decides, request_id=request.pk, seen_version=request.version, comment="From today on, as it was drafted."
    )
