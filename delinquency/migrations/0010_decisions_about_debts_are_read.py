"""Whoever reads the book reads what was decided about its debts."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

READ = tuple(f"accounts.view_{model}" for model in ("relief", "reliefreversal", "watch", "acceleration"))


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0009_treatments_are_exported"), ("accounts", "0033_decisions_about_a_debt")]

    operations = [granted({"auditor": READ, "administrator": READ, "data-entry": READ})]
