"""From when on a first payment is said to be far away is the lender's own rule, dated as the others are."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restructuring", "0006_plans_that_take_anothers_place")]

    operations = [
        migrations.AddField(
            model_name="planrule",
            name="far_away_days",
            field=models.PositiveSmallIntegerField(
                default=62,
                help_text="Who makes the offer is warned, and nothing is forbidden: the lender's own",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(366),
                ],
                verbose_name="a first payment is far away after, days",
            ),
        ),
        migrations.AddConstraint(
            model_name="planrule",
            constraint=models.CheckConstraint(
                condition=models.Q(far_away_days__range=(1, 366)), name="plan_rule_far_away_in_range"
            ),
        ),
    ]
