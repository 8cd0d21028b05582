"""Who takes the list of treatments away as a file."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0008_contact_points_are_entered"), ("strategy", "0004_simulations")]

    operations = [granted({"supervisor": ("strategy.export_treatment",)})]
