"""Who sees the money that matched no account, and who says whose it is."""

from __future__ import annotations

from django.db import migrations

from delinquency.granting import granted

SEE = ("accounts.view_unmatchedpayment", "accounts.view_paymentfile")
MATCH = (*SEE, "accounts.match_unmatchedpayment")


class Migration(migrations.Migration):
    dependencies = [("delinquency", "0014_freezes_are_decided"), ("accounts", "0034_unmatched_payments")]

    operations = [granted({"supervisor": MATCH, "data-entry": MATCH, "auditor": SEE, "administrator": SEE})]
