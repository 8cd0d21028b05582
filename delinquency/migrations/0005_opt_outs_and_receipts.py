"""Who talks to a customer records that she opted out, and that she took it back; supervisors decide about receipts of which
nobody knows what they are about; auditors see all of it."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

OPT_OUTS = ("compliance.view_optout", "compliance.add_optout", "compliance.change_optout")
READ = ("compliance.view_optout",)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0004_templates_are_written"), ("compliance", "0061_opt_out_rules"), ("reminders", "0010_installed_opt_out_words")]

    operations = [
        granted(
            {
                "collector": OPT_OUTS,
                "senior-collector": OPT_OUTS,
                "supervisor": (*OPT_OUTS, "reminders.review_receipt"),
                "auditor": READ,
                "administrator": READ,
            }
        )
    ]
