"""How much money a role gives up or pays out in one decision."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
POLICY = "House rule; set your own"
# role: (kind of decision, the most in CNY)
LIMITS = {"supervisor": (("refund", 20_000), ("write-off", 50_000))}


def limit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(alias)
    for role in apps.get_model("staff", "Role").objects.using(alias).filter(code__in=LIMITS):
        for kind, most in LIMITS[role.code]:
            limits.create(role=role, kind=kind, currency="CNY", most=most, effective_from=FIRST, source=POLICY)


def unlimit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(schema_editor.connection.alias)
    kinds = {kind for rows in LIMITS.values() for kind, _most in rows}
    limits.filter(kind__in=kinds, effective_from=FIRST, source=POLICY, role__code__in=LIMITS).delete()


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0017_reversals_are_asked_for"), ("staff", "0004_refunds_have_limits")]

    operations = [migrations.RunPython(limit, unlimit)]
