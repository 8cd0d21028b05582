from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0062_outcomes_that_are_flags")]

    operations = [
        migrations.AlterField(
            model_name="contactdecision",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("reminder", "Reminder"),
                    ("collection", "Collection"),
                    ("locate", "Asking how to reach the debtor"),
                    ("notice", "Notice required by law"),
                    ("signing", "Signing an agreement"),
                    ("inbound", "The person came to us"),
                ],
                max_length=20,
                verbose_name="purpose",
            ),
        ),
    ]
