"""The products, tables and rules that every book starts with; each row is dated and names its source."""

from datetime import date
from decimal import Decimal

from django.db import migrations

BEGINNING = date(2000, 1, 1)
INSTALLED = "Installed default of this product"
CAP = "All-in cap of 24 % a year: financial regulator's notice no. 9 of 2025 on platform lending, in force 2025-10-01"

PRODUCTS = (
    ("plain", "Plain bills", {}),
    (
        "instalment",
        "Instalment credit",
        {
            "missed_limit": 3,
            "late_fee_daily_rate": Decimal("0.0005"),
            "all_in_annual_cap": Decimal("0.24"),
            "source": f"Late fee 0.05 % a day, simple, on the overdue amount: market habit for instalment credit. {CAP}",
        },
    ),
    (
        "revolving",
        "Revolving credit",
        {
            "minimum_rule": "percent-of-balance",
            "minimum_rate": Decimal("0.1"),
            "rolls_over": True,
            "late_fee_daily_rate": Decimal("0.0005"),
            "all_in_annual_cap": Decimal("0.24"),
            "source": f"Minimum of 10 % of the balance and a late fee of 0.05 % a day: market habit for card credit. {CAP}",
        },
    ),
)
BUCKETS = [(f"M{month}", 30 * month - 29, 30 * month) for month in range(1, 7)] + [("M7+", 181, None)]
CLASSES = (("special-mention", 0), ("substandard", 90), ("doubtful", 270), ("loss", 360))


def install(apps, schema_editor):
    Product = apps.get_model("accounts", "Product")
    Terms = apps.get_model("accounts", "ProductTerms")
    for code, name, terms in PRODUCTS:
        product = Product.objects.create(code=code, name=name)
        Terms.objects.create(product=product, effective_from=BEGINNING, **{"source": INSTALLED, **terms})
    table = apps.get_model("accounts", "BucketTable").objects.create(
        effective_from=BEGINNING, source="Months past due as the credit bureau's repayment status 1-7 counts them"
    )
    for code, from_days, to_days in BUCKETS:
        apps.get_model("accounts", "BucketRow").objects.create(
            table=table, code=code, from_days=from_days, to_days=to_days
        )
    risk = apps.get_model("accounts", "RiskTable").objects.create(
        effective_from=BEGINNING,
        source="Measures for the risk classification of commercial banks' financial assets, in force 2023-07-01",
    )
    for risk_class, over_days in CLASSES:
        apps.get_model("accounts", "RiskRow").objects.create(table=risk, risk_class=risk_class, over_days=over_days)
    apps.get_model("accounts", "AllocationRule").objects.create(
        version=1,
        effective_from=BEGINNING,
        steps=["minimum", "late_fee", "rest"],
        components=["service_fee", "interest", "principal"],
        source="Civil Code arts 560 and 561 as agreed in the product's terms: minimum dues first, costs before principal",
    )


def remove(apps, schema_editor):
    """Take the installed rows away again; refused by the database where a book already uses them."""
    apps.get_model("accounts", "AllocationRule").objects.filter(version=1).delete()
    apps.get_model("accounts", "RiskTable").objects.filter(effective_from=BEGINNING).delete()
    apps.get_model("accounts", "BucketTable").objects.filter(effective_from=BEGINNING).delete()
    codes = [code for code, _, _ in PRODUCTS]
    apps.get_model("accounts", "ProductTerms").objects.filter(
        product__code__in=codes, effective_from=BEGINNING
    ).delete()
    apps.get_model("accounts", "Product").objects.filter(code__in=codes).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_append_only")]

    operations = [migrations.RunPython(install, remove)]
