"""A year of contacts simulated: people in many time zones, tried again and again, each answer of the rules held against the
oracle of the tests, which shares nothing with them. Of the database it reads the rules and nothing else."""

from __future__ import annotations

import time as stopwatch
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from importlib import import_module
from random import Random
from typing import Any

from compliance.rules import KINDS, NEUTRAL, RESERVED, Agreed, Facts, OwnNumber, Past, Rulebook, Span
from compliance.selectors import rulebook
from runs.parallel import forked

# Who answers which rules a contact would break: `tests.compliance.oracle.broken`.
Oracle = Callable[[Facts, datetime], set[str]]

# Each is tried a hundred and fifty times or so: a million contacts and some.
PEOPLE, SHARE = 7_000, 100
PROCESSES = 2
BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 365
ENDS = BEGINS + timedelta(days=DAYS)
# Whole, half and quarter hours off; clocks that change in either half of the year, at midnight, by half an hour, or never.
ZONES = (
    *("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran"),
    *("America/New_York", "America/Chicago", "America/Phoenix", "America/Los_Angeles", "America/Anchorage"),
    *("Pacific/Honolulu", "America/St_Johns", "America/Havana", "America/Sao_Paulo", "America/Santiago", "UTC"),
    *("Europe/London", "Europe/Berlin", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Australia/Sydney"),
    *("Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Pago_Pago"),
)
FLAGS = ("deceased", "incapacity", "represented", "bankrupt", "minor", "fraud-victim", "hardship", "vulnerable")
CHANNELS = tuple(sorted(KINDS))
TRIED = (*CHANNELS, "voice", "voice", "voice")
# Minutes to the next try: within hours, within days, within weeks; in a row of tries of one kind, which is what reaches a cap.
GAPS, PRESSED = ((60, 600), (600, 3000), (3000, 40000)), (1, 90)
LONGEST_ROW = 16
CALLED = ("conversation", "unanswered", "unanswered", "invalid", NEUTRAL)


@dataclass
class Found:
    """How many contacts were tried, allowed by channel, refused by rule; how many allowed ones the oracle finds outside of the
    rules, by rule, and how many refused ones it finds nothing wrong with."""

    tried: int = 0
    allowed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    needless: int = 0


def year(seed: int) -> dict[str, Any]:
    """A million contacts over a year, by the rules of this database."""
    began = stopwatch.monotonic()
    found = Found()
    with forked(PROCESSES) as pool:
        for part in pool.map(_part, range(seed * PEOPLE, (seed + 1) * PEOPLE, SHARE)):
            found.tried += part.tried
            found.allowed += part.allowed
            found.refused += part.refused
            found.outside += part.outside
            found.needless += part.needless
    return {
        "people": PEOPLE,
        "zones": len(ZONES),
        "tried": found.tried,
        "allowed": dict(found.allowed.most_common()),
        "refused": dict(found.refused.most_common()),
        "violations": found.outside.total(),
        "violated": dict(found.outside),
        "refused without need": found.needless,
        "seconds": stopwatch.monotonic() - began,
    }


def _part(first: int) -> Found:
    oracle: Oracle = import_module("tests.compliance.oracle").broken
    return simulate(rulebook(), oracle, seeds=range(first, first + SHARE))


def simulate(rules: Rulebook, oracle: Oracle, *, seeds: range) -> Found:
    """A year of each of these people: contacts tried, those allowed made, each answer compared."""
    found = Found()
    for seed in seeds:
        _live(_Person(Random(seed)), rules, oracle, found)  # noqa: S311  # a made-up life
    return found


class _Person:
    """Somebody in some zone under some pack, with what may become of her in a year."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.zone, self.pack = draw.choice(ZONES), draw.choice(("cn", "us"))
        self.flags = [self._span(FLAGS) for _ in range(draw.choice((0, 0, 0, 0, 1, 2)))]
        self.holds = [[self._span(("contact", "treatment"))]] if draw.random() < 0.15 else []
        self.agreed = (
            Agreed(time(draw.choice((0, 6, 18, 22)), 30), time(draw.choice((3, 12, 20, 23))), self._day(), None)
            if draw.random() < 0.15
            else None
        )
        self.opted_out = {channel: self._moment() for channel in CHANNELS if draw.random() < 0.05}
        self.whose = draw.choice(("own",) * 9 + ("contact-person", "guarantor", "representative"))
        self.permitted = draw.choice((True,) * 19 + (None, False))
        self.verified = draw.choice(("verified",) * 9 + ("unverified", "wrong"))
        self.history: list[Past] = []
        # What is tried in a row: so many more times by that channel, a call always with that outcome.
        self.row, self.channel, self.outcome = 0, "", ""

    def next_gap(self) -> timedelta:
        """How long until somebody tries to reach her again."""
        draw = self.draw
        if self.row:
            self.row -= 1
        elif draw.random() < 0.15:
            self.row, self.channel, self.outcome = draw.randint(2, LONGEST_ROW), draw.choice(TRIED), draw.choice(CALLED)
        else:
            self.channel, self.outcome = draw.choice(TRIED), draw.choice(CALLED)
        return timedelta(minutes=draw.randint(*(PRESSED if self.row else draw.choice(GAPS))))

    def wanted(self, at: datetime) -> Facts:
        """A contact that somebody wants with her, and what is known of it."""
        draw, channel = self.draw, self.channel
        # One point of each kind; two telephones.
        point = CHANNELS.index(channel) * 2 + (draw.random() < 0.1 if channel == "voice" else 0)
        return Facts(
            channel=channel,
            time_zone=self.zone,
            kind=KINDS[channel][0],
            source="contract",
            relationship=self.whose,
            permitted=self.permitted,
            verification=self.verified,
            shared=self.verified == "unverified" and self.pack == "us",
            point=point,
            purpose="locate" if self.whose == "contact-person" else "collection",
            pack=self.pack,
            account=draw.choice((None, 1, 2)),
            flags=self.flags,
            holds=self.holds,
            agreed=self.agreed,
            own_numbers=[OwnNumber(100, draw.random() < 0.2)] if self.whose == "contact-person" else (),
            history=tuple(self.history),
            opted_out=channel in self.opted_out and self.opted_out[channel] <= at,
        )

    def make(self, facts: Facts, at: datetime, until: datetime | None) -> None:
        """The contact takes place, or its place lapses unused."""
        here = Past(at, "message", facts.channel, facts.point, facts.account)
        if self.draw.random() < 0.05:
            here = here._replace(what=RESERVED, until=until)
        elif facts.channel == "voice" and self.whose == "contact-person":
            here = here._replace(what=self.draw.choice(("third", "third", "unanswered", "third-refused")))
        elif facts.channel == "voice":
            here = here._replace(what=self.outcome)
        elif facts.channel == "visit":
            here = here._replace(what=self.draw.choice(("conversation", "unanswered")))
        self.history.append(here)

    def _moment(self) -> datetime:
        return BEGINS + timedelta(minutes=self.draw.randrange(DAYS * 1440))

    def _day(self) -> Any:
        return self._moment().date()

    def _span(self, kinds: tuple[str, ...]) -> Span:
        first = self._day()
        return Span(self.draw.choice(kinds), first, first + timedelta(days=self.draw.randrange(60)))


def _live(person: _Person, rules: Rulebook, oracle: Oracle, found: Found) -> None:
    at = BEGINS + timedelta(minutes=person.draw.randrange(1440))
    while (at := at + person.next_gap()) < ENDS:
        if person.whose == "contact-person" and person.draw.random() < 0.3:
            person.history.append(Past(at - timedelta(hours=1), "unanswered", "voice", 100))
        facts = person.wanted(at)
        verdict, wrong = rules.decide(facts, at), oracle(facts, at)
        found.tried += 1
        if verdict.allowed:
            found.allowed[facts.channel] += 1
            found.outside.update(wrong)
            person.make(facts, at, rules.reserved_until(facts, at))
        else:
            found.refused[verdict.rule] += 1
            found.needless += not wrong
