"""Write-offs and acceleration are asked for at the desk; data entry asks for reversals, refunds and final due dates alone."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

ASK = ("accounts.ask_write_off",)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0020_two_give_back"), ("accounts", "0037_write_offs_are_asked_for_apart")]

    operations = [granted({"collector": ASK, "senior-collector": ASK, "supervisor": ASK})]
