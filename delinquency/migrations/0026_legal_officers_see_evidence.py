"""Legal officers read the documents behind customer flags: a death, a bankruptcy, a mandate are theirs to act on."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted


class Migration(migrations.Migration):
    dependencies = [
        ("delinquency", "0025_promises_beyond_limits"),
        ("compliance", "0066_who_attached_a_recording"),
    ]

    operations = [granted({"legal-officer": ("compliance.view_customerflag",)})]
