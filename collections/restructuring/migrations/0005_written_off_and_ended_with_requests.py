"""A plan that a write-off ended is told apart from one that was kept; and proposals whose request ended before that cancelled them
are cancelled, on the record."""

from django.db import migrations, models

WRITTEN_OFF = """
UPDATE restructuring_plan p SET status = 'written-off', version = p.version + 1
 WHERE p.status = 'kept' AND EXISTS (
     SELECT FROM accounts_ledgerentry e JOIN accounts_relief r ON r.id = e.relief_id AND r.kind = 'write-off'
       JOIN restructuring_planinstalment o ON o.bill_id = r.bill_id
      WHERE e.account_id = p.account_id AND o.plan_id = p.id HAVING sum(e.amount) <> 0)
"""
KEPT = "UPDATE restructuring_plan SET status = 'kept', version = version + 1 WHERE status = 'written-off'"
# What is over stays over: nothing is taken back by the way back.
ENDED = """
WITH over AS (
    UPDATE restructuring_plan p SET status = 'cancelled', version = p.version + 1
      FROM approvals_request r, restructuring_plan was
     WHERE r.id = p.request_id AND was.id = p.id AND r.status IN ('rejected', 'withdrawn', 'expired')
       AND p.status IN ('asked', 'signed')
    RETURNING p.id, p.ref, p.customer_id, p.account_id, was.status)
INSERT INTO audit_event (at, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, account_id, before, after, reason,
                         request_id)
SELECT now(), 'migration', 'plan.cancelled', 'plan', id, ref, customer_id, account_id, jsonb_build_object('status', status),
       '{"status": "cancelled"}', '', '' FROM over
"""


class Migration(migrations.Migration):
    dependencies = [
        ("restructuring", "0004_signed_by_code"),
        ("accounts", "0037_write_offs_are_asked_for_apart"),
        ("audit", "0010_event_transaction"),
        ("approvals", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="plan",
            name="status",
            field=models.CharField(
                choices=[
                    ("asked", "Asked for"),
                    ("signed", "Signed"),
                    ("running", "On track"),
                    ("at-risk", "At risk"),
                    ("breached", "Breached"),
                    ("kept", "Kept"),
                    ("written-off", "Ended by write-off"),
                    ("cancelled", "Cancelled"),
                ],
                default="asked",
                max_length=12,
                verbose_name="state",
            ),
        ),
        migrations.RunSQL(WRITTEN_OFF, KEPT),
        migrations.RunSQL(ENDED, migrations.RunSQL.noop),
    ]
