from django.conf import settings
from django.db import migrations, models

# Call backs were told by their reason alone. The day without an hour begins where the lender is.
FILL = """
    UPDATE cases_calltask SET promised = true WHERE done_at IS NULL AND reason = 'customer-asked';
    UPDATE cases_case k SET call_back_at = b.at
      FROM (SELECT t.case_id, min((t.wanted_on + coalesce(t.wanted_at, '00:00'))
                   AT TIME ZONE CASE WHEN t.wanted_at IS NULL THEN %s ELSE u.time_zone END) AS at
              FROM cases_calltask t JOIN cases_case c ON c.id = t.case_id JOIN accounts_customer u ON u.id = c.customer_id
             WHERE t.promised AND t.done_at IS NULL GROUP BY 1) b
     WHERE b.case_id = k.id"""


def fill(apps, schema_editor):
    schema_editor.execute(FILL, [settings.TIME_ZONE])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0041_contact_points_are_verified'),
        ('cases', '0020_promises_beyond_limits'),
        ('staff', '0006_limits_without_currency'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='case',
            name='case_own_due',
        ),
        migrations.AddField(
            model_name='calltask',
            name='promised',
            field=models.BooleanField(db_default=False, default=False, help_text='The customer asked for it, and waits for it', verbose_name='promised'),
        ),
        migrations.AddField(
            model_name='case',
            name='call_back_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='to be called back from'),
        ),
        migrations.AlterField(
            model_name='case',
            name='wait_for',
            field=models.CharField(blank=True, choices=[('follow-up', 'Follow-up'), ('call-back', 'Call back agreed for later'), ('promise', 'Promise not due yet'), ('dispute', 'In dispute'), ('hold', 'On hold'), ('flag', 'Customer flag'), ('gate', 'May not be contacted now')], db_default='', max_length=10, verbose_name='waits for'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('status', 'open'), models.Q(('call_back_at__isnull', False), ('follow_up_on__isnull', False), ('promise_broken_on__isnull', False), _connector='OR')), fields=['assignee', '-priority', 'id'], name='case_own_due'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('assignee__isnull', True), ('call_back_at__isnull', False), ('status', 'open')), fields=['call_back_at'], name='case_to_call_back'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
