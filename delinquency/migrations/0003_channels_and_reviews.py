"""Supervisors decide on messages of which nobody knows whether they went, and take lists of messages away; administrators run
the channels and enter what they cost; auditors see all of it."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

READ = ("reminders.view_channelcontrol", "reminders.view_channelprice")


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0002_requests_are_seen"), ("reminders", "0005_review_and_export")]

    operations = [
        granted(
            {
                "supervisor": ("reminders.review_message", "reminders.export_message", "reminders.view_channelcontrol"),
                "auditor": READ,
                "administrator": (*READ, "reminders.change_channelcontrol", "reminders.add_channelprice"),
            }
        )
    ]
