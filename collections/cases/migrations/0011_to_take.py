"""The index that "take next" reads also holds from when a case is free: what waits is passed over without reading it."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_versions")]

    operations = [
        migrations.RemoveIndex("case", "case_to_take"),
        migrations.AddIndex(
            "case",
            models.Index(
                models.F("team"),
                models.F("priority").desc(),
                models.F("id"),
                Coalesce("wait_until", "opened_at"),
                name="case_to_take",
                condition=models.Q(status="open", assignee__isnull=True),
            ),
        ),
    ]
