"""The dated rows of products and tables, read as the core's `Terms`. Read anew for every operation: never stale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from accounts import rules
from accounts.models import MinimumRule, ProductTerms

# Rates are a fraction of a year of this many days (the market's habit for consumer credit; a day's rate × 365).
DAYS_A_YEAR = 365


@dataclass(frozen=True)
class TermsBook:
    """Every product's terms, without an account's own final due date."""

    by_product: dict[int, rules.Terms]
    # From which day on the worst class of a customer's accounts spreads to his others, or does not (ordinals).
    worst_spreads_from: tuple[tuple[int, bool], ...]

    def of(self, product_id: int, final_due_on: int | None) -> rules.Terms:
        """The terms of one account."""
        terms = self.by_product[product_id]
        return terms if final_due_on is None else replace(terms, final_due_on=final_due_on)

    def widest_grace(self) -> int:
        """The longest grace of any product, ever."""
        return max((row.grace_days for terms in self.by_product.values() for row in terms.rows), default=0)

    def fee_products(self) -> list[int]:
        """Products that charge late fees."""
        return [product_id for product_id, terms in self.by_product.items() if terms.charges_late_fees()]

    def worst_spreads(self, day: int) -> bool:
        """Is the policy in force that the worst class of a customer's accounts is that of all of them?"""
        spreads = [value for since, value in self.worst_spreads_from if since <= day]
        return spreads[-1] if spreads else False


_TERMS = """
    SELECT (SELECT json_agg(t ORDER BY product_id, effective_from) FROM accounts_productterms t),
           (SELECT json_agg(json_build_object('effective_from', t.effective_from, 'rows',
                       (SELECT json_agg(r ORDER BY from_days) FROM accounts_bucketrow r WHERE r.table_id = t.id))
                   ORDER BY t.effective_from) FROM accounts_buckettable t),
           (SELECT json_agg(json_build_object('effective_from', t.effective_from, 'worst_spreads', t.worst_spreads, 'rows',
                       (SELECT json_agg(r ORDER BY over_days) FROM accounts_riskrow r WHERE r.table_id = t.id))
                   ORDER BY t.effective_from) FROM accounts_risktable t),
           (SELECT json_agg(r ORDER BY effective_from) FROM accounts_allocationrule r)"""


def read_terms() -> TermsBook:
    """Read every dated row, in one query.

    Raises:
        ValueError: a bucket table does not tile 1…∞, or an allocation rule does not name each step once.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TERMS)
        dated, bucket_tables, risk_tables, allocation = (rows or [] for rows in cursor.fetchone())
    buckets = tuple(
        rules.BucketTable(
            _day(table), tuple((row["code"], row["from_days"], row["to_days"]) for row in table["rows"] or ())
        )
        for table in bucket_tables
    )
    risks = tuple(
        rules.RiskTable(_day(table), tuple((row["risk_class"], row["over_days"]) for row in table["rows"] or ()))
        for table in risk_tables
    )
    order = tuple(
        rules.AllocationRule(row["version"], _day(row), tuple(row["steps"]), tuple(row["components"]))
        for row in allocation
    )
    by_product: dict[int, list[rules.DatedTerms]] = {}
    for row in dated:
        by_product.setdefault(row["product_id"], []).append(_dated(row))
    return TermsBook(
        by_product={
            product_id: rules.Terms(rows=tuple(rows), buckets=buckets, risks=risks, rules=order)
            for product_id, rows in by_product.items()
        },
        worst_spreads_from=tuple((_day(table), table["worst_spreads"]) for table in risk_tables),
    )


def _day(row: dict[str, Any]) -> int:
    return date.fromisoformat(row["effective_from"]).toordinal()


def _dated(row: dict[str, Any]) -> rules.DatedTerms:
    by_percent = row["minimum_rule"] == MinimumRule.PERCENT_OF_BALANCE
    cap = row["all_in_annual_cap"]
    rate = late_fee_rate(
        _number(row["late_fee_daily_rate"]), _number(row["contract_annual_rate"]), None if cap is None else _number(cap)
    )
    return rules.DatedTerms(
        effective_from=_day(row),
        grace_days=row["grace_days"],
        minimum_rate=int(_number(row["minimum_rate"]) * 10_000) if by_percent else None,
        rolls_over=row["rolls_over"],
        missed_limit=row["missed_limit"],
        late_fee_rate=int(rate * rules.RATE_UNIT),
    )


def _number(value: float) -> Decimal:
    # JSON numbers of at most eight places: their shortest text is exactly what the column holds.
    return Decimal(str(value))


def late_fee_rate(daily: Decimal, contract_annual: Decimal, cap: Decimal | None) -> Decimal:
    """The daily late fee in force: `daily`, lowered so that a year of it with the contract's own interest and service fee
    stays under the all-in `cap` (sources: `ProductTerms.source`). All are fractions."""
    if cap is None:
        return daily
    room = max(cap - contract_annual, Decimal(0)) / DAYS_A_YEAR
    return min(daily, room)


def terms_on(product_id: int, day: date) -> ProductTerms | None:
    """The row of a product's terms in force on `day`; before the first one, that. None: the product has none. Two queries at
    most."""
    dated = ProductTerms.objects.filter(product=product_id)
    in_force = dated.filter(effective_from__lte=day).order_by("-effective_from").first()
    return in_force or dated.order_by("effective_from").first()
