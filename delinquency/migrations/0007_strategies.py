"""Who writes strategies and asks that one be put in force, who decides that, who sees them, and who decides about proposals."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE = ("strategy.view_version", "strategy.view_deployment", "strategy.view_treatment", "strategy.view_proposal")
WRITE = (*SEE, "strategy.add_version", "strategy.change_version", "strategy.activate_version")


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0006_rules_of_words"), ("strategy", "0003_installed_strategy")]

    operations = [
        granted(
            {
                "supervisor": (*WRITE, "strategy.change_proposal"),
                "administrator": WRITE,
                "legal-officer": SEE,
                "bureau-officer": SEE,
                "auditor": SEE,
            }
        )
    ]
