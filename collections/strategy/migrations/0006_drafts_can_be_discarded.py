"""A draft can be given up: it keeps its number and its rules."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('strategy', '0005_who_wrote_it'),
    ]

    operations = [
        migrations.AlterField(
            model_name='version',
            name='status',
            field=models.CharField(choices=[('draft', 'Draft'), ('approved', 'Approved'), ('discarded', 'Discarded')], default='draft', max_length=10, verbose_name='state'),
        ),
    ]
