"""The texts to begin with, approved by the installation, the rules for their words, and the trigger that keeps what was approved."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST = date(2020, 1, 1)
INSTALLED = datetime(2020, 1, 1, tzinfo=UTC)
POLICY = "The lender's policy, as installed"
CARD_RULES = "商业银行信用卡业务监督管理办法, art 69: what a letter of demand states"
STANDARD = "GB/T 45251-2025; banking association's guideline of 2026-01-30: say which institution you are, never tell others"

FIRST_LATE_EN = """Dear {customer_name},

This is {lender}. We have not received the following in full:

{accounts}

Please pay now at:
{pay_url}

If you have paid in the last few days, thank you: nothing more is needed.

If you think that this is wrong, or cannot pay in full, tell us and we will look at it before anything else happens.
You may ask how the amount was worked out, dispute it, or complain:
{lender_contact}

We will never ask you for a password or a verification code, or to pay into a private person's account.

{lender}
"""
FIRST_LATE_ZH = """{customer_name}，您好：

这里是{lender}。以下款项截至目前尚未足额收到：

{accounts}

请通过以下网址还款：
{pay_url}

如您近日已还款，感谢您，无需再做任何操作。

如您对上述金额有异议，或暂时无法足额还款，请与我们联系，我们会先行核实处理。
您有权了解金额的计算方式、提出异议和投诉：
{lender_contact}

我们不会向您索要密码或验证码，也不会要求您向任何个人账户付款。

{lender}
"""
PRE_DUE_EN = """Dear {customer_name},

This is {lender}. The following falls due soon:

{accounts}

You can pay at any time at:
{pay_url}

If you have paid already, thank you: nothing more is needed. Questions, or if you cannot pay in full:
{lender_contact}

{lender}
"""
PRE_DUE_ZH = """{customer_name}，您好：

这里是{lender}。以下款项即将到期：

{accounts}

您可随时通过以下网址还款：
{pay_url}

如您已还款，感谢您，无需再做任何操作。如有疑问或暂时无法足额还款，请联系：
{lender_contact}

{lender}
"""
DEMAND_EN = """{customer_name}

{lender} writes to you about what is owed to us. As of today the following has not been paid in full:

{accounts}

In all: {total}

Reason and law: under your credit agreement each instalment is payable on its due date (Civil Code, articles 579 and 676). Late fees run
as agreed until what is late is paid.

What you may do: pay at {pay_url}; ask for the statement of how the amount was worked out; dispute it, and send what proves it; ask for a
plan if you cannot pay in full; complain. Reach us at: {lender_contact}

We will never ask you for a password or a verification code, or to pay into a private person's account.

{lender}
(seal)
"""
DEMAND_ZH = """{customer_name}：

{lender}现就您所欠款项函告如下。截至今日，以下款项尚未足额清偿：

{accounts}

合计：{total}

事由及依据：依据您与我司签订的信贷合同，各期款项应于到期日清偿（《中华人民共和国民法典》第五百七十九条、第六百七十六条）。
逾期期间，违约金按合同约定计算，直至逾期款项清偿为止。

您的权利与义务：您可通过 {pay_url} 还款；可要求我司提供金额的计算明细；如有异议，可提出并提交证明材料；如暂时无法足额还款，
可申请分期还款方案；亦可投诉。联系方式：{lender_contact}

我们不会向您索要密码或验证码，也不会要求您向任何个人账户付款。

