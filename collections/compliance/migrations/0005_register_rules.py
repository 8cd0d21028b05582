"""Within how many days complaints are answered; and a register of contacts that nobody can change."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
COMPLAINTS = [
    ("", 15, "The lender's policy, as installed"),
    ("credit-record", 20, "征信业管理条例 art. 25: checked and answered in writing within 20 days"),
]

PROTECT = """
CREATE FUNCTION compliance_contact_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'contacts are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER compliance_contact_no_change BEFORE UPDATE OR DELETE ON compliance_contact
    FOR EACH ROW EXECUTE FUNCTION compliance_contact_is_final();
CREATE TRIGGER compliance_contact_no_truncate BEFORE TRUNCATE ON compliance_contact
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_contact_is_final();
"""
UNPROTECT = """
DROP TRIGGER compliance_contact_no_truncate ON compliance_contact;
DROP TRIGGER compliance_contact_no_change ON compliance_contact;
DROP FUNCTION compliance_contact_is_final();
"""


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    terms = apps.get_model("compliance", "ComplaintTerms").objects.using(schema_editor.connection.alias)
    for reason, answer_days, source in COMPLAINTS:
        terms.create(reason=reason, answer_days=answer_days, effective_from=FIRST, source=source)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    terms = apps.get_model("compliance", "ComplaintTerms").objects.using(schema_editor.connection.alias)
    terms.filter(effective_from=FIRST).delete()


class Migration(migrations.Migration):
    dependencies = [("compliance", "0004_register")]

    operations = [migrations.RunPython(install, remove), migrations.RunSQL(PROTECT, UNPROTECT)]
