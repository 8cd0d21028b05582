"""Who sees what the core system is told, who asks for freezes, who decides, and who keeps the policy."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE = ("freezing.view_corecommand",)
ASK = (*SEE, "freezing.add_corecommand")
DECIDE = (*ASK, "freezing.decide_corecommand")
READ = (*SEE, "freezing.view_freezepolicy")


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0013_waivers_are_asked_for"), ("freezing", "0003_installed_policy")]

    operations = [
        granted(
            {
                "collector": ASK,
                "senior-collector": ASK,
                "supervisor": DECIDE,
                "legal-officer": SEE,
                "bureau-officer": SEE,
                "auditor": READ,
                "administrator": (*READ, "freezing.add_freezepolicy"),
            }
        ),
    ]
