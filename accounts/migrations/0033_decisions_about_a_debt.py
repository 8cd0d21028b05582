"""Reliefs, watch periods and accelerations; reliefs and their reversals are append-only, whoever asks."""

import accounts.models.book
import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER accounts_relief_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_relief
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_reliefreversal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_reliefreversal
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""

BACKWARD = """
DROP TRIGGER accounts_reliefreversal_append_only ON accounts_reliefreversal;
DROP TRIGGER accounts_relief_append_only ON accounts_relief;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0032_clock_has_words'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReliefReversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_on', models.DateField(verbose_name='effective on')),
                ('recorded_at', models.DateTimeField(verbose_name='known since')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'reversal of a relief',
                'verbose_name_plural': 'reversals of reliefs',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Watch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('floor', models.CharField(choices=[('normal', 'Normal'), ('special-mention', 'Special mention'), ('substandard', 'Substandard'), ('doubtful', 'Doubtful'), ('loss', 'Loss')], max_length=20, verbose_name='no better than')),
                ('starts_on', models.DateField(verbose_name='first day')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='last day')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('known_from', models.DateTimeField(verbose_name='known since')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
            ],
            options={
                'verbose_name': 'watch period',
                'verbose_name_plural': 'watch periods',
                'ordering': ['account', 'starts_on', 'id'],
            },
        ),
        migrations.AddField(
            model_name='bill',
            name='kind',
            field=models.CharField(choices=[('statement', 'Statement'), ('plan', 'Instalment of a plan'), ('refund', 'Refund of waiting credit')], db_default='statement', default='statement', max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='kind',
            field=models.CharField(choices=[('charge', 'Charge'), ('payment', 'Payment'), ('reversal', 'Reversal'), ('late-fee', 'Late fee'), ('waiver', 'Waiver'), ('closure', 'Taken over by a plan'), ('roll-over', 'Roll-over'), ('adjustment', 'Adjustment')], max_length=10, verbose_name='kind'),
        ),
        migrations.CreateModel(
            name='Acceleration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField(verbose_name='all due on')),
                ('notified_on', models.DateField(verbose_name='debtor notified on')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('known_from', models.DateTimeField(verbose_name='known since')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accelerations', to='accounts.account', verbose_name='account')),
            ],
            options={
                'verbose_name': 'acceleration',
                'verbose_name_plural': 'accelerations',
                'ordering': ['account', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Relief',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=64, unique=True, verbose_name='reference')),
                ('kind', models.CharField(choices=[('waiver', 'Waiver'), ('closure', 'Taken over by a plan'), ('discount', 'Discount'), ('write-off', 'Write-off')], max_length=10, verbose_name='kind')),
                ('amount', accounts.models.book.MoneyField(decimal_places=2, max_digits=14, verbose_name='amount')),
                ('effective_on', models.DateField(verbose_name='effective on')),
                ('recorded_at', models.DateTimeField(verbose_name='known since')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reliefs', to='accounts.account', verbose_name='account')),
                ('bill', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.bill', verbose_name='bill')),
            ],
            options={
                'verbose_name': 'relief',
                'verbose_name_plural': 'reliefs',
                'ordering': ['-effective_on', '-id'],
            },
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='relief',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.relief', verbose_name='relief'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('relief__isnull', False)), fields=['account'], name='entry_of_relief'),
        ),
        migrations.AddField(
            model_name='reliefreversal',
            name='relief',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='accounts.relief', verbose_name='relief'),
        ),
        migrations.AddField(
            model_name='watch',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='watches', to='accounts.account', verbose_name='account'),
        ),
        migrations.AddConstraint(
            model_name='acceleration',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('account',), name='one_acceleration_in_force'),
        ),
        migrations.AddConstraint(
            model_name='acceleration',
            constraint=models.CheckConstraint(condition=models.Q(('due_on__gte', models.F('notified_on'))), name='accelerated_after_notice'),
        ),
        migrations.AddConstraint(
            model_name='relief',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='relief_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='watch',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='watch_ends_after_start'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
