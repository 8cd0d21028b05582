"""In which time zones and under which rules people live is read from an index: a handful of values in a million rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_jurisdiction_and_permissions")]

    operations = [
        migrations.AddIndex(
            "customer", models.Index(fields=["jurisdiction", "time_zone"], name="customer_by_zone")
        )
    ]
