"""The rules of both packs, dated, each with its source; and an index to find the places that are still held."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

STANDARD = "GB/T 45251-2025 (recommended standard, in force 2025-02-28)"
GUIDELINE = "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30)"
POLICY = "The lender's policy, as installed"
CODE = "民法典 art. 19–24, 161–163"
IN_STANDARD, IN_GUIDELINE, IN_REG_F = date(2025, 2, 28), date(2026, 1, 30), date(2021, 11, 30)

# The first migration's rules of contact points spoke of messages only: their words stand, and calls, letters and visits
# get theirs. For a message they say what they said.
POINT_BEFORE = {"relationships": ["own"], "verifications": ["verified"]}
PARTIES = ["own", "co-debtor", "guarantor"]
POINT = {
    **POINT_BEFORE,
    "channels": {
        "voice": {"relationships": PARTIES, "verifications": ["verified", "unverified"]},
        "letter": {"relationships": PARTIES},
        "visit": {"relationships": PARTIES},
    },
}
PERSON = {
    "representative_only": ["deceased", "incapacity", "minor", "represented", "bankrupt"],
    "nobody": ["fraud-victim"],
    "permission": ["vulnerable"],
    "fewer": ["hardship"],
}
THIRD = {
    "channels": ["voice"],
    "purposes": ["locate"],
    "failed_calls": 3,
    "days_running": 3,
    "recent_days": 30,
}
MESSAGES = {
    "sms": {"day": 2, "week": 5},
    "email": {"day": 1, "week": 4},
    "push": {"day": 2, "week": 7},
    "letter": {"week": 2},
    "visit": {"day": 1, "week": 2},
}
RESERVATION = {
    "minutes": {"voice": 15, "visit": 1440, "email": 1440, "sms": 1440, "push": 1440, "letter": 1440},
}

RULES: list[tuple[str, str, int, date, dict[str, Any], str]] = [
    ("cn", "person", 1, IN_STANDARD, PERSON, f"{STANDARD}; {CODE}: whoever lacks capacity acts through a representative; {POLICY}"),
    ("cn", "hold", 1, IN_STANDARD, {"kinds": ["contact"]}, POLICY),
    (
        *("cn", "third-person", 1, IN_STANDARD, THIRD),
        f"{STANDARD}: contacts only if the debtor cannot be reached; stop when they refuse; never the debt; test: {POLICY}",
    ),
    (
        *("cn", "third-person", 2, IN_GUIDELINE, THIRD),
        f"{GUIDELINE}: number invalid, three calls in a row failed (next day), or unreachable three days running",
    ),
    (
        *("cn", "calls-a-day", 1, IN_STANDARD, {"most": 3, "hardship_most": 1}),
        f"{STANDARD}: at most 3 effective voice calls a debtor a day; under hardship: {POLICY}",
    ),
    (
        *("cn", "unanswered-a-day", 1, IN_STANDARD, {"most": 6}),
        f"{POLICY}; from 2026-01-30 {GUIDELINE}",
    ),
    (
        *("cn", "unanswered-a-day", 2, IN_GUIDELINE, {"most": 6}),
        f"{GUIDELINE}: at most 6 unanswered attempts a day at the same number",
    ),
    ("cn", "messages", 1, IN_STANDARD, MESSAGES, POLICY),
    ("cn", "reservation", 1, IN_STANDARD, RESERVATION, POLICY),
    ("us", "person", 1, IN_REG_F, PERSON, f"12 CFR 1006.6(b)(2), 1006.6(a): attorney, representative, executor; {POLICY}"),
    ("us", "hold", 1, IN_REG_F, {"kinds": ["contact"]}, POLICY),
    ("us", "contact-point", 1, IN_REG_F, POINT, f"12 CFR 1006.6(d): no communication with third persons; {POLICY}"),
    (
        *("us", "third-person", 1, IN_REG_F, {**THIRD, "most": 1}),
        f"12 CFR 1006.10: location information only, once; when the debtor cannot be reached: {POLICY}",
    ),
    (
        *("us", "contact-hours", 1, IN_REG_F, {"opens": "08:00", "closes": "21:00"}),
        "12 CFR 1006.6(b)(1)(i): before 8:00 and after 21:00 where the person is presumed inconvenient",
    ),
    (
        *("us", "calls-a-week", 1, IN_REG_F, {"most": 7, "days": 7}),
        "12 CFR 1006.14(b)(2)(i)(A): more than 7 calls within 7 consecutive days about a debt",
    ),
    (
        *("us", "conversation-pause", 1, IN_REG_F, {"days": 7}),
        "12 CFR 1006.14(b)(2)(i)(B): within 7 consecutive days after a conversation, its day the first",
    ),
    ("us", "messages", 1, IN_REG_F, MESSAGES, POLICY),
    ("us", "reservation", 1, IN_REG_F, RESERVATION, POLICY),
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    rules.filter(pack="cn", code="contact-point", parameters=POINT_BEFORE).update(parameters=POINT)
    for pack, code, version, effective_from, parameters, source in RULES:
        rules.create(
            pack=pack, code=code, version=version, effective_from=effective_from, parameters=parameters, source=source
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for pack, code, version, *_ in RULES:
        rules.filter(pack=pack, code=code, version=version).delete()
    rules.filter(pack="cn", code="contact-point", parameters=POINT).update(parameters=POINT_BEFORE)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0005_register_rules")]

    operations = [
        migrations.RunPython(install, remove),
        migrations.AddIndex(
            model_name="contactdecision",
            index=models.Index(
                fields=["customer", "reserved_until"],
                name="decision_holding_a_place",
                condition=Q(allowed=True, reserved_until__isnull=False),
            ),
        ),
    ]
