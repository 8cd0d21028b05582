"""A simulation tells for how many days it was asked, where fewer were closed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('strategy', '0006_drafts_can_be_discarded'),
    ]

    operations = [
        migrations.AddField(
            model_name='simulation',
            name='asked_days',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='days asked for'),
        ),
    ]
