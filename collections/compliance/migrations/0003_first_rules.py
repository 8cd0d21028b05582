"""The Chinese pack's first rules, dated, each with its source; and decisions that nobody can change."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

HOURS = {"opens": "08:00", "closes": "22:00"}
POINT = {"relationships": ["own"], "verifications": ["verified"]}
STANDARD = "GB/T 45251-2025 (recommended standard, in force 2025-02-28)"
GUIDELINE = "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30)"

RULES = [
    ("contact-hours", 1, date(2025, 2, 28), HOURS, f"{STANDARD}: no collection 22:00–08:00 unless agreed"),
    ("contact-hours", 2, date(2026, 1, 30), HOURS, f"{GUIDELINE}: none 22:00–08:00 without the debtor's consent"),
    ("contact-point", 1, date(2025, 2, 28), POINT, f"{STANDARD}: the debtor only, not contacts"),
    ("contact-point", 2, date(2026, 1, 30), POINT, f"{GUIDELINE}: contact data of lawful source, never unrelated persons"),
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for code, version, effective_from, parameters, source in RULES:
        rules.create(
            pack="cn", code=code, version=version, effective_from=effective_from, parameters=parameters, source=source
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for code, version, *_ in RULES:
        rules.filter(pack="cn", code=code, version=version).delete()


PROTECT = """
CREATE FUNCTION compliance_decision_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'contact decisions are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER compliance_decision_no_change BEFORE UPDATE OR DELETE ON compliance_contactdecision
    FOR EACH ROW EXECUTE FUNCTION compliance_decision_is_final();
CREATE TRIGGER compliance_decision_no_truncate BEFORE TRUNCATE ON compliance_contactdecision
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_decision_is_final();
"""

UNPROTECT = """
DROP TRIGGER compliance_decision_no_truncate ON compliance_contactdecision;
DROP TRIGGER compliance_decision_no_change ON compliance_contactdecision;
DROP FUNCTION compliance_decision_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0002_decision_actor")]

    operations = [
        migrations.RunPython(install, remove),
        migrations.RunSQL(PROTECT, UNPROTECT),
    ]
