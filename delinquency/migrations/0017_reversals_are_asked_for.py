"""Nobody reverses a payment alone: data entry asks for it, as the desk does, and another person decides."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted, revoked


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0016_money_is_decided")]

    operations = [
        revoked({"data-entry": ("accounts.add_reversal", "accounts.change_reversal")}),
        granted({"data-entry": ("accounts.ask_money",)}),
    ]
