"""What differs between two strategies, rule by rule. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from strategy.models import Rule

# What makes a rule; its place among the others is compared apart.
COMPARED = (
    *("title", "stage", "days_from", "days_to", "products", "buckets", "kinds", "risk_classes", "languages"),
    *("currency", "amount_from", "amount_to", "promise", "reachable_by"),
    *("action", "templates", "queue_id", "every_days", "retry_days"),
)


@dataclass(frozen=True)
class Difference:
    """A rule of the one, the other or both: `state` is added, removed, changed, moved or same."""

    code: str
    before: Rule | None
    after: Rule | None
    state: str
    fields: Sequence[str] = field(default=())


def differences(before: Iterable[Rule], after: Iterable[Rule]) -> list[Difference]:
    """Every rule of both, those of `after` in their order, then those that it has no more.

    A rule is the same by its code. It moved when the rules that both have stand in another order.
    """
    old, new = {rule.code: rule for rule in before}, {rule.code: rule for rule in after}
    kept = [code for code in new if code in old]
    stay = _in_order([list(old).index(code) for code in kept])
    found = []
    for code, rule in new.items():
        was = old.get(code)
        if was is None:
            found.append(Difference(code, None, rule, "added"))
            continue
        changed = [name for name in COMPARED if getattr(was, name) != getattr(rule, name)]
        moved = kept.index(code) not in stay
        found.append(Difference(code, was, rule, "changed" if changed else "moved" if moved else "same", changed))
    return found + [Difference(code, rule, None, "removed") for code, rule in old.items() if code not in new]


def _in_order(places: Sequence[int]) -> set[int]:
    """Where in `places` the longest rising run of them stands, gaps allowed: those that did not move."""
    best: list[tuple[int, ...]] = []
    for here, place in enumerate(places):
        before: tuple[int, ...] = max((run for run in best if places[run[-1]] < place), key=len, default=())
        best.append((*before, here))
    longest: tuple[int, ...] = max(best, key=len, default=())
    return set(longest)
