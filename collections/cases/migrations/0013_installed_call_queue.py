"""The queue in which calls that are asked for are found."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

QUEUE = {"code": "call", "name": "Calls asked for", "query": "work=call", "sort": "-priority", "position": 35}


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("cases", "Queue").objects.using(schema_editor.connection.alias).create(**QUEUE)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("cases", "Queue").objects.using(schema_editor.connection.alias).filter(code=QUEUE["code"]).delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_call_tasks")]

    operations = [migrations.RunPython(install, remove)]
