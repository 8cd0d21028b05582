"""How far ahead a follow-up may lie, by the terms of work; 180 days under those there are, as it was before."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0017_what_is_taken'),
    ]

    operations = [
        migrations.AddField(
            model_name='workterms',
            name='follow_up_days',
            field=models.PositiveSmallIntegerField(default=180, help_text='Who wants to wait longer means something else: a hold, or a deferral', verbose_name='days ahead of a follow-up, at most'),
        ),
    ]
