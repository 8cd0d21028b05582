"""What a portfolio may name. The book is above this floor: it registers what it knows when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

# Of "products", "buckets" and "customers" what is wrong, in words, for those in which something is.
Judge = Callable[[Mapping[str, Sequence[str]]], dict[str, str]]

_judges: list[Judge] = []


def judge_portfolios_with(judge: Judge) -> None:
    """Have what portfolios name looked at by `judge`; registering twice changes nothing."""
    if judge not in _judges:
        _judges.append(judge)


def faults_of(lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What is wrong with the lists of a portfolio, by list. A query or two a list that is not empty."""
    found: dict[str, str] = {}
    for judge in _judges:
        found |= judge(lists)
    return found
