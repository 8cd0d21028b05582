"""A plan that falls back voids its own bills: no closure of what it took over, and named as what it is."""

from django.db import migrations, models

# The rows are append-only, for whoever comes later; what they say of the money stays.
_RENAME = """
ALTER TABLE accounts_relief DISABLE TRIGGER accounts_relief_append_only;
{}
ALTER TABLE accounts_relief ENABLE TRIGGER accounts_relief_append_only;
"""
FORWARD = _RENAME.format(
    "UPDATE accounts_relief r SET kind = 'void' FROM accounts_bill b"
    " WHERE b.id = r.bill_id AND b.kind = 'plan' AND r.kind = 'closure' AND r.ref = b.ref || '-V';"
)
BACKWARD = _RENAME.format("UPDATE accounts_relief SET kind = 'closure' WHERE kind = 'void';")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0035_money_is_decided")]

    operations = [
        migrations.AlterField(
            model_name="relief",
            name="kind",
            field=models.CharField(
                choices=[
                    ("waiver", "Waiver"),
                    ("closure", "Taken over by a plan"),
                    ("void", "Void: the plan fell back"),
                    ("discount", "Discount"),
                    ("write-off", "Write-off"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("charge", "Charge"),
                    ("payment", "Payment"),
                    ("reversal", "Reversal"),
                    ("late-fee", "Late fee"),
                    ("waiver", "Waiver"),
                    ("closure", "Closure"),
                    ("roll-over", "Roll-over"),
                    ("adjustment", "Adjustment"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
