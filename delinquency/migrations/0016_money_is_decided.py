"""Who asks for reversals, refunds, write-offs and acceleration, and who decides."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

ASK = ("accounts.ask_money",)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0015_payments_are_matched"), ("accounts", "0035_money_is_decided")]

    operations = [
        granted({"collector": ASK, "senior-collector": ASK, "supervisor": (*ASK, "accounts.decide_money")}),
    ]
