"""The installed words in which a word of debt stands and no debt is meant: refunds, lost cards, features."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# With the installed words of debt.
FROM = date(2020, 1, 2)
SOURCE = "The lender's policy, as installed"
# Chinese alone: it has no blanks, so that a word may stand in others. Of English whole words are looked for.
LANGUAGE = "zh-hans"
WORDS = [
    *("退还款", "返还款项", "退還款", "丢失信用卡", "遗失信用卡", "挂失信用卡", "丢失信件", "遗失信件", "挂失信息"),
    *("特征信息", "象征信物", "还清楚", "还清晰", "检查封面", "查清收件", "一起诉说"),
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words = apps.get_model("reminders", "HarmlessWords").objects.using(schema_editor.connection.alias)
    words.create(language=LANGUAGE, effective_from=FROM, words=WORDS, source=SOURCE)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words = apps.get_model("reminders", "HarmlessWords").objects.using(schema_editor.connection.alias)
    words.filter(effective_from=FROM, source=SOURCE).delete()


class Migration(migrations.Migration):
    dependencies = [("reminders", "0023_harmless_words")]

    operations = [migrations.RunPython(install, remove)]
