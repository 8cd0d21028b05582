"""A hold of contact may be about some of its account's bills alone, and a standing tells what is overdue beside them. Those there are stay
about the whole account."""

import accounts.models.book
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0039_bills_have_plausible_days'),
    ]

    operations = [
        migrations.AddField(
            model_name='hold',
            name='covers',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), editable=False, null=True, size=None, verbose_name='bills that it is about'),
        ),
        migrations.AddField(
            model_name='standing',
            name='beside_amount',
            field=accounts.models.book.MoneyField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='overdue beside what is held'),
        ),
        migrations.AddField(
            model_name='standing',
            name='beside_from_on',
            field=models.DateField(blank=True, null=True, verbose_name='its days count from'),
        ),
        migrations.AddField(
            model_name='standing',
            name='beside_since',
            field=models.DateField(blank=True, null=True, verbose_name='overdue beside what is held since'),
        ),
        migrations.AddField(
            model_name='standingchange',
            name='to_beside_amount',
            field=accounts.models.book.MoneyField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='to overdue beside what is held'),
        ),
        migrations.AddField(
            model_name='standingchange',
            name='to_beside_since',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('covers__isnull', True), ('kind__in', ('contact', 'treatment')), _connector='OR'), name='hold_of_bills_of_contact'),
        ),
    ]
