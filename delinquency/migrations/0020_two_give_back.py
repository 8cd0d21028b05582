"""How much of what matched no account a role gives back in one decision; nobody knows its currency."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
POLICY = "House rule; set your own"
KIND = "refund"
# role: the most
LIMITS = {"supervisor": 20_000}


def limit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(alias)
    for role in apps.get_model("staff", "Role").objects.using(alias).filter(code__in=LIMITS):
        most = LIMITS[role.code]
        limits.create(role=role, kind=KIND, currency="", most=most, effective_from=FIRST, source=POLICY)


def unlimit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(schema_editor.connection.alias)
    limits.filter(kind=KIND, currency="", effective_from=FIRST, source=POLICY, role__code__in=LIMITS).delete()


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0019_whole_balances_climb"), ("staff", "0006_limits_without_currency")]

    operations = [migrations.RunPython(limit, unlimit)]
