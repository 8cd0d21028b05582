"""Corrections that overrule, by those who may; what the `reservation` rule says of both; no outbound contact as an inbound one."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TERMS = {"not_made": 3, "correct_hours": 24}

PROTECT = """
CREATE FUNCTION compliance_contact_asked_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM compliance_contactdecision d WHERE d.id = NEW.decision_id AND d.purpose = 'inbound') THEN
        RAISE EXCEPTION 'an outbound contact cannot rest on decision %, whose purpose is inbound', NEW.decision_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER compliance_contact_asks_the_gate BEFORE INSERT ON compliance_contact
    FOR EACH ROW WHEN (NEW.direction <> 'inbound') EXECUTE FUNCTION compliance_contact_asked_the_gate();
"""
UNPROTECT = """
DROP TRIGGER compliance_contact_asks_the_gate ON compliance_contact;
DROP FUNCTION compliance_contact_asked_the_gate();
"""


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for rule in rules.filter(code="reservation"):
        rule.parameters = {**TERMS, **rule.parameters}
        rule.save(update_fields=["parameters"])


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for rule in rules.filter(code="reservation"):
        rule.parameters = {name: value for name, value in rule.parameters.items() if name not in TERMS}
        rule.save(update_fields=["parameters"])


class Migration(migrations.Migration):
    dependencies = [("compliance", "0040_refused_by_day")]

    operations = [
        migrations.AlterModelOptions(
            name="contact",
            options={
                "ordering": ["-id"],
                "permissions": [("correct_contact", "Can correct contacts that others entered")],
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
            },
        ),
        migrations.AddField(
            model_name="contact",
            name="overrules",
            field=models.BooleanField(db_default=False, default=False, verbose_name="overrules what it corrects"),
        ),
        migrations.RunSQL(PROTECT, UNPROTECT),
        migrations.RunPython(install, remove),
    ]
