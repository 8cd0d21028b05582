"""The texts that a code to sign with goes in, approved by the installation, and what such a text must say."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INSTALLED = datetime(2020, 1, 1, tzinfo=UTC)
FIRST = date(2020, 1, 1)
SOURCE = (
    "The lender's policy, as installed: who writes, what is signed, the code and how long it holds; electronic signatures: "
    "中华人民共和国电子签名法, art 13"
)

EMAIL_EN = """This is {lender}.

With this code you can sign the agreement {plan}:

{code}

It holds for {minutes} minutes, once, and for one document alone: the one whose SHA-256 begins with {agreement}.

Tell it only to our employee with whom you are signing. If you did not ask for it, or do not agree, keep it to yourself, and nothing
is signed. Ask us at: {lender_contact}

{lender}
"""
EMAIL_ZH = """这里是{lender}。

您可使用以下验证码签署编号为 {plan} 的协议：

{code}

该验证码 {minutes} 分钟内有效，仅可使用一次，且仅适用于一份文件：其 SHA-256 摘要以 {agreement} 开头。

请仅告知正在为您办理签署的我司工作人员。如非您本人要求发送，或您不同意签署，请勿告知任何人，协议不会因此签署。咨询：{lender_contact}

{lender}
"""
TEMPLATES = (
    ("signing-code-sms", "Code to sign with, SMS", "sms", {
        "en": {"subject": "", "body": "{lender}: {code} is the code to sign agreement {plan} (document {agreement}), for {minutes} minutes. Tell it only to our employee with whom you are signing. Not you? Keep it to yourself: {lender_contact}"},
        "zh-hans": {"subject": "", "body": "【{lender}】验证码{code}，用于签署编号{plan}的协议（文件摘要{agreement}），{minutes}分钟内有效。请仅告知正在为您办理签署的我司工作人员；如非本人操作，请勿告知任何人。咨询：{lender_contact}"},
    }),
    ("signing-code-email", "Code to sign with, e-mail", "email", {
        "en": {"subject": "Your code to sign with, from {lender}", "body": EMAIL_EN},
        "zh-hans": {"subject": "{lender}签署验证码", "body": EMAIL_ZH},
    }),
)  # fmt: skip
REQUIRED = [["lender"], ["code"], ["plan"], ["agreement"], ["minutes"], ["lender_contact"]]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    for name, title, channel, texts in TEMPLATES:
        template = apps.get_model("reminders", "Template").objects.using(alias).create(
            name=name, title=title, kind="signing", channel=channel
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
        apps.get_model("reminders", "WritingRule").objects.using(alias).create(
            kind="signing", channel=channel, effective_from=FIRST, required=REQUIRED, source=SOURCE
        )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    schema_editor.execute("ALTER TABLE reminders_templateversion DISABLE TRIGGER reminders_templateversion_keeps_words")
    names = [name for name, *_ in TEMPLATES]
    apps.get_model("reminders", "Template").objects.using(alias).filter(name__in=names).delete()
    apps.get_model("reminders", "WritingRule").objects.using(alias).filter(kind="signing", source=SOURCE).delete()
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("ALTER TABLE reminders_templateversion ENABLE TRIGGER reminders_templateversion_keeps_words")


class Migration(migrations.Migration):
    dependencies = [("reminders", "0017_what_only_the_person_reads")]

    operations = [migrations.RunPython(install, remove)]