{lender}
（盖章）
"""

TEMPLATES = (
    ("first-late", "First reminder", "overdue", "email", {
        "en": {"subject": "A message about your account with {lender}", "body": FIRST_LATE_EN},
        "zh-hans": {"subject": "关于您账户的通知", "body": FIRST_LATE_ZH},
    }),
    ("pre-due", "Before the due date", "pre-due", "email", {
        "en": {"subject": "A message about your account with {lender}", "body": PRE_DUE_EN},
        "zh-hans": {"subject": "关于您账户的通知", "body": PRE_DUE_ZH},
    }),
    ("pre-due-sms", "Before the due date, SMS", "pre-due", "sms", {
        "en": {"subject": "", "body": "{lender}: {total} falls due on {due_on}. Pay: {pay_url} Questions: {lender_contact} {opt_out}"},
        "zh-hans": {"subject": "", "body": "【{lender}】您有{total}将于{due_on}到期，还款：{pay_url} 咨询：{lender_contact} {opt_out}"},
    }),
    ("overdue-sms", "Overdue, SMS", "overdue", "sms", {
        "en": {"subject": "", "body": "{lender}: {total} due on {due_on} has not arrived in full. Pay: {pay_url} Ask or dispute: {lender_contact} {opt_out}"},
        "zh-hans": {"subject": "", "body": "【{lender}】您有{total}（到期日{due_on}）尚未足额收到，还款：{pay_url} 咨询或异议：{lender_contact} {opt_out}"},
    }),
    ("overdue-push", "Overdue, app push", "overdue", "push", {
        "en": {"subject": "{lender}", "body": "There is a message about your account. Open the app to read it."},
        "zh-hans": {"subject": "{lender}", "body": "您的账户有一条新消息，请打开应用查看。"},
    }),
    ("demand-letter", "Letter of demand", "notice", "letter", {
        "en": {"subject": "Your account with {lender}", "body": DEMAND_EN},
        "zh-hans": {"subject": "关于您在{lender}的账户", "body": DEMAND_ZH},
    }),
)  # fmt: skip

_WHO, _HOW, _ASK, _AMOUNT = ["lender"], ["pay_url"], ["lender_contact"], ["accounts", "total"]
RULES = (
    *((kind, "email", [_WHO, _AMOUNT, _HOW, _ASK], STANDARD) for kind in ("pre-due", "overdue", "notice")),
    ("promise", "email", [_WHO, ["amount"], _HOW, _ASK], STANDARD),
    *((kind, "sms", [_WHO, _AMOUNT, _HOW, _ASK, ["opt_out"]], STANDARD) for kind in ("pre-due", "overdue", "notice")),
    ("promise", "sms", [_WHO, ["amount"], _HOW, _ASK, ["opt_out"]], STANDARD),
    *((kind, "letter", [["customer_name"], _WHO, ["accounts"], ["total"], _HOW, _ASK], CARD_RULES) for kind in ("overdue", "notice")),
)  # fmt: skip
WORDS = {
    "en": ["overdue", "debt*", "late", "arrears", "collection*", "default*", "delinquen*", "owe*", "past due"],
    "zh-hans": ["逾期", "欠款", "欠债", "债务", "催收", "违约", "拖欠", "失信"],
}

# Written versions are kept: messages name them, and were sent with their words.
PROTECT = """
CREATE FUNCTION reminders_templateversion_keeps_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('approved', 'retired') AND
       (TG_OP = 'DELETE' OR NEW.texts IS DISTINCT FROM OLD.texts OR NEW.number <> OLD.number
        OR NEW.template_id <> OLD.template_id OR NEW.status NOT IN ('approved', 'retired')) THEN
        RAISE EXCEPTION 'version % of template % was approved and keeps its words', OLD.number, OLD.template_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER reminders_templateversion_keeps_words BEFORE UPDATE OR DELETE ON reminders_templateversion
    FOR EACH ROW EXECUTE FUNCTION reminders_templateversion_keeps_words();
"""
UNPROTECT = """
DROP TRIGGER reminders_templateversion_keeps_words ON reminders_templateversion;
DROP FUNCTION reminders_templateversion_keeps_words();
"""


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    templates = apps.get_model("reminders", "Template").objects.using(alias)
    versions = apps.get_model("reminders", "TemplateVersion").objects.using(alias)
    for name, title, kind, channel, texts in TEMPLATES:
        template = templates.create(name=name, title=title, kind=kind, channel=channel)
        versions.create(
            template=template,
            number=1,
            status="approved",
            texts=texts,
            written_by_name="installation",
            written_at=INSTALLED,
            approved_by_name="installation",
            approved_at=INSTALLED,
        )
    rules = apps.get_model("reminders", "WritingRule").objects.using(alias)
    for kind, channel, required, source in RULES:
        rules.create(kind=kind, channel=channel, effective_from=FIRST, required=required, source=source)
    words = apps.get_model("reminders", "DebtWords").objects.using(alias)
    for language, forbidden in WORDS.items():
        words.create(language=language, effective_from=FIRST, words=forbidden, source=POLICY)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    for model in ("TemplateVersion", "Template", "WritingRule", "DebtWords"):
        apps.get_model("reminders", model).objects.using(alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("reminders", "0006_templates")]

    operations = [
        migrations.RunPython(install, remove),
        migrations.RunSQL(PROTECT, UNPROTECT),
    ]
