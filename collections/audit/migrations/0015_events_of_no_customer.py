from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0014_events_of_few")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["subject_type", "subject_id"], name="event_of_no_customer", condition=models.Q(customer_id=None)
            ),
        ),
    ]
