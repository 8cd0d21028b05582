"""Messages withheld because nothing was left to tell stand under that name, not under the rule that they had to wait for before."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# What was written of them, of no others.
WHY = "What it is about no longer holds: paid, put on hold, or done."


def name(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    messages = apps.get_model("reminders", "Message").objects.using(schema_editor.connection.alias)
    messages.filter(status="withheld", error=WHY).update(held_by="nothing-left")


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What they had to wait for before is not known any more: of no rule."""
    messages = apps.get_model("reminders", "Message").objects.using(schema_editor.connection.alias)
    messages.filter(held_by="nothing-left").update(held_by="")


class Migration(migrations.Migration):
    dependencies = [("reminders", "0026_notices_withheld_are_found")]

    operations = [migrations.RunPython(name, forget)]
