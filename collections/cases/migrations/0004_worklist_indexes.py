from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_installed_terms"),
        ("cases", "0003_stopped_of_many"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="case", name="case_open_stopped_of_many"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("clock_stopped_on__isnull", False), ("status", "open")),
                fields=["customer"],
                name="case_open_stopped",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["bucket", "clock_from_on", "id"],
                name="case_open_by_bucket",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["bucket", "currency"],
                include=["overdue_amount"],
                name="case_open_tally",
            ),
        ),
    ]
