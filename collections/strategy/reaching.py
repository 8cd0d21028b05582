"""By which of a rule's templates a person is reached: the first whose channel the gate allows. Pure; who asks brings the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class Answer(Protocol):
    """What a gate says to one candidate."""

    @property
    def allowed(self) -> bool: ...

    @property
    def rule(self) -> str: ...

    @property
    def next_allowed_at(self) -> datetime | None: ...


P = TypeVar("P")
A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Way:
    """A template as a way to a person: by its channel, for its purpose, with the version that new messages carry.

    `instead_of`: the rule of the gate for which it stands in, where that refused a way before it; blank: whatever refused.
    """

    template: str
    version: int
    kind: str
    channel: str
    purpose: str
    instead_of: str = ""


@dataclass(frozen=True)
class Reached(Generic[P, A]):
    """What came of one person: the way that is taken (none: all were refused), the last answer (none: no way was open), and
    whether waiting helps where one was refused."""

    person: P
    way: Way | None
    answer: A | None
    passes: bool


# The verdicts of the people asked about, in their order, for one channel and purpose.
Decide = Callable[[str, str, Sequence[P]], Sequence[A]]


def reach(people: Sequence[tuple[P, Sequence[Way]]], decide: Decide[P, A]) -> list[Reached[P, A]]:
    """Try each person's ways in order until one is allowed; in the people's order.

    All who are at the same step are asked about together, one question for each channel and purpose.
    """
    found: dict[int, Reached[P, A]] = {}
    passing: set[int] = set()
    refused_by: dict[int, set[str]] = {}
    left = dict(enumerate(people))
    step = 0
    while left:
        asked: dict[tuple[str, str], list[int]] = {}
        for place, (person, ways) in list(left.items()):
            if step < len(ways):
                if not ways[step].instead_of or ways[step].instead_of in refused_by.get(place, ()):
                    asked.setdefault((ways[step].channel, ways[step].purpose), []).append(place)
            else:
                found.setdefault(place, Reached(person, None, None, False))
                del left[place]
        for (channel, purpose), places in sorted(asked.items()):
            answers = decide(channel, purpose, [left[place][0] for place in places])
            for place, answer in zip(places, answers, strict=True):
                person, ways = left[place]
                if answer.next_allowed_at is not None:
                    passing.add(place)
                found[place] = Reached(person, ways[step] if answer.allowed else None, answer, place in passing)
                if answer.allowed:
                    del left[place]
                else:
                    refused_by.setdefault(place, set()).add(answer.rule)
        step += 1
    return [found[place] for place in range(len(people))]


def open_ways(ways: Sequence[Way], states: Mapping[str, str]) -> list[Way]:
    """Those that take new messages: a channel that drains is for another to stand in; one that is paused keeps them for later."""
    return [way for way in ways if states.get(way.channel) != "draining"]
