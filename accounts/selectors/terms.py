"""The dated rows of products and tables, read as the core's `Terms`. Read anew for every operation: never stale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from accounts import rules
from accounts.models import AllocationRule, BucketTable, MinimumRule, ProductTerms, RiskTable

# Rates are a fraction of a year of this many days (the market's habit for consumer credit; a day's rate × 365).
DAYS_A_YEAR = 365


@dataclass(frozen=True)
class TermsBook:
    """Every product's terms, without an account's own final due date."""

    by_product: dict[int, rules.Terms]
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


def read_terms() -> TermsBook:
    """Read every dated row: five queries, whatever the size of the book.

    Raises:
        ValueError: a bucket table does not tile 1…∞, or an allocation rule does not name each step once.
    """
    buckets = tuple(
        rules.BucketTable(
            rules.day(table.effective_from), tuple((row.code, row.from_days, row.to_days) for row in table.rows.all())
        )
        for table in BucketTable.objects.prefetch_related("rows").order_by("effective_from")
    )
    risk_tables = list(RiskTable.objects.prefetch_related("rows").order_by("effective_from"))
    risks = tuple(
        rules.RiskTable(
            rules.day(table.effective_from), tuple((row.risk_class, row.over_days) for row in table.rows.all())
        )
        for table in risk_tables
    )
    allocation = tuple(
        rules.AllocationRule(row.version, rules.day(row.effective_from), tuple(row.steps), tuple(row.components))
        for row in AllocationRule.objects.order_by("effective_from")
    )
    rows: dict[int, list[rules.DatedTerms]] = {}
    for row in ProductTerms.objects.order_by("product_id", "effective_from"):
        rows.setdefault(row.product_id, []).append(_dated(row))
    return TermsBook(
        by_product={
            product_id: rules.Terms(rows=tuple(dated), buckets=buckets, risks=risks, rules=allocation)
            for product_id, dated in rows.items()
        },
        worst_spreads_from=tuple((rules.day(table.effective_from), table.worst_spreads) for table in risk_tables),
    )


def _dated(row: ProductTerms) -> rules.DatedTerms:
    return rules.DatedTerms(
        effective_from=rules.day(row.effective_from),
        grace_days=row.grace_days,
        minimum_rate=(int(row.minimum_rate * 10_000) if row.minimum_rule == MinimumRule.PERCENT_OF_BALANCE else None),
        rolls_over=row.rolls_over,
        missed_limit=row.missed_limit,
        late_fee_rate=int(late_fee_rate(row) * rules.RATE_UNIT),
    )


def late_fee_rate(row: ProductTerms) -> Decimal:
    """The daily late fee in force: what the row says, lowered so that a year of it with the contract's own interest and
    service fee stays under the all-in cap (sources: `ProductTerms.source`)."""
    if row.all_in_annual_cap is None:
        return row.late_fee_daily_rate
    room = max(row.all_in_annual_cap - row.contract_annual_rate, Decimal(0)) / DAYS_A_YEAR
    return min(row.late_fee_daily_rate, room)
