"""The rule of opt-outs in both packs, with its sources; and opt-outs are withdrawn, never changed or removed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POLICY = "The lender's policy, as installed"
MESSAGES = ["email", "push", "sms"]

RULES: list[tuple[str, str, int, date, dict[str, Any], str]] = [
    (
        *("cn", "opt-out", 1, date(2015, 6, 30), {"channels": MESSAGES}),
        "通信短信息服务管理规定（工业和信息化部令第31号）: no commercial SMS to who refused them; "
        f"for messages about a debt, e-mail and push: {POLICY}",
    ),
    (
        *("us", "opt-out", 1, date(2021, 11, 30), {"channels": [*MESSAGES, "voice"]}),
        "12 CFR 1006.6(e): opt-out of e-mail, text messages and other electronic media; 1006.14(h): no medium that the person "
        "asked not to be used",
    ),
]

FORWARD = """
CREATE FUNCTION compliance_optout_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'compliance_optout: opt-out % may not be removed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.withdrawn_at IS NOT NULL
       OR (to_jsonb(NEW) - '{withdrawn_at,withdrawn_by_name,withdrawal_evidence}'::text[])
          <> (to_jsonb(OLD) - '{withdrawn_at,withdrawn_by_name,withdrawal_evidence}'::text[]) THEN
        RAISE EXCEPTION 'compliance_optout: opt-out % may be withdrawn once, and not changed', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Withdraw it and record another.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER compliance_optout_no_change BEFORE UPDATE OR DELETE ON compliance_optout
    FOR EACH ROW EXECUTE FUNCTION compliance_optout_guard();
"""
BACKWARD = """
DROP TRIGGER compliance_optout_no_change ON compliance_optout;
DROP FUNCTION compliance_optout_guard();
"""


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    for pack, code, version, effective_from, parameters, source in RULES:
        rules.create(
            pack=pack, code=code, version=version, effective_from=effective_from, parameters=parameters, source=source
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("compliance", "ContactRule").objects.using(schema_editor.connection.alias)
    rules.filter(code="opt-out").delete()


class Migration(migrations.Migration):
    dependencies = [("compliance", "0060_opt_outs")]

    operations = [migrations.RunPython(install, remove), migrations.RunSQL(FORWARD, BACKWARD)]
