"""How long recordings are kept, in either pack."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
RULES = [
    ("cn", 5, "消费金融公司管理办法 (2024): truthful, traceable records of collection, kept 5 years or more"),
    ("us", 5, "12 CFR 1006.100 asks for 3 years after the call; the lender keeps 5, as everywhere"),
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for pack, years, source in RULES:
        rules.create(
            pack=pack, code="recordings", version=1, effective_from=FIRST, parameters={"keep_years": years}, source=source
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias).filter(
        code="recordings", effective_from=FIRST
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("compliance", "0010_gate_rules")]

    operations = [migrations.RunPython(install, remove)]
