"""Legal officers read the documents behind customer flags: a death, a bankruptcy, a mandate are theirs to act on. So do those
who see the flags' register, as before."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

READ = ("compliance.read_evidence",)


class Migration(migrations.Migration):
    dependencies = [
        ("delinquency", "0025_promises_beyond_limits"),
        ("compliance", "0067_evidence_is_read"),
    ]

    operations = [
        granted({"supervisor": READ, "auditor": READ, "administrator": READ, "legal-officer": READ}),
    ]
