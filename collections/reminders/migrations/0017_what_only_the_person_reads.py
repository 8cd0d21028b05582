"""Codes to sign with are a kind of message, and what only the person may read is kept encrypted until the message has left."""

from django.db import migrations, models
from django.db.models import Q

KINDS = [
    ("pre-due", "Before the due date"),
    ("overdue", "Overdue"),
    ("promise", "Promise to pay"),
    ("notice", "Notice required by law"),
    ("signing", "Code to sign with"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("reminders", "0016_drafts_can_be_discarded"),
        ("compliance", "0063_signing_is_a_purpose"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("reminder", "Reminder"),
                    ("collection", "Collection"),
                    ("locate", "Asking how to reach the debtor"),
                    ("notice", "Notice required by law"),
                    ("signing", "Signing an agreement"),
                    ("inbound", "The person came to us"),
                ],
                max_length=20,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=KINDS, db_default="overdue", default="overdue", max_length=10, verbose_name="kind"
            ),
        ),
        migrations.AlterField(
            model_name="template",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=10, verbose_name="kind"),
        ),
        migrations.AlterField(
            model_name="writingrule",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=10, verbose_name="kind"),
        ),
        migrations.AddField(
            model_name="message",
            name="secret",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=Q(("secret__isnull", True), ("status__in", ["queued", "claimed"]), _connector="OR"),
                name="message_secret_until_it_left",
            ),
        ),
    ]
