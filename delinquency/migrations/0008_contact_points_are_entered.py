"""Who works a case adds the numbers and addresses that she learns."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

ENTER = ("accounts.enter_contactpoint",)


class Migration(migrations.Migration):
    dependencies = [
        ("delinquency", "0007_strategies"),
        ("accounts", "0031_contact_points_are_entered"),
    ]

    operations = [granted({"collector": ENTER, "senior-collector": ENTER, "supervisor": ENTER})]
