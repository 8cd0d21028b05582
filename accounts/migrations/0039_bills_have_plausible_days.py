from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0038_judged_by_a_day_that_began"),
    ]

    operations = [
        migrations.AddField(
            model_name="productterms",
            name="bill_days_back",
            field=models.PositiveSmallIntegerField(
                default=1830,
                help_text="A bill entered by hand is dated so many days before today at most: what is older is mostly a slip",
                verbose_name="days back of a bill",
            ),
        ),
        migrations.AddField(
            model_name="productterms",
            name="bill_days_ahead",
            field=models.PositiveSmallIntegerField(
                default=400,
                help_text="A bill entered by hand is due in so many days at most: what is later is mostly a slip",
                verbose_name="days ahead of a bill",
            ),
        ),
    ]
