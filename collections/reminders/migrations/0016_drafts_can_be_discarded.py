"""A draft can be given up: it keeps its number and its words."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reminders', '0015_where_texts_are_personal'),
    ]

    operations = [
        migrations.AlterField(
            model_name='templateversion',
            name='status',
            field=models.CharField(choices=[('draft', 'Draft'), ('approved', 'Approved'), ('retired', 'Retired'), ('discarded', 'Discarded')], default='draft', max_length=10, verbose_name='state'),
        ),
    ]
