"""The rule of plans to begin with. The lender's own choices are for an administrator to overrule by a later row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import migrations

SOURCE = (
    "60 months: card rules (信用卡办法) art 70. 24 % a year all in: 金规〔2025〕9号, 法发〔2017〕22号. Watch of a year, two instalments at "
    "least, special mention at best: 商业银行金融资产风险分类办法 (2023). Grace, breach, discount, present value and share of the "
    "surplus: the lender's own."
)


def install(apps, schema_editor):
    rules = apps.get_model("restructuring", "PlanRule").objects.using(schema_editor.connection.alias)
    rules.create(
        effective_from=date(2023, 7, 1),
        most_months=60,
        annual_cap=Decimal("0.24"),
        most_discount=Decimal("0.30"),
        discount_rate=Decimal("0.08"),
        surplus_share=Decimal("0.50"),
        grace_days=3,
        breach_after=1,
        breach_terms="restore",
        watch_months=12,
        watch_floor="special-mention",
        needs_signature=True,
        source=SOURCE,
    )


def remove(apps, schema_editor):
    rules = apps.get_model("restructuring", "PlanRule").objects.using(schema_editor.connection.alias)
    rules.filter(effective_from=date(2023, 7, 1), source=SOURCE).delete()


class Migration(migrations.Migration):
    dependencies = [("restructuring", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
