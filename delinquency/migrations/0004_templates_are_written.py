"""Who writes what goes out to people, and who approves it."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE = ("reminders.view_template",)
WRITE = (*SEE, "reminders.add_template", "reminders.change_template")
APPROVE = (*SEE, "reminders.approve_template")


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0003_channels_and_reviews"), ("reminders", "0007_installed_templates")]

    operations = [
        granted(
            {
                "supervisor": (*WRITE, *APPROVE),
                "legal-officer": APPROVE,
                "administrator": WRITE,
                "auditor": SEE,
            }
        )
    ]
