"""Who may stand in for others and delegate her own decisions, who does so for others, and who reads it all up."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

# Collectors ask. Whoever decides anything may be away, and may stand in for another.
DECIDERS = ("senior-collector", "supervisor", "legal-officer", "bureau-officer")
DECIDE = ("approvals.stand_in", "approvals.add_delegation")
READ = "approvals.view_delegation"


class Migration(migrations.Migration):
    dependencies = [
        ("delinquency", "0010_decisions_about_debts_are_read"),
        ("approvals", "0003_attachments_delegations_bulk"),
    ]

    operations = [
        granted(
            {role: DECIDE for role in DECIDERS}
            | {"administrator": (*DECIDE, READ, "approvals.change_delegation"), "auditor": (READ,)}
        )
    ]
