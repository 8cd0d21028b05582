"""Administrators put harmless words in force; auditors see them."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE, ADD = "reminders.view_harmlesswords", "reminders.add_harmlesswords"


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0022_letters_are_posted"), ("reminders", "0024_installed_harmless_words")]

    operations = [granted({"auditor": (SEE,), "administrator": (SEE, ADD)})]
