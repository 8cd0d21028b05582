"""Supervisors take printed letters to the printer and the post, and legal officers, who have to prove that they went."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

PRINT = ("reminders.print_letter",)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0021_the_desk_asks_for_write_offs"), ("reminders", "0021_print_batches")]

    operations = [granted({"supervisor": PRINT, "legal-officer": PRINT})]
