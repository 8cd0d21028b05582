"""Messages keep the rule of the gate that withheld them, or had them wait. Of those that were withheld before, their error said
it; by which rule others had waited was not kept."""

from django.db import migrations, models

WITHHELD = r"""
    UPDATE reminders_message SET held_by = substring(error from '^Refused by the gate: ([a-z-]+)\.')
     WHERE status = 'withheld' AND error LIKE 'Refused by the gate: %'"""


class Migration(migrations.Migration):
    dependencies = [("reminders", "0021_print_batches")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="held_by",
            field=models.CharField(blank=True, db_default="", max_length=40, verbose_name="held back by the rule"),
        ),
        migrations.RunSQL(WITHHELD, migrations.RunSQL.noop),
    ]
