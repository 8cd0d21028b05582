"""Fewer indexes for each contact to enter: those of batches, by far the most, have no actor, and `contact_by_customer` finds a
customer's as well as an index of customers alone did."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0039_bills_have_plausible_days"),
        ("compliance", "0064_contacts_that_report"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contacts",
                to="accounts.customer",
                verbose_name="customer",
            ),
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_by_actor"),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                fields=["actor", "at"], name="contact_by_actor", condition=models.Q(actor__isnull=False)
            ),
        ),
    ]
