"""Senior collectors and supervisors decide, within their limits, about promises beyond another's."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

DECIDE = ("cases.decide_promise",)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0024_contact_points_are_verified"), ("cases", "0020_promises_beyond_limits")]

    operations = [granted({"senior-collector": DECIDE, "supervisor": DECIDE})]
