"""Figures of what was measured."""

from __future__ import annotations


def share(values: list[float], part: float) -> float:
    """The value below which `part` of them lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0
