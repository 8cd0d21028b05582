"""Charts: what is drawn is what the table says, and fits."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.template.loader import render_to_string

from runs.charts import Series, columns, tick_text, top_of

SERIES = [Series("Sent", "may"), Series("Withheld", "mustnot")]


def drawn(rows: list[tuple[str, list[int]]]):
    return columns(name="days", title="By day", head="Day", series=SERIES, rows=rows)


def test_columns_stand_on_the_base_and_their_heights_are_in_proportion() -> None:
    chart = drawn([("1", [10, 5]), ("2", [20, 0])])
    first, above, second = chart.segments
    assert second.height == pytest.approx(2 * first.height)
    assert above.height == pytest.approx(first.height / 2)
    assert first.y + first.height == pytest.approx(chart.base) == second.y + second.height
    assert above.y + above.height == pytest.approx(first.y)
    assert second.x > first.x + first.width


def test_nothing_leaves_the_drawing_and_labels_do_not_crowd() -> None:
    chart = drawn([(str(day), [day * 1000, 31 - day]) for day in range(31)])
    assert all(segment.x >= 0 and segment.x + segment.width <= chart.width for segment in chart.segments)
    assert all(segment.y >= 0 for segment in chart.segments)
    assert len(chart.below) <= 16
    assert len(chart.rows) == 31


def test_long_labels_have_room_where_the_chart_is_narrowest() -> None:
    below = drawn([(f"{26 + month // 12}-{month % 12 + 1:02}", [1, 1]) for month in range(24)]).below
    assert min(after.x - before.x for before, after in pairwise(below)) > 5 * 0.6 * 17, "five letters of 17 pixels"


@pytest.mark.parametrize(("highest", "top"), [(0, 4), (3, 4), (5, 8), (9, 20), (21, 40), (4000, 4000), (4001, 8000)])
def test_the_axis_ends_at_a_round_number(highest: int, top: int) -> None:
    assert top_of(highest) == top


def test_large_ticks_are_short() -> None:
    assert (tick_text(1500), tick_text(20000)) == ("1,500", "20k")


def test_the_page_has_a_title_a_description_and_the_same_figures_in_a_table() -> None:
    text = render_to_string("_chart.html", {"chart": drawn([("<b>", [1234, 0])])})
    assert '<title id="days-title">By day</title>' in text
    assert "Day. Sent 1,234, Withheld 0." in text
    assert '<td class="number">1,234</td>' in text
    assert "<b>:" not in text
    assert "&lt;b&gt;: Sent 1,234" in text
    assert "style=" not in text
