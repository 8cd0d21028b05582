"""Schedules, their cost and their worth: properties for every method, and worked examples that others published."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from restructuring.rules.days import ACTUAL_360, ACTUAL_365, CONVENTIONS, THIRTY_360, months_on, year_fraction
from restructuring.rules.offers import TOO_DEAR, TOO_GENEROUS, TOO_LONG, Limits, Offer, objections, payable
from restructuring.rules.returns import annual_cost, present_value, root
from restructuring.rules.schedules import (
    BALLOON,
    EQUAL_PRINCIPAL,
    METHODS,
    STEPPED,
    Balance,
    Repayment,
    cents,
    extension,
    schedule,
    settlement,
)

START = date(2026, 1, 1)
amounts = st.integers(0, 10_000_000)
balances = st.builds(Balance, amounts, amounts, amounts, amounts).filter(lambda balance: balance.total > 0)
rates = st.decimals(0, Decimal("0.36"), places=4)


@st.composite
def repayments(draw: st.DrawFn, principal: int) -> Repayment:
    count = draw(st.integers(1, 60))
    return Repayment(
        starts_on=(start := START + timedelta(days=draw(st.integers(0, 800)))),
        first_due_on=start + timedelta(days=draw(st.integers(1, 75))),
        count=count,
        method=draw(st.sampled_from(METHODS)),
        annual_rate=draw(rates),
        day_count=draw(st.sampled_from(CONVENTIONS)),
        interest_only=draw(st.integers(0, count - 1)),
        step_every=draw(st.integers(1, 12)),
        step_rate=draw(st.decimals(Decimal("-0.2"), Decimal("0.3"), places=2)),
        balloon=draw(st.integers(0, principal)),
    )


@given(st.data(), balances)
def test_every_schedule_sums_to_the_cent_and_asks_for_nothing_negative(data, balance: Balance) -> None:
    how = data.draw(repayments(balance.principal))
    made = schedule(balance, how)
    assert len(made) == how.count
    assert [one.due_on for one in made] == [months_on(how.first_due_on, n) for n in range(how.count)]
    assert sum(one.principal for one in made) == balance.principal
    assert sum(one.carried_interest for one in made) == balance.interest
    assert sum(one.fee for one in made) == balance.service_fee + balance.late_fee
    assert all(min(one.principal, one.interest, one.fee, one.carried_interest) >= 0 for one in made)
    # The interest of every period, told again from the principal that is left and in exact fractions.
    left, since = balance.principal, how.starts_on
    for one in made:
        exact = left * Fraction(how.annual_rate) * _fraction(since, one.due_on, how.day_count)
        assert one.interest - one.carried_interest == int(exact + Fraction(1, 2))
        left, since = left - one.principal, one.due_on
    assert left == 0
    assert all(one.principal == 0 for one in made[: how.interest_only])
    if how.method == BALLOON:
        assert made[-1].principal >= how.balloon


def _fraction(first: date, last: date, convention: str) -> Fraction:
    if convention == THIRTY_360:
        days = 360 * (last.year - first.year) + 30 * (last.month - first.month) + min(last.day, 30) - min(first.day, 30)
        return Fraction(days, 360)
    return Fraction((last - first).days, 365 if convention == ACTUAL_365 else 360)


@given(balances, st.integers(1, 60), rates)
def test_late_fees_and_what_is_no_principal_bear_no_interest(balance: Balance, count: int, rate: Decimal) -> None:
    how = Repayment(START, months_on(START, 1), count, annual_rate=rate)
    bare = Balance(principal=balance.principal) if balance.principal else None
    own = [one.interest - one.carried_interest for one in schedule(balance, how)]
    assert own == ([one.interest for one in schedule(bare, how)] if bare else [0] * count)


@given(st.integers(1, 10**9), st.integers(1, 60), st.sampled_from(METHODS))
def test_without_interest_the_debtor_pays_what_he_owes(principal: int, count: int, method: str) -> None:
    made = schedule(Balance(principal), Repayment(START, months_on(START, 1), count, method=method, step_every=6))
    assert sum(one.total for one in made) == principal
    cost = annual_cost(principal, [(one.due_on, one.total) for one in made], on=START)
    assert cost is not None
    assert abs(cost) < 1e-9


@given(st.integers(100, 10**9), rates, st.sampled_from(METHODS), st.integers(1, 75))
def test_one_instalment_is_the_balance_with_its_interest(principal: int, rate: Decimal, method: str, days: int) -> None:
    due = START + timedelta(days=days)
    (only,) = schedule(Balance(principal), Repayment(START, due, 1, method=method, annual_rate=rate, step_every=1))
    assert only.total == principal + cents(principal * rate * days / 365)


@given(st.integers(10_000, 10**8), st.integers(2, 60), rates)
def test_equal_instalments_are_equal_but_for_the_rounding(principal: int, count: int, rate: Decimal) -> None:
    assume(principal > 100 * count)
    how = Repayment(START, months_on(START, 1), count, annual_rate=rate, day_count=THIRTY_360)
    totals = [one.total for one in schedule(Balance(principal), how)]
    assert len(set(totals[:-1])) == 1
    # Half a cent of the level grows with the rest of the term; every period's interest is rounded once more.
    assert abs(totals[-1] - totals[0]) <= count * 2 * (1 + rate) ** (count // 12 + 1)


@given(st.integers(10_000, 10**8), st.integers(2, 60), rates)
def test_equal_principal_falls_by_no_more_than_interest(principal: int, count: int, rate: Decimal) -> None:
    assume(principal > 100 * count)
    how = Repayment(START, months_on(START, 1), count, method=EQUAL_PRINCIPAL, annual_rate=rate, day_count=THIRTY_360)
    made = schedule(Balance(principal), how)
    assert len({one.principal for one in made[:-1]}) == 1
    interests = [one.interest for one in made]
    assert interests == sorted(interests, reverse=True)


def test_a_stepped_schedule_grows_by_its_step() -> None:
    how = Repayment(START, months_on(START, 1), 12, STEPPED, Decimal("0.12"), step_every=4, step_rate=Decimal("0.5"))
    totals = [one.total for one in schedule(Balance(1_000_000), how)]
    assert [round(totals[at] / totals[0], 3) for at in (1, 4, 8)] == [1, 1.5, 2.25]


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 10**7)), min_size=1, max_size=60), st.integers(1, 10**9))
def test_the_yearly_cost_is_that_of_an_independent_root_finder(flows, received: int) -> None:
    dated = [(START + timedelta(days=days), amount) for days, amount in flows]
    found = annual_cost(received, dated, on=START)
    expected = _by_bisection(received, flows)
    if expected is None:
        assert found is None
        return
    assert found is not None
    # To 1e-9 of the growth of a year, which for what consumers pay is 1e-9 of the rate.
    assert abs(found - expected) <= 1e-9 * max(1, 1 + expected)


def _by_bisection(received: int, flows: list[tuple[int, int]]) -> float | None:
    """On the scale of the discount factor of a day, by nothing but halving."""

    def worth(factor: float) -> float:
        return sum(amount * factor**days for days, amount in flows) / received

    low, high = (1 + 1e6) ** (-1 / 365), (1 - 0.999999) ** (-1 / 365)
    if worth(low) > 1 or worth(high) < 1:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) < 1 else (low, middle)
    return low**-365 - 1


@given(st.integers(10_000, 10**8), st.integers(2, 60), st.decimals(Decimal("0.001"), Decimal("0.36"), places=4))
def test_an_equal_instalment_plan_costs_its_compounded_rate(principal: int, count: int, rate: Decimal) -> None:
    assume(principal > 10_000 * count)
    how = Repayment(START, START + timedelta(days=30), count, annual_rate=rate)
    made = schedule(Balance(principal), how)
    cost = annual_cost(principal, [(one.due_on, one.total) for one in made], on=START)
    assert cost is not None
    assert float(rate) - 0.001 < cost < (1 + float(rate) / 12) ** 12 - 1 + 0.003


# Interest theory course, amortization project ("Math 352", scribd 360526230): 150,000 at 3.625 % over 360 months. The course
# keeps fractions of cents in its balances, so that later rows differ by a cent; its first are the same to the cent.
PUBLISHED = [
    (Decimal("684.08"), Decimal("453.13"), Decimal("230.95"), Decimal("149769.05")),
    (Decimal("684.08"), Decimal("452.43"), Decimal("231.65"), Decimal("149537.40")),
    (Decimal("684.08"), Decimal("451.73"), Decimal("232.35"), Decimal("149305.05")),
    (Decimal("684.08"), Decimal("451.03"), Decimal("233.05"), Decimal("149072.00")),
    (Decimal("684.08"), Decimal("450.32"), Decimal("233.76"), Decimal("148838.24")),
    (Decimal("684.08"), Decimal("449.62"), Decimal("234.46"), Decimal("148603.78")),
    (Decimal("684.08"), Decimal("448.91"), Decimal("235.17"), Decimal("148368.61")),
    (Decimal("684.08"), Decimal("448.20"), Decimal("235.88"), Decimal("148132.73")),
]


def test_the_published_amortization_of_150000() -> None:
    how = Repayment(START, months_on(START, 1), 360, annual_rate=Decimal("0.03625"), day_count=THIRTY_360)
    left = Decimal("150000")
    for one, (payment, interest, principal, balance) in zip(
        schedule(Balance(15_000_000), how), PUBLISHED, strict=False
    ):
        left -= Decimal(one.principal) / 100
        assert (one.total, one.interest, one.principal) == tuple(int(x * 100) for x in (payment, interest, principal))
        assert left == balance


@pytest.mark.parametrize(
    ("principal", "rate", "count", "payment"),
    [
        # Investopedia, "Amortization": 30,000 at 3 % over 48 months.
        (3_000_000, "0.03", 48, 66_403),
        # github.com/perryqh/mortgage-buddy, features/amoratize.feature.
        (12_500_000, "0.035", 360, 56_131),
        (55_000_000, "0.03", 360, 231_882),
    ],
)
def test_published_monthly_payments(principal: int, rate: str, count: int, payment: int) -> None:
    how = Repayment(START, months_on(START, 1), count, annual_rate=Decimal(rate), day_count=THIRTY_360)
    assert schedule(Balance(principal), how)[0].total == payment


def test_the_annual_percentage_rate_of_regulation_z() -> None:
    """12 CFR 1026 appendix J (c)(1)(i): 5,000 advanced, 24 monthly payments of 230 make 9.69 % a year, by equal months."""
    month = root(lambda rate: sum(230 / (1 + rate) ** number for number in range(1, 25)) - 5000, -0.5, 1)
    assert month is not None
    assert round(month * 12 * 100, 2) == 9.69
    # By actual days, and as an effective rate, it is about the same.
    flows = [(months_on(date(1978, 1, 10), number), 23_000) for number in range(1, 25)]
    assert annual_cost(500_000, flows, on=date(1978, 1, 10)) == pytest.approx((1 + month) ** 12 - 1, abs=0.0005)


@given(balances, st.data())
def test_a_settlement_asks_for_the_balance_less_the_discount(balance: Balance, data) -> None:
    assume(balance.total > 1)
    discount = data.draw(st.integers(0, balance.total - 1))
    (only,) = settlement(balance, discount=discount, due_on=START)
    assert only.total == balance.total - discount
    assert only.principal == balance.principal or only.total == only.principal


parts = st.lists(st.tuples(st.dates(date(2025, 1, 1), date(2026, 6, 1)), balances), min_size=1, max_size=8)


@given(parts, rates, st.integers(1, 400))
@example([(date(2026, 2, 1), Balance(1))], Decimal(0), 1)
def test_an_extension_moves_every_due_date_alike(parts, rate: Decimal, ahead: int) -> None:
    starts_on = date(2026, 1, 15)
    earliest = min(due for due, _ in parts)
    first = max(earliest, starts_on) + timedelta(days=ahead)
    made = extension(parts, starts_on=starts_on, first_due_on=first, annual_rate=rate, day_count=ACTUAL_365)
    moved = first - earliest
    assert sorted(one.due_on - moved for one in made) == sorted(due for due, _ in parts)
    assert sum((part for _, part in parts), Balance()).total == sum(
        one.total - one.interest + one.carried_interest for one in made
    )
    if not rate:
        assert sum(one.interest for one in made) == sum(part.interest for _, part in parts)


@given(balances, st.data())
def test_a_discount_takes_the_principal_last(balance: Balance, data) -> None:
    left = balance.less(taken := data.draw(st.integers(0, balance.total)))
    assert left.total == balance.total - taken
    assert left.principal == balance.principal or left.total == left.principal


def test_days_are_counted_as_their_convention_says() -> None:
    a, b = date(2026, 1, 31), date(2026, 3, 31)
    assert year_fraction(a, b, ACTUAL_365) == Decimal(59) / 365
    assert year_fraction(a, b, ACTUAL_360) == Decimal(59) / 360
    assert year_fraction(a, b, THIRTY_360) == Decimal(60) / 360
    assert months_on(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_on(date(2024, 1, 31), 1) == date(2024, 2, 29)
    with pytest.raises(ValueError, match="no day count"):
        year_fraction(a, b, "bus/252")


LIMITS = Limits(60, Decimal("0.24"), Decimal("0.3"), Decimal("0.08"), Decimal("0.5"), 62)


def _offer(**terms) -> Offer:
    how = Repayment(**{"starts_on": START, "first_due_on": months_on(START, 1), "count": 12} | terms)
    return Offer(START, Balance(1_000_000), schedule(Balance(1_000_000), how))


def test_what_the_rules_say_against_an_offer() -> None:
    assert objections(_offer(annual_rate=Decimal("0.18"), count=60), LIMITS) == []
    assert [one.code for one in objections(_offer(count=61), LIMITS)] == [TOO_LONG]
    assert [one.code for one in objections(_offer(annual_rate=Decimal("0.24")), LIMITS)] == [TOO_DEAR]
    halved = Offer(START, Balance(1000), settlement(Balance(1000), discount=301, due_on=months_on(START, 1)), 301)
    assert [one.code for one in objections(halved, LIMITS)] == [TOO_GENEROUS]


def test_what_a_household_can_pay() -> None:
    assert payable(800_000, 500_000, Decimal("0.5")) == 150_000
    assert payable(500_000, 800_000, Decimal("0.5")) == 0


def test_what_a_plan_is_worth_to_the_lender() -> None:
    flows = [(START + timedelta(days=365), 108), (START + timedelta(days=730), 11664)]
    assert present_value(flows, on=START, rate=0.08) == pytest.approx(100 + 10000)


@pytest.mark.parametrize(
    "terms",
    [
        {"count": 0},
        {"first_due_on": START},
        {"interest_only": 12},
        {"method": "bullet"},
        {"method": BALLOON, "balloon": 1_000_001},
        {"method": STEPPED, "step_every": 0},
        {"annual_rate": Decimal(-1)},
    ],
)
def test_terms_that_make_no_schedule_are_refused(terms: dict) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the messages are for the caller's page
        _offer(**terms)


@pytest.mark.parametrize("day", [date(2080, 1, 1), date(2099, 1, 1), date(9999, 12, 1), date(1000, 1, 1)])
def test_a_day_out_of_reach_overflows_nothing(day) -> None:
    assert present_value([(day, 100), (day, 0)], on=date(2026, 3, 1), rate=-0.999999) >= 0
    annual_cost(10_000, [(day, 12_000)], on=date(2026, 3, 1))
    with pytest.raises(ValueError, match="no day of the calendar"):
        extension(
            [(date(2026, 1, 1), Balance(100)), (date(2026, 3, 1), Balance(100))],
            starts_on=date(2026, 3, 1), first_due_on=date(9999, 12, 1), annual_rate=Decimal(0), day_count="actual/365",
        )  # fmt: skip
