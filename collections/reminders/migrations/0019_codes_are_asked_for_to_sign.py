"""The installed texts say when a code is asked for: while the person signs an agreement with an employee, and never else.

They said that nobody ever asks for one, and then signing by a one-time code came. Only where the installed words are still in
force: what a lender wrote is the lender's.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

NAMES = ("first-late", "demand-letter")
INSTALLER = "installation"
SENTENCES = {
    "en": (
        "We will never ask you for a password or a verification code, or to pay into a private person's account.",
        "We will never ask you for a password, or to pay into a private person's account. We ask for a verification code only while you\n"
        "yourself are signing an agreement with one of our employees.",
    ),
    "zh-hans": (
        "我们不会向您索要密码或验证码，也不会要求您向任何个人账户付款。",
        "我们不会向您索要密码，也不会要求您向任何个人账户付款；仅当您本人正在与我司工作人员签署协议时，才会请您提供验证码。",
    ),
}


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("reminders", "TemplateVersion").objects.using(schema_editor.connection.alias)
    for old in versions.filter(template__name__in=NAMES, status="approved", written_by_name=INSTALLER):
        latest = versions.filter(template=old.template_id).order_by("-number").values_list("number", flat=True)[0]
        versions.filter(pk=old.pk).update(status="retired")
        versions.create(
            template_id=old.template_id,
            number=latest + 1,
            status="approved",
            texts={language: _said(text, *SENTENCES[language]) for language, text in old.texts.items()},
            written_by_name=INSTALLER,
            written_at=timezone.now(),
            approved_by_name=INSTALLER,
            approved_at=timezone.now(),
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("reminders", "TemplateVersion").objects.using(schema_editor.connection.alias)
    table = "ALTER TABLE reminders_templateversion"
    names = ("reminders_templateversion_keeps_words", "reminders_templateversion_stays_retired")
    for name in names:
        schema_editor.execute(f"{table} DISABLE TRIGGER {name}")
    for template in apps.get_model("reminders", "Template").objects.filter(name__in=NAMES):
        new = versions.filter(template=template, number__gt=1, written_by_name=INSTALLER).first()
        if new is not None:
            was_approved = new.status == "approved"
            new.delete()
            versions.filter(template=template, number=1).update(status="approved" if was_approved else "retired")
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name in names:
        schema_editor.execute(f"{table} ENABLE TRIGGER {name}")


def _said(text: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    return {**text, "body": text["body"].replace(before, after)}


class Migration(migrations.Migration):
    dependencies = [("reminders", "0018_installed_codes")]

    operations = [migrations.RunPython(install, remove)]
