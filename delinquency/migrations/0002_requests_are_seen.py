"""Who asks for something and who decides it see the requests; what each may ask for and decide is said kind by kind."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE = (
    *("collector", "senior-collector", "supervisor", "legal-officer", "bureau-officer"),
    *("auditor", "administrator"),
)


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0001_roles"), ("approvals", "0001_initial")]

    operations = [granted({role: ("approvals.view_request",) for role in SEE})]
