"""What workers hold is found by an index of its own: by the whole outbox it was searched for with every batch."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reminders", "0024_installed_harmless_words")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["channel", "claim"], name="message_claimed", condition=models.Q(status="claimed")
            ),
        ),
    ]
