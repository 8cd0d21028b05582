"""Senior collectors and supervisors say on the page of a case which numbers are right and which are wrong."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

VERIFY = ("accounts.verify_contactpoint",)


class Migration(migrations.Migration):
    dependencies = [
        ("delinquency", "0023_harmless_words"),
        ("accounts", "0041_contact_points_are_verified"),
    ]

    operations = [granted({"senior-collector": VERIFY, "supervisor": VERIFY})]
