"""Who takes the list of treatments away as a file."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0007_strategies"), ("strategy", "0010_simulations")]

    operations = [granted({"supervisor": ("strategy.export_treatment",)})]
