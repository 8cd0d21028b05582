from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0042_contact_persons_have_names"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(Upper("name"), name="customer_by_name_any_case"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                Upper(
                    models.Func(
                        "name",
                        template="split_part(%(expressions)s, ' ', -1)",
                        output_field=models.CharField(),
                    )
                ),
                name="customer_by_last_word",
            ),
        ),
        # What an index works out has statistics of its own: without them a rare name is taken for one of many, and every case
        # is gone through for it.
        migrations.RunSQL("ANALYZE accounts_customer", migrations.RunSQL.noop),
    ]
