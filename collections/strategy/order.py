"""Which rules stand behind another that always takes their place. Pure.

A rule that applied is passed over and the next has its turn, so hardly any rule keeps another back for ever. Two kinds do, where
their conditions are as wide or wider: one that applies every day, and one that is about the same single day. A rule that the law
demands is left out on either side: it reaches the hold-out, and makes room where it cannot go.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from strategy.rules import BUREAU_NOTICE, MESSAGE, RuleLike

_LISTS = ("products", "buckets", "kinds", "risk_classes", "languages")
_CHOICES = ("currency", "promise", "reachable_by")


class PlacedRule(RuleLike, Protocol):
    """A rule's fields, with those that say how often it applies and who is reachable."""

    code: str
    reachable_by: str
    every_days: int | None


class Behind(NamedTuple):
    """A rule, by its code, and the first before it that takes its place: never reached, or only where that was done before."""

    code: str
    before: str
    is_never: bool


def behind(rules: Sequence[PlacedRule], notices: Collection[str]) -> list[Behind]:
    """Of `rules`, in their order, those that are kept back; `notices`: the templates that the law demands."""
    found = []
    for place, rule in enumerate(rules):
        if _by_law(rule, notices):
            continue
        for before in rules[:place]:
            takes = _takes(before, rule)
            if takes is not None and not _by_law(before, notices):
                found.append(Behind(rule.code, before.code, takes))
                break
    return found


def _takes(before: PlacedRule, rule: PlacedRule) -> bool | None:
    """Whether the place is taken for ever; None: not, as far as one can tell."""
    if before.stage != rule.stage or _does(before) != _does(rule) or not _as_wide(before, rule):
        return None
    if before.every_days == 1:
        return True
    return False if before.days_from == before.days_to else None


def _does(rule: PlacedRule) -> str:
    """Of what one is done a day; see `matching`."""
    return MESSAGE if rule.action == BUREAU_NOTICE else rule.action


def _by_law(rule: PlacedRule, notices: Collection[str]) -> bool:
    return rule.action == BUREAU_NOTICE or any(name in notices for name in rule.templates)


def _as_wide(before: PlacedRule, rule: PlacedRule) -> bool:
    """Whether all that `rule` asks for is asked for by `before` as well, or more."""
    return (
        before.days_from <= rule.days_from
        and (before.days_to is None or (rule.days_to is not None and rule.days_to <= before.days_to))
        and all(not wide or (narrow and set(narrow) <= set(wide)) for wide, narrow in _pairs(before, rule, _LISTS))
        and all(not wide or wide == narrow for wide, narrow in _pairs(before, rule, _CHOICES))
        and (before.amount_from is None or (rule.amount_from is not None and rule.amount_from >= before.amount_from))
        and (before.amount_to is None or (rule.amount_to is not None and rule.amount_to <= before.amount_to))
    )


def _pairs(before: PlacedRule, rule: PlacedRule, names: Sequence[str]) -> list[tuple[Any, Any]]:
    return [(getattr(before, name), getattr(rule, name)) for name in names]
