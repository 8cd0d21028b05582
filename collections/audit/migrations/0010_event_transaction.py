"""Each event keeps the transaction it was written in. The default is one value for a statement: the table is not rewritten,
and what is there gets that of the migration."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.AddField(
            "event",
            "transaction",
            models.BigIntegerField(
                db_default=models.Func(function="txid_current", output_field=models.BigIntegerField()),
                editable=False,
                null=True,
            ),
        )
    ]
