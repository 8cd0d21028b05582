"""So many simulations of strategies at once, by the terms of work; two under those there are."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0014_clock_has_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='workterms',
            name='simulations',
            field=models.PositiveSmallIntegerField(default=2, help_text='Of strategies, by everybody together; each person has one', validators=[django.core.validators.MinValueValidator(1)], verbose_name='simulations at once'),
        ),
    ]
