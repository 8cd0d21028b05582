"""Who asks for plans, records their signature, decides about them, and takes them away as a file."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE = ("restructuring.view_plan",)
ASK = (*SEE, "restructuring.ask_plan", "restructuring.sign_plan")
RULES = tuple(f"restructuring.{verb}_planrule" for verb in ("view", "add"))


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0010_decisions_about_debts_are_read"), ("restructuring", "0002_installed_rule")]

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
        )
    ]
