"""The tables that govern an account: refused when they leave a gap, and read as the architecture says."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import AllocationRule, BucketTable, DatedTerms, Terms
from tests.accounts.oracle import bucket_of, class_of
from tests.accounts.scenario import BUCKETS, RISKS
from tests.accounts.strategies import examples


def table(*rows: tuple[str, int, int | None]) -> BucketTable:
    return BucketTable(1, rows)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no bucket at all"),
        pytest.param([("M1", 2, None)], id="begins at 2"),
        pytest.param([("M1", 0, None)], id="begins at 0"),
        pytest.param([("M1", 1, 30)], id="ends"),
        pytest.param([("M1", 1, 30), ("M2", 31, 60)], id="the last one ends"),
        pytest.param([("M1", 1, 30), ("M2", 32, None)], id="a gap of one day"),
        pytest.param([("M1", 1, 31), ("M2", 31, None)], id="an overlap of one day"),
        pytest.param([("M1", 1, None), ("M2", 31, None)], id="one without an end before another"),
        pytest.param([("M1", 1, 30), ("M2", 1, 30), ("M3", 31, None)], id="the same days twice"),
        pytest.param([("M1", 1, 0), ("M2", 1, None)], id="ends before it begins"),
        pytest.param([("M1", 1, 30), ("M2", 31, 29), ("M3", 30, None)], id="ends before it begins, in the middle"),
    ],
)
def test_buckets_that_do_not_tile_are_refused(rows: list[tuple[str, int, int | None]]) -> None:
    with pytest.raises(ValueError, match=r"[Bb]ucket"):
        table(*rows)


@examples(200)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=12, unique=True).map(sorted),
    st.randoms(use_true_random=False),
    st.integers(-5, 1000),
)
def test_any_cut_of_the_days_is_a_table_in_whatever_order_it_is_given(
    cuts: list[int], random: Random, day: int
) -> None:
    begins = [1, *(cut + 1 for cut in cuts)]
    rows = [(f"from {begin}", begin, end) for begin, end in zip(begins, [*cuts, None], strict=True)]
    shuffled = random.sample(rows, len(rows))
    tiled = table(*shuffled)
    wanted = "M0" if day < 1 else f"from {max(begin for begin in begins if begin <= day)}"
    assert tiled.bucket(day) == wanted
    assert tiled.thresholds() == begins


@pytest.mark.parametrize("touched", range(4))
@pytest.mark.parametrize("by", [-1, 1])
def test_moving_any_edge_of_a_table_by_a_day_spoils_it(touched: int, by: int) -> None:
    edges = [1, 30, 31, 60]
    edges[touched] += by
    with pytest.raises(ValueError, match=r"[Bb]ucket"):
        table(("M1", edges[0], edges[1]), ("M2", edges[2], edges[3]), ("M3", 61, None))


@pytest.mark.parametrize(
    ("days_past_due", "bucket"),
    [
        (0, "M0"),
        *((30 * number - 29, f"M{number}") for number in range(1, 7)),
        *((30 * number, f"M{number}") for number in range(1, 7)),
        (181, "M7+"),
        (5000, "M7+"),
    ],
)
def test_the_buckets_of_the_architecture(days_past_due: int, bucket: str) -> None:
    assert BUCKETS.bucket(days_past_due) == bucket == bucket_of(days_past_due)


@pytest.mark.parametrize(
    ("days_past_due", "risk_class"),
    [
        pytest.param(0, "special-mention", id="late, the clock held by a deferral"),
        (1, "special-mention"),
        (90, "special-mention"),
        (91, "substandard"),
        (270, "substandard"),
        (271, "doubtful"),
        (360, "doubtful"),
        (361, "loss"),
        (5000, "loss"),
    ],
)
def test_the_risk_class_of_a_late_account(days_past_due: int, risk_class: str) -> None:
    assert RISKS.risk_class(days_past_due) == risk_class == class_of(days_past_due)


def test_risk_thresholds_are_the_first_days_of_a_class() -> None:
    for first_day in RISKS.thresholds():
        assert first_day <= 1 or RISKS.risk_class(first_day) != RISKS.risk_class(first_day - 1)
    assert RISKS.thresholds() == [1, 91, 271, 361]


@pytest.mark.parametrize(
    "steps",
    [(), ("minimum", "rest"), ("minimum", "late_fee", "late_fee"), ("minimum", "late_fee", "rest", "rest"), ("a",)],
)
def test_an_allocation_rule_names_every_step_once(steps: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="v7: steps must be minimum, late_fee, rest"):
        AllocationRule(7, 1, steps=steps)


@pytest.mark.parametrize(
    "components", [(), ("principal",), ("interest", "interest", "principal"), ("fee", "interest", "principal")]
)
def test_an_allocation_rule_names_every_component_once(components: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="v7: components must be service_fee, interest, principal"):
        AllocationRule(7, 1, components=components)


def test_any_order_of_all_of_them_is_a_rule() -> None:
    rule = AllocationRule(2, 1, ("late_fee", "rest", "minimum"), ("principal", "service_fee", "interest"))
    assert (rule.steps[0], rule.components[0]) == ("late_fee", "principal")


def terms(final_due_on: int | None = None) -> Terms:
    rows = (DatedTerms(100, grace_days=1), DatedTerms(200, grace_days=5, late_fee_rate=50_000))
    return Terms(rows, (BUCKETS,), (RISKS,), (AllocationRule(1, 1),), final_due_on)


@pytest.mark.parametrize(("day", "grace"), [(1, 1), (100, 1), (199, 1), (200, 5), (900, 5)])
def test_the_row_in_force_is_the_last_begun_and_the_first_covers_what_came_before(day: int, grace: int) -> None:
    assert terms().grace(day) == grace


@pytest.mark.parametrize(("final_due_on", "passes_on"), [(None, None), (150, 152), (199, 201), (200, 206)])
def test_the_final_due_date_passes_after_the_grace_in_force_on_it(
    final_due_on: int | None, passes_on: int | None
) -> None:
    assert terms(final_due_on).final_passes_on() == passes_on
