"""The installed words that say that there is a debt, with those of bills, fees and reminders. Lists that the lender entered itself
stay in force."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Behind the lists before, and before whatever anybody entered.
FROM = date(2020, 1, 3)
SOURCE = "The lender's policy, as installed, with the words of bills, fees and reminders"
# “Loan” and “贷款” are left out: lenders' own names hold them (…小额贷款有限公司), the sender's name is looked at by the same list,
# and a lender so called could write to nobody.
WORDS = {
    "en": [
        *("overdue", "over due", "past due", "late", "arrear", "arrears", "delinquen*", "default*", "debt*", "dunning"),
        *("owe", "owes", "owed", "owing", "unpaid", "nonpayment", "non-payment", "missed payment", "missed payments"),
        *("not paid", "not been paid", "amount due", "balance due", "payment due", "due now", "now due", "still due"),
        *("pay now", "pay today", "pay immediately", "pay at once", "please pay", "payment reminder", "reminder to pay"),
        *("urgent payment", "settle your account", "settle your balance", "penalt*", "final reminder", "last reminder"),
        *("second reminder", "outstanding balance", "outstanding amount", "outstanding payment", "repay*", "repaid"),
        *("pay back", "final demand", "final notice", "final warning", "last warning", "letter of demand"),
        *("demand letter", "demand for payment", "payment demand", "collection*", "collections", "legal action"),
        *("legal proceedings", "lawsuit*", "sue", "sued", "litigation", "court", "court order", "prosecut*"),
        *("enforcement", "bailiff*", "repossess*", "foreclos*", "garnishment", "credit bureau", "credit record"),
        *("blacklist*", "charge-off", "charged off", "write-off", "written off", "insolven*", "bankrupt*"),
    ],
    "zh-hans": [
        *("逾期", "欠款", "欠债", "欠钱", "欠费", "欠缴", "欠账", "欠帐", "欠息", "债务", "拖欠", "违约", "失信", "坏账"),
        *("未还", "未缴", "未付", "未偿", "未结清", "应还金额", "应还总额", "待还金额", "待还账单", "滞纳金", "罚息"),
        *("老赖", "黑名单", "还款", "还钱", "还清", "偿还", "催收", "催款", "催缴", "催告", "催还", "催账", "催帐", "催费"),
        *("催债", "清收", "追讨", "追偿", "追缴", "追债", "讨债", "讨账", "征信", "起诉", "诉讼", "法院", "律师函", "仲裁"),
        *("传票", "查封", "强制执行", "法律程序", "法律行动", "立即付款", "立即支付", "立即缴费", "马上付款", "马上支付"),
        *("尽快付款", "尽快支付", "尽快缴费", "最后通知", "最后提醒", "最后警告", "最后通牒"),
        *("欠債", "欠費", "欠賬", "債務", "還款", "未還", "未繳", "催繳", "催賬", "滯納金", "罰息"),
        *("違約", "徵信", "起訴", "訴訟", "強制執行"),
    ],
}
HARMLESS = {
    # “The sale is over due to the holiday.”
    "en": ["over due to"],
    "zh-hans": [
        *("退还款", "返还款项", "退還款", "丢失信用卡", "遗失信用卡", "挂失信用卡", "丢失信件", "遗失信件", "挂失信息"),
        *("特征信息", "象征信物", "还清楚", "还清晰", "检查封面", "查清收件", "一起诉说", "未付诸", "未还原"),
    ],
}


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    for model, lists in (("DebtWords", WORDS), ("HarmlessWords", HARMLESS)):
        rows = apps.get_model("reminders", model).objects.using(alias)
        for language, words in lists.items():
            rows.create(language=language, effective_from=FROM, words=words, source=SOURCE)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    for model in ("DebtWords", "HarmlessWords"):
        apps.get_model("reminders", model).objects.using(alias).filter(effective_from=FROM, source=SOURCE).delete()


class Migration(migrations.Migration):
    dependencies = [("reminders", "0027_nothing_left_to_tell")]

    operations = [migrations.RunPython(install, remove)]
