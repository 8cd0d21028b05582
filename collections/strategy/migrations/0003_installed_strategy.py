"""The strategy to begin with, in force from the beginning: an e-mail on the first day past due."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BEGINNING = date(2000, 1, 1)
INSTALLED = datetime(2020, 1, 1, tzinfo=UTC)
BY = "installation"


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    version = apps.get_model("strategy", "Version").objects.using(alias).create(
        number=1, title="First reminder by e-mail", status="draft", created_by_name=BY, created_at=INSTALLED
    )
    apps.get_model("strategy", "Rule").objects.using(alias).create(
        version=version,
        position=1,
        code="first-late",
        title="First reminder",
        stage="late",
        days_from=1,
        days_to=1,
        action="message",
        templates=["first-late"],
    )
    version.status = "approved"
    version.save()
    apps.get_model("strategy", "Deployment").objects.using(alias).create(
        effective_from=BEGINNING, champion=version, salt="installed", decided_by_name=BY, decided_at=INSTALLED
    )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """By SQL: the triggers that keep what was decided must look away. Refused by the database where a strategy is in use."""
    tables = ("strategy_deployment", "strategy_rule", "strategy_version")
    for table in tables:
        schema_editor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    schema_editor.execute("DELETE FROM strategy_deployment WHERE effective_from = %s", (BEGINNING,))
    schema_editor.execute(
        "DELETE FROM strategy_rule WHERE version_id IN (SELECT id FROM strategy_version WHERE number = 1)"
    )
    schema_editor.execute("DELETE FROM strategy_version WHERE number = 1")
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        schema_editor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [("strategy", "0002_what_was_decided_stays"), ("reminders", "0013_installed_reminders")]

    operations = [migrations.RunPython(install, remove)]
