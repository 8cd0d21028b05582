"""The terms of work and of disputes, dated, each with its source; the queues everyone has; and notes that nobody can change."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
POLICY = "The lender's policy, as installed"
CREDIT_RULE = "征信业管理条例 art. 25: checked and answered in writing within 20 days"
ANSWER = f"{POLICY}; answer days after 征信业管理条例 art. 25 (20 days)"

WORK = {
    "promise_grace_days": 1,
    "promise_most_instalments": 6,
    "broken_promise_factor": 1.5,
    "broken_promise_days": 30,
    "exact_searches": 30,
    "exact_search_minutes": 10,
    "effective_from": FIRST,
    "source": POLICY,
}
DISPUTES = [
    ("", ["contact"], 20, ANSWER),
    ("not-mine", ["contact", "fees", "treatment"], 20, ANSWER),
    ("fraud", ["contact", "fees", "treatment"], 20, ANSWER),
    ("paid", ["contact", "treatment"], 20, ANSWER),
    ("amount", ["fees", "treatment"], 20, ANSWER),
    ("goods", ["contact", "treatment"], 20, ANSWER),
    ("credit-record", ["treatment"], 20, CREDIT_RULE),
]
QUEUES = [
    ("everything", "All cases", "", "-priority"),
    ("new", "New cases", "work=new", "-priority"),
    ("follow-up", "Follow-up due", "work=follow-up", "-priority"),
    ("promise-due", "Promise due", "work=promise-due", "-priority"),
    ("promise-broken", "Promise broken", "work=promise-broken", "-priority"),
    ("early", "Early: M1", "bucket=M1", "-amount"),
    ("late", "Late: M4 and above", "days_min=91", "-priority"),
    ("care", "Hardship and vulnerable", "work=care", "-days"),
    ("dispute", "In dispute", "work=dispute", "-days"),
]

PROTECT = """
CREATE FUNCTION cases_note_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'notes are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER cases_note_no_change BEFORE UPDATE OR DELETE ON cases_note
    FOR EACH ROW EXECUTE FUNCTION cases_note_is_final();
CREATE TRIGGER cases_note_no_truncate BEFORE TRUNCATE ON cases_note
    FOR EACH STATEMENT EXECUTE FUNCTION cases_note_is_final();
"""
UNPROTECT = """
DROP TRIGGER cases_note_no_truncate ON cases_note;
DROP TRIGGER cases_note_no_change ON cases_note;
DROP FUNCTION cases_note_is_final();
"""


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    apps.get_model("cases", "WorkTerms").objects.using(alias).create(**WORK)
    terms = apps.get_model("cases", "DisputeTerms").objects.using(alias)
    for reason, pauses, answer_days, source in DISPUTES:
        terms.create(reason=reason, pauses=pauses, answer_days=answer_days, effective_from=FIRST, source=source)
    queues = apps.get_model("cases", "Queue").objects.using(alias)
    for position, (code, name, query, sort) in enumerate(QUEUES, start=1):
        queues.create(code=code, name=name, query=query, sort=sort, position=10 * position)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    apps.get_model("cases", "WorkTerms").objects.using(alias).filter(effective_from=FIRST).delete()
    apps.get_model("cases", "DisputeTerms").objects.using(alias).filter(effective_from=FIRST).delete()
    apps.get_model("cases", "Queue").objects.using(alias).filter(code__in=[code for code, *_ in QUEUES]).delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_workbench")]

    operations = [migrations.RunPython(install, remove), migrations.RunSQL(PROTECT, UNPROTECT)]
