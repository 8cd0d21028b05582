"""The words by which people opt out, as installed."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROWS = [
    (
        "zh-hans",
        date(2015, 6, 30),
        ["TD", "T", "R", "退订", "退訂", "拒收"],
        "通信短信息服务管理规定（工业和信息化部令第31号）: every commercial SMS offers a free way to refuse; the words: carriers' usage",
    ),
    (
        "en",
        date(2021, 11, 30),
        ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
        "12 CFR 1006.6(e) and its commentary: “stop” and the like; the words: Twilio's default opt-out keywords",
    ),
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words = apps.get_model("reminders", "OptOutWords").objects.using(schema_editor.connection.alias)
    for language, effective_from, row, source in ROWS:
        words.create(language=language, effective_from=effective_from, words=row, source=source)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("reminders", "OptOutWords").objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("reminders", "0009_receipts")]

    operations = [migrations.RunPython(install, remove)]
