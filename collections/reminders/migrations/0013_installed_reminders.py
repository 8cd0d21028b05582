"""Further texts to begin with, approved by the installation: before the due date by push, before a promised payment by SMS, and a
plainer SMS for what has been late for long."""

from __future__ import annotations

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INSTALLED = datetime(2020, 1, 1, tzinfo=UTC)

TEMPLATES = (
    ("pre-due-push", "Before the due date, app push", "pre-due", "push", {
        "en": {"subject": "{lender}", "body": "There is a message about your account. Open the app to read it."},
        "zh-hans": {"subject": "{lender}", "body": "您的账户有一条新消息，请打开应用查看。"},
    }),
    ("promise-sms", "Before a promised payment, SMS", "promise", "sms", {
        "en": {"subject": "", "body": "{lender}: you agreed to pay {amount} by {due_on}. Pay: {pay_url} Questions: {lender_contact} {opt_out}"},
        "zh-hans": {"subject": "", "body": "【{lender}】您承诺于{due_on}前还款{amount}，还款：{pay_url} 咨询：{lender_contact} {opt_out}"},
    }),
    ("overdue-again-sms", "Overdue for longer, SMS", "overdue", "sms", {
        "en": {"subject": "", "body": "{lender}: {total}, due since {due_on}, is still not paid. Please pay now: {pay_url} Cannot pay in full, or disagree? {lender_contact} {opt_out}"},
        "zh-hans": {"subject": "", "body": "【{lender}】您自{due_on}起应还的{total}至今仍未足额收到，请尽快还款：{pay_url} 如有困难或异议：{lender_contact} {opt_out}"},
    }),
)  # fmt: skip


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    for name, title, kind, channel, texts in TEMPLATES:
        template = apps.get_model("reminders", "Template").objects.using(alias).create(
            name=name, title=title, kind=kind, channel=channel
        )
        apps.get_model("reminders", "TemplateVersion").objects.using(alias).create(
            template=template,
            number=1,
            status="approved",
            texts=texts,
            written_by_name="installation",
            written_at=INSTALLED,
            approved_by_name="installation",
            approved_at=INSTALLED,
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    names = [name for name, *_ in TEMPLATES]
    schema_editor.execute("ALTER TABLE reminders_templateversion DISABLE TRIGGER reminders_templateversion_keeps_words")
    apps.get_model("reminders", "Template").objects.using(schema_editor.connection.alias).filter(name__in=names).delete()
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("ALTER TABLE reminders_templateversion ENABLE TRIGGER reminders_templateversion_keeps_words")


class Migration(migrations.Migration):
    dependencies = [("reminders", "0012_rules_of_words_are_entered")]

    operations = [migrations.RunPython(install, remove)]
