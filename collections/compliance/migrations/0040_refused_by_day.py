"""Refusals of what people asked for are counted by day on the team board."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0020_recordings_are_kept")]

    operations = [
        migrations.AddIndex(
            "contactdecision",
            models.Index(
                fields=["decided_at", "actor", "rule"],
                name="decision_refused",
                condition=models.Q(allowed=False, actor__isnull=False),
            ),
        )
    ]
