"""Who asks for plans, records their signature, decides about them, and takes them away as a file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import migrations

from delinquency.granting import granted

SEE = ("restructuring.view_plan",)
ASK = (*SEE, "restructuring.ask_plan", "restructuring.sign_plan")
RULES = tuple(f"restructuring.{verb}_planrule" for verb in ("view", "add"))


FIRST = date(1990, 1, 1)
POLICY = "Installed with plans: the lender's own choice, to be set"


def limit(apps, schema_editor):
    """A supervisor decides up to an amount; beyond it nobody does until an administrator gives somebody more."""
    alias = schema_editor.connection.alias
    role = apps.get_model("staff", "Role").objects.using(alias).filter(code="supervisor").first()
    if role is not None:
        apps.get_model("staff", "AuthorityLimit").objects.using(alias).create(
            role=role, kind="restructuring", currency="CNY", most=Decimal(100_000), effective_from=FIRST, source=POLICY
        )


def unlimit(apps, schema_editor):
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(schema_editor.connection.alias)
    limits.filter(kind="restructuring", effective_from=FIRST, source=POLICY).delete()


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0011_deputies"), ("restructuring", "0003_what_was_agreed_stays")]

    operations = [
        granted(
            {
                "collector": ASK,
                "senior-collector": ASK,
                "supervisor": (*ASK, "restructuring.decide_plan", "restructuring.export_plan"),
                "legal-officer": SEE,
                "bureau-officer": SEE,
                "auditor": (*SEE, "restructuring.export_plan", "restructuring.view_planrule"),
                "administrator": (*SEE, *RULES, "restructuring.export_plan"),
            }
        ),
        migrations.RunPython(limit, unlimit),
    ]
