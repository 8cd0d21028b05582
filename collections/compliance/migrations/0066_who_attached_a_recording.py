import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Of those that there are, the record tells who it was.
FILL = """
    UPDATE compliance_recording r SET added_by_id = u.id
      FROM compliance_contact c, audit_event e, staff_user u
     WHERE c.id = r.contact_id AND e.customer_id = c.customer_id AND e.subject_type = 'recording'
       AND e.subject_id = r.id AND e.verb = 'recording.attached' AND u.id = e.actor_id;
    -- What waits for the end of the transaction holds up the next change of the table.
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0015_events_of_no_customer"),
        ("compliance", "0065_contacts_by_whom"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="recording",
            name="added_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recordings_added",
                to=settings.AUTH_USER_MODEL,
                verbose_name="attached by",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
