"""How large a balance a role calls due, or moves to another day, in one decision."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
POLICY = "House rule; set your own"
KIND = "acceleration"
# role: the most in CNY
LIMITS = {"supervisor": 50_000}


def limit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(alias)
    for role in apps.get_model("staff", "Role").objects.using(alias).filter(code__in=LIMITS):
        most = LIMITS[role.code]
        limits.create(role=role, kind=KIND, currency="CNY", most=most, effective_from=FIRST, source=POLICY)


def unlimit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(schema_editor.connection.alias)
    limits.filter(kind=KIND, effective_from=FIRST, source=POLICY, role__code__in=LIMITS).delete()


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0018_money_has_limits"), ("staff", "0005_accelerations_have_limits")]

    operations = [migrations.RunPython(limit, unlimit)]
