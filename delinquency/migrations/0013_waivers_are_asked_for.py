"""Who asks for waivers, who decides about them and how far, who sees them and who keeps the policies."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from delinquency.granting import granted

FIRST = date(2020, 1, 1)
POLICY = "The lender's policy, as installed"
# The most that a role waives in one decision, in CNY.
LIMITS = {"senior-collector": 200, "supervisor": 5000}
SEE = ("waivers.view_waiver",)
ASK = (*SEE, "waivers.add_waiver")
DECIDE = (*ASK, "waivers.decide_waiver")
READ = (*SEE, "waivers.view_waiverpolicy")


def limit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(alias)
    for role in apps.get_model("staff", "Role").objects.using(alias).filter(code__in=LIMITS):
        limits.create(
            role=role, kind="waiver", currency="CNY", most=LIMITS[role.code], effective_from=FIRST, source=POLICY
        )


def unlimit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(schema_editor.connection.alias)
    limits.filter(kind="waiver", effective_from=FIRST, source=POLICY, role__code__in=LIMITS).delete()


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0012_plans"), ("waivers", "0003_installed_policies")]

    operations = [
        granted(
            {
                "collector": ASK,
                "senior-collector": DECIDE,
                "supervisor": (*DECIDE, "waivers.export_waiver", "waivers.view_waiverpolicy"),
                "legal-officer": SEE,
                "bureau-officer": SEE,
                "auditor": (*READ, "waivers.export_waiver"),
                "administrator": (*READ, "waivers.add_waiverpolicy"),
            }
        ),
        migrations.RunPython(limit, unlimit),
    ]
