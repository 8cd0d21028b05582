"""The core equals an oracle written apart from it, on accounts with everything random."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import cents
from accounts.rules.states import RATE_UNIT
from tests.accounts.oracle import Book, judge_naively, missed_bills
from tests.accounts.oracle_facts import OracleAccount, OracleBill, OracleCredit, OracleHold, OracleProduct
from tests.accounts.scenario import Scenario, in_words
from tests.accounts.strategies import EPOCH, LONG_AGO, a_year_apart, examples, holds_of_bills, midnight, scenarios


@pytest.mark.parametrize("product", ["plain", "instalment", "revolving"])
def test_the_standing_is_what_a_naive_day_by_day_reading_finds(product: str) -> None:
    @examples(350)
    @given(scenarios(st.just(product)))
    def agrees(scenario: Scenario) -> None:
        assert in_words(scenario.standing()) == judge_naively(scenario.account, scenario.as_of, scenario.known_at)

    agrees()


@examples(200)
@given(scenarios(), st.lists(holds_of_bills(), min_size=1, max_size=2))
def test_what_is_overdue_beside_what_is_held_is_what_a_naive_reading_finds(
    scenario: Scenario, partial: list[OracleHold]
) -> None:
    scenario = scenario.having(holds=(*scenario.account.holds, *partial))
    assert in_words(scenario.standing()) == judge_naively(scenario.account, scenario.as_of, scenario.known_at)


@examples(400)
@given(scenarios())
def test_the_money_lies_where_a_naive_day_by_day_reading_puts_it(scenario: Scenario) -> None:
    """Bill by bill: what it holds, its minimum, what was allocated and rolled; then waiting credit and late fees."""
    found = scenario.replay()
    book = Book(scenario.account, scenario.as_of, scenario.known_at)
    assert [
        (state.bill.ref, state.capacity, state.minimum, state.allocated, state.rolled_in, state.rolled_out)
        for state in found.bills
        if state.bill is not None
    ] == [
        (owed.bill.ref, *map(cents, (owed.holds, owed.minimum, owed.allocated, owed.rolled_in, owed.rolled_out)))
        for owed in book.oldest_first()
    ]
    assert found.credit == cents(book.waits)
    assert (found.posted, found.fee_left) == (cents(book.fee_posted), cents(book.fee_posted - book.fee_met))
    assert Decimal(found.accrued) / RATE_UNIT == book.fee_accrued * 100


@examples(60)
@given(a_year_apart())
def test_a_missed_bill_counts_for_twelve_calendar_months(scenario: Scenario) -> None:
    assert in_words(scenario.standing()) == judge_naively(scenario.account, scenario.as_of)


def test_a_bill_met_under_a_fee_hold_is_not_missed_because_another_payment_was_reversed() -> None:
    """Looking back at a bill's own day, the holds of that day count too: no fee eats the credit that met the bill."""
    days = [EPOCH + timedelta(days=number) for number in range(61)]
    nothing = Decimal("0.00")
    account = OracleAccount(
        products=(OracleProduct(LONG_AGO, missed_limit=2, late_fee_rate=Decimal("0.25")),),
        bills=(
            OracleBill("B1", days[0], days[1], nothing, nothing, Decimal("1.00")),
            OracleBill("B2", days[7], days[8], nothing, nothing, Decimal("0.20")),
            OracleBill("B3", days[7], days[30], nothing, nothing, Decimal("5.00")),
        ),
        credits=(
            OracleCredit("P1", Decimal("1.20"), days[6], midnight(days[6])),
            OracleCredit("P2", Decimal("0.01"), days[10], midnight(days[10]), days[20], midnight(days[20])),
        ),
        holds=(OracleHold("fees", days[2], days[60], midnight(days[2])),),
    )
    said = in_words(Scenario(account, days[31]).standing())
    assert missed_bills(account, days[31], None) == 2
    assert said.kind == "single"
    assert said == judge_naively(account, days[31])
