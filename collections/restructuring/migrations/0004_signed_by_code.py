"""An agreement is signed by the scan of the paper or by a one-time code; what was printed, sent and signed stays as it is."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

SIGNED_ALREADY = "UPDATE restructuring_agreement SET way = 'scan' WHERE signed_at IS NOT NULL"

FORWARD = """
CREATE FUNCTION restructuring_signed_by_its_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.way = 'code' AND NOT EXISTS (
        SELECT FROM restructuring_signingcode c
         WHERE c.id = NEW.code_id AND c.agreement_id = NEW.id AND c.sha256 = NEW.sha256 AND c.used_at = NEW.signed_at) THEN
        RAISE EXCEPTION 'an agreement is signed by a code that was sent for it and entered' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER restructuring_agreement_code BEFORE INSERT OR UPDATE ON restructuring_agreement
    FOR EACH ROW EXECUTE FUNCTION restructuring_signed_by_its_code();
CREATE TRIGGER restructuring_agreement_kept BEFORE UPDATE ON restructuring_agreement
    FOR EACH ROW WHEN (OLD.signed_at IS NULL) EXECUTE FUNCTION restructuring_keep_agreed('signed_at', 'recorded_by_name', 'scan',
        'scan_type', 'scan_sha256', 'way', 'code_id');
CREATE TRIGGER restructuring_agreement_signed BEFORE UPDATE ON restructuring_agreement
    FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION restructuring_keep_agreed('');
CREATE TRIGGER restructuring_signingcode_kept BEFORE UPDATE ON restructuring_signingcode
    FOR EACH ROW EXECUTE FUNCTION restructuring_keep_agreed('attempts', 'used_at', 'ended_at');
CREATE TRIGGER restructuring_signingcode_not_removed BEFORE DELETE OR TRUNCATE ON restructuring_signingcode
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
BACKWARD = """
DROP TRIGGER restructuring_signingcode_not_removed ON restructuring_signingcode;
DROP TRIGGER restructuring_signingcode_kept ON restructuring_signingcode;
DROP TRIGGER restructuring_agreement_signed ON restructuring_agreement;
DROP TRIGGER restructuring_agreement_kept ON restructuring_agreement;
DROP TRIGGER restructuring_agreement_code ON restructuring_agreement;
DROP FUNCTION restructuring_signed_by_its_code();
"""


def _whole(name, default, low, high, label):
    return migrations.AddField(
        model_name="planrule",
        name=name,
        field=models.PositiveSmallIntegerField(
            default=default,
            validators=[
                *([django.core.validators.MinValueValidator(low)] if low else []),
                django.core.validators.MaxValueValidator(high),
            ],
            verbose_name=label,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("restructuring", "0003_what_was_agreed_stays"),
        ("reminders", "0018_installed_codes"),
    ]

    operations = [
        _whole("code_minutes", 10, 2, 60, "a code to sign with holds, minutes"),
        _whole("code_attempts", 5, 1, 10, "attempts at a code"),
        _whole("code_pause_seconds", 60, 0, 3600, "seconds between two codes, at least"),
        migrations.AddConstraint(
            model_name="planrule",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("code_attempts__range", (1, 10)), ("code_minutes__range", (2, 60)), ("code_pause_seconds__lte", 3600)
                ),
                name="plan_rule_codes_in_range",
            ),
        ),
        migrations.CreateModel(
            name="SigningCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("digest", models.BinaryField(max_length=32)),
                ("sent_at", models.DateTimeField(verbose_name="sent at")),
                ("sent_by_name", models.CharField(max_length=150, verbose_name="sent by")),
                ("valid_until", models.DateTimeField(verbose_name="valid until")),
                ("most_attempts", models.PositiveSmallIntegerField(verbose_name="attempts at a code")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="wrong attempts")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="entered at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="restructuring.agreement",
                        verbose_name="agreement",
                    ),
                ),
                (
                    "contact_point",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.contactpoint",
                        verbose_name="contact point",
                    ),
                ),
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reminders.message",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "code to sign with",
                "verbose_name_plural": "codes to sign with",
                "ordering": ["-id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("ended_at__isnull", True)), fields=("agreement",), name="signing_code_one_not_ended"
                    ),
                    models.CheckConstraint(
                        condition=Q(attempts__lte=F("most_attempts"))
                        & (Q(attempts__lt=F("most_attempts")) | Q(ended_at__isnull=False)),
                        name="signing_code_attempts",
                    ),
                    models.CheckConstraint(
                        condition=Q(used_at__isnull=True)
                        | Q(used_at=F("ended_at"), used_at__lt=F("valid_until"), attempts__lt=F("most_attempts")),
                        name="signing_code_used_in_time",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="agreement",
            name="way",
            field=models.CharField(
                blank=True,
                choices=[("scan", "Scan of the signed paper"), ("code", "One-time code")],
                default="",
                max_length=4,
                verbose_name="signed by",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="agreement",
            name="code",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="restructuring.signingcode",
                verbose_name="code",
            ),
        ),
        migrations.RemoveConstraint(model_name="agreement", name="agreement_signed_by_scan"),
        migrations.RunSQL(SIGNED_ALREADY, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=Q(signed_at__isnull=True, way="", code__isnull=True)
                | Q(signed_at__isnull=False, way="scan", code__isnull=True) & ~Q(scan="") & ~Q(scan_sha256="")
                | Q(signed_at__isnull=False, way="code", code__isnull=False),
                name="agreement_signed_by_scan_or_code",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
