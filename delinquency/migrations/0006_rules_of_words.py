"""Administrators put rules for words in force; auditors see them."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

MODELS = ("writingrule", "debtwords", "optoutwords")
SEE = tuple(f"reminders.view_{model}" for model in MODELS)
ADD = tuple(f"reminders.add_{model}" for model in MODELS)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0005_opt_outs_and_receipts"), ("reminders", "0012_rules_of_words_are_entered")]

    operations = [granted({"auditor": SEE, "administrator": (*SEE, *ADD)})]
