"""The policies that everyone starts from; a lender adds its own rows on the data-entry pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
POLICY = "The lender's policy, as installed"
ROWS: list[dict[str, Any]] = [
    {
        "code": "discretion",
        "title": "At our discretion",
        "reasons": ["lender-error", "complaint", "goodwill", "hardship"],
        "yearly_cap": 5000,
    },
    {
        "code": "first-time",
        "title": "First time late, and repays",
        "reasons": ["first", "repayment"],
        "repays_within_days": 7,
        "first_in_months": 12,
        "yearly_cap": 500,
        "automatic_up_to": 50,
    },
    {"code": "hardship", "title": "Hardship relief", "reasons": ["hardship"], "in_hardship": True, "yearly_cap": 10000},
    {
        "code": "repayment",
        "title": "Repays of her own accord",
        "reasons": ["repayment", "first"],
        "repays_within_days": 30,
        "most_percent": 50,
        "yearly_cap": 1000,
    },
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policies = apps.get_model("waivers", "WaiverPolicy").objects.using(schema_editor.connection.alias)
    for row in ROWS:
        policies.create(currency="CNY", effective_from=FIRST, source=POLICY, **row)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policies = apps.get_model("waivers", "WaiverPolicy").objects.using(schema_editor.connection.alias)
    policies.filter(effective_from=FIRST, source=POLICY, code__in=[row["code"] for row in ROWS]).delete()


class Migration(migrations.Migration):
    dependencies = [("waivers", "0002_decided_by_another")]

    operations = [migrations.RunPython(install, remove)]
