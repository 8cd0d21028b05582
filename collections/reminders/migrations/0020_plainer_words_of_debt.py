"""The installed words that say that there is a debt, with the plain ones. A list that the lender entered itself stays in force."""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Behind the first list, and before whatever anybody entered.
FROM = date(2020, 1, 2)
SOURCE = "The lender's policy, as installed, with the plain words"
# Whole words where what begins so is harmless: nobody called Owen is refused. “Collection” is refused whatever is collected:
# a parcel is picked up.
WORDS = {
    "en": [
        *("overdue", "past due", "past-due", "late", "arrears", "delinquen*", "default*", "debt*", "dunning"),
        *("owe", "owes", "owed", "owing", "unpaid", "nonpayment", "non-payment", "missed payment", "missed payments"),
        *("outstanding balance", "outstanding amount", "outstanding payment", "repay*", "repaid", "pay back"),
        *("final demand", "final notice", "final warning", "last warning", "letter of demand", "demand letter"),
        *("demand for payment", "payment demand", "collection*", "collections", "legal action", "legal proceedings"),
        *("lawsuit*", "sue", "sued", "litigation", "court", "court order", "prosecut*", "enforcement", "bailiff*"),
        *("repossess*", "foreclos*", "garnishment", "credit bureau", "credit record", "blacklist*", "charge-off"),
        *("charged off", "write-off", "written off", "insolven*", "bankrupt*"),
    ],
    "zh-hans": [
        *("逾期", "欠款", "欠债", "欠钱", "欠费", "欠缴", "债务", "拖欠", "违约", "失信", "坏账", "老赖", "黑名单"),
        *("还款", "还钱", "还清", "偿还", "催收", "催款", "催缴", "催告", "催还", "清收", "追讨", "追偿", "讨债"),
        *("征信", "起诉", "诉讼", "法院", "律师函", "仲裁", "传票", "查封", "强制执行", "法律程序", "法律行动"),
        *("欠債", "債務", "還款", "違約", "徵信", "起訴", "訴訟", "強制執行"),
    ],
}


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words = apps.get_model("reminders", "DebtWords").objects.using(schema_editor.connection.alias)
    for language, forbidden in WORDS.items():
        words.create(language=language, effective_from=FROM, words=forbidden, source=SOURCE)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words = apps.get_model("reminders", "DebtWords").objects.using(schema_editor.connection.alias)
    words.filter(effective_from=FROM, source=SOURCE).delete()


class Migration(migrations.Migration):
    dependencies = [("reminders", "0019_codes_are_asked_for_to_sign")]

    operations = [migrations.RunPython(install, remove)]
