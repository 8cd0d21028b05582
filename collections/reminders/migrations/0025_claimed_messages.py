"""What workers hold is found by an index of its own: by the whole outbox it was searched for with every batch. And nobody looks
for keys by their beginning, which `unique` had an index for, to be written at each change of a message."""

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
        migrations.AddConstraint(
            model_name="message", constraint=models.UniqueConstraint(fields=["key"], name="message_key_once")
        ),
        migrations.AlterField(
            model_name="message", name="key", field=models.CharField(max_length=100, verbose_name="key")
        ),
    ]
