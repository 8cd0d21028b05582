"""Columns for a page, drawn on the server: pure geometry, which `_chart.html` writes as SVG with the same figures in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 26
# How much of a column's room stays empty beside it, and how wide a letter of a label below is where the chart is narrowest.
GAP, LETTER = 0.28, 11
TICKS = 4


@dataclass(frozen=True)
class Series:
    """One kind of figure: its name, and the tone (a class of the stylesheet) in which it is drawn."""

    name: str
    tone: str


@dataclass(frozen=True)
class Segment:
    """One figure of a column, as a rectangle; `says` is read aloud and shown on pointing."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    says: str


@dataclass(frozen=True)
class Label:
    """A text at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Stacked columns. `rows` are the same figures for the table: what, and one figure a series."""

    name: str
    title: str
    described: str
    series: Sequence[Series]
    head: str
    segments: Sequence[Segment]
    below: Sequence[Label]
    ticks: Sequence[Label]
    rows: Sequence[tuple[str, Sequence[int]]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def columns(
    *,
    name: str,
    title: str,
    head: str,
    series: Sequence[Series],
    rows: Sequence[tuple[str, Sequence[int]]],
) -> Chart:
    """Columns of stacked figures, none negative, one for each of `rows` (its label, then a figure a series, in their order).

    `name` tells the chart's elements from those of others on the page; `head` says what the labels are.
    """
    top = top_of(max((sum(figures) for _, figures in rows), default=0))
    base = HEIGHT - BOTTOM
    scale = (base - TOP) / top
    room = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    longest = max((len(label) for label, _ in rows), default=0)
    every = max(math.ceil((longest + 1) * LETTER / room), 1)
    segments, below = [], []
    for number, (label, figures) in enumerate(rows):
        x, y = LEFT + room * (number + GAP / 2), float(base)
        for one, figure in zip(series, figures, strict=True):
            if figure:
                y -= figure * scale
                says = f"{label}: {one.name} {figure:,}"
                segments.append(
                    Segment(
                        round(x, 2), round(y, 2), round(room * (1 - GAP), 2), round(figure * scale, 2), one.tone, says
                    )
                )
        if number % every == 0:
            below.append(Label(round(LEFT + room * (number + 0.5), 2), HEIGHT - 8, label))
    ticks = [
        Label(LEFT - 6, round(base - top * part / TICKS * scale, 2), tick_text(top * part / TICKS))
        for part in range(TICKS + 1)
    ]
    sums = [f"{one.name} {sum(figures[place] for _, figures in rows):,}" for place, one in enumerate(series)]
    return Chart(name, title, f"{head}. {', '.join(sums)}.", series, head, segments, below, ticks, rows)


def top_of(highest: int) -> int:
    """The top of an axis on which `highest` fits: 4, 8, 20, 40, 80, 200 …, so that its quarters are whole."""
    step = 1
    while True:
        for times in (4, 8, 20):
            if highest <= times * step:
                return times * step
        step *= 10


def tick_text(value: float) -> str:
    """1,500 as it is, 20,000 as 20k."""
    return f"{value / 1000:,.0f}k" if value >= 10_000 else f"{value:,.0f}"
