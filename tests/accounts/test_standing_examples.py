"""The worked examples that came with the specification, table by table. Their numbers are the specification."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import pytest

from tests.accounts.oracle import OracleStanding, judge_naively
from tests.accounts.oracle_facts import OracleAccount, OracleBill, OracleCredit, OracleHold, OracleProduct
from tests.accounts.scenario import Scenario, in_words
from tests.accounts.strategies import LONG_AGO, midnight

NOTHING = Decimal("0.00")


def bill(ref: str, statement_on: str, due_on: str, amount: str, minimum: str) -> OracleBill:
    day = date.fromisoformat
    return OracleBill(ref, day(statement_on), day(due_on), NOTHING, NOTHING, Decimal(amount), Decimal(minimum))


def paid(amount: str, effective_on: str, recorded_at: datetime | None = None) -> OracleCredit:
    on = date.fromisoformat(effective_on)
    return OracleCredit(f"P-{effective_on}", Decimal(amount), on, recorded_at or midnight(on))


def hold(kind: str, starts_on: str, ends_on: str) -> OracleHold:
    first = date.fromisoformat(starts_on)
    return OracleHold(kind, first, date.fromisoformat(ends_on), midnight(first))


B1 = bill("B1", "2026-01-05", "2026-01-25", "1000.00", "100.00")
B2 = bill("B2", "2026-02-05", "2026-02-25", "800.00", "80.00")
B3 = bill("B3", "2026-03-05", "2026-03-25", "600.00", "600.00")

PLAIN = OracleAccount((OracleProduct(LONG_AGO),), (B1, B2, B3))
ONLY_B1 = replace(PLAIN, bills=(B1,))

MINIMUM_ON_THE_DUE_DATE = replace(PLAIN, credits=(paid("100.00", "2026-01-25"),))
ONE_CENT_SHORT = replace(PLAIN, credits=(paid("99.99", "2026-01-25"),))
MINIMUMS_FIRST = replace(PLAIN, credits=(paid("180.00", "2026-02-20"),))
MONEY_BEFORE_THE_BILL = replace(PLAIN, credits=(paid("150.00", "2026-01-01"),))
NOTHING_PAID = PLAIN
AFTER_THE_FINAL_DATE = replace(
    PLAIN,
    credits=(paid("100.00", "2026-01-20"), paid("80.00", "2026-02-20"), paid("600.00", "2026-03-20")),
    final_due_on=date(2026, 3, 25),
)
DEFERRED = replace(
    ONLY_B1,
    holds=(
        hold("deferral", "2026-01-10", "2026-01-31"),
        hold("deferral", "2026-01-30", "2026-02-04"),
        hold("contact", "2026-02-01", "2026-02-28"),
    ),
)
RECORDED_IN_MARCH = replace(ONLY_B1, credits=(paid("100.00", "2026-01-24", datetime(2026, 3, 2, 12, tzinfo=UTC)),))


class Row(NamedTuple):
    """One line of a table, as it is written there."""

    as_of: str
    overdue_since: str
    days_past_due: int
    bucket: str
    kind: str
    risk_class: str
    overdue_amount: str
    known_at: str = ""

    def expected(self) -> OracleStanding:
        since = None if self.overdue_since == "–" else date.fromisoformat(self.overdue_since)
        kind = "" if self.kind == "–" else self.kind
        return OracleStanding(
            since is not None,
            since,
            self.days_past_due,
            self.bucket,
            kind,
            self.risk_class,
            Decimal(self.overdue_amount),
        )


CURRENT = ("–", 0, "M0", "–", "normal", "0.00")
TABLES: dict[str, tuple[OracleAccount, list[Row]]] = {
    "paid the minimum of bill 1 on the due date": (
        MINIMUM_ON_THE_DUE_DATE,
        [
            Row("2026-01-26", *CURRENT),
            Row("2026-02-25", *CURRENT),
            Row("2026-02-26", "2026-02-25", 1, "M1", "single", "special-mention", "80.00"),
        ],
    ),
    "one cent short of the minimum": (
        ONE_CENT_SHORT,
        [
            Row("2026-01-25", *CURRENT),
            Row("2026-01-26", "2026-01-25", 1, "M1", "single", "special-mention", "0.01"),
            Row("2026-02-24", "2026-01-25", 30, "M1", "single", "special-mention", "0.01"),
            Row("2026-02-25", "2026-01-25", 31, "M2", "single", "special-mention", "0.01"),
        ],
    ),
    "minimum dues come first": (
        MINIMUMS_FIRST,
        [
            Row("2026-02-19", "2026-01-25", 25, "M1", "single", "special-mention", "100.00"),
            Row("2026-02-20", *CURRENT),
            Row("2026-02-26", *CURRENT),
            Row("2026-03-26", "2026-03-25", 1, "M1", "single", "special-mention", "600.00"),
        ],
    ),
    "money before the bill waits as credit, then flows to the rest of bill 1": (
        MONEY_BEFORE_THE_BILL,
        [
            Row("2026-01-26", *CURRENT),
            Row("2026-02-26", "2026-02-25", 1, "M1", "single", "special-mention", "80.00"),
        ],
    ),
    "two unmet bills, then over ninety days": (
        NOTHING_PAID,
        [
            Row("2026-02-26", "2026-01-25", 32, "M2", "multiple", "special-mention", "180.00"),
            Row("2026-04-25", "2026-01-25", 90, "M3", "multiple", "special-mention", "780.00"),
            Row("2026-04-26", "2026-01-25", 91, "M4", "multiple", "substandard", "780.00"),
        ],
    ),
    "after the final due date every rest is due": (
        AFTER_THE_FINAL_DATE,
        [
            Row("2026-03-25", *CURRENT),
            Row("2026-03-26", "2026-03-25", 1, "M1", "full", "special-mention", "1620.00"),
            Row("2026-06-01", "2026-03-25", 68, "M3", "full", "special-mention", "1620.00"),
        ],
    ),
    "a deferral counts each day once, and only inside the late time": (
        DEFERRED,
        [
            Row("2026-01-31", "2026-01-25", 0, "M0", "single", "special-mention", "100.00"),
            Row("2026-02-04", "2026-01-25", 0, "M0", "single", "special-mention", "100.00"),
            Row("2026-02-05", "2026-01-25", 1, "M1", "single", "special-mention", "100.00"),
            Row("2026-02-20", "2026-01-25", 16, "M1", "single", "special-mention", "100.00"),
        ],
    ),
    "a payment effective in January, recorded in March": (
        RECORDED_IN_MARCH,
        [
            Row("2026-02-10", *CURRENT),
            Row(
                "2026-02-10", "2026-01-25", 16, "M1", "single", "special-mention", "100.00", "2026-02-10T23:59:00+00:00"
            ),
            Row("2026-02-10", *CURRENT, "2026-03-02T12:00:00+00:00"),
        ],
    ),
}
CASES = [
    pytest.param(account, row, id=f"{title}: {row.as_of}{row.known_at and ' as known at ' + row.known_at}")
    for title, (account, rows) in TABLES.items()
    for row in rows
]


@pytest.mark.parametrize(("account", "row"), CASES)
def test_the_worked_example(account: OracleAccount, row: Row) -> None:
    known_at = datetime.fromisoformat(row.known_at) if row.known_at else None
    said = in_words(Scenario(account, date.fromisoformat(row.as_of), known_at).standing())
    assert replace(said, late_on=None) == row.expected()


@pytest.mark.parametrize(("account", "row"), CASES)
def test_the_oracle_reads_the_worked_example_the_same_way(account: OracleAccount, row: Row) -> None:
    """The oracle judges the core elsewhere; here it is judged itself."""
    known_at = datetime.fromisoformat(row.known_at) if row.known_at else None
    said = judge_naively(account, date.fromisoformat(row.as_of), known_at)
    assert replace(said, late_on=None) == row.expected()
