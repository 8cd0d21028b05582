"""The gate's rules, pure: given what is known of a contact, the rules and a moment, may it happen?

Fail-closed: whatever is missing or not understood (no rule in the book, parameters that make no sense, an unknown time
zone) refuses, under the rule named `fail-closed`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CONTACT_POINT = "contact-point"
CONTACT_HOURS = "contact-hours"
FAIL_CLOSED = "fail-closed"

# Which kinds of contact point each channel may use; a channel that is not here has none and is refused.
KINDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "sms": ("mobile",),
    "push": ("push",),
    "voice": ("mobile", "phone"),
    "letter": ("address",),
}

MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated rule as the book has it; the earliest of a code also covers the time before its date."""

    code: str
    version: int
    effective_from: date
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one contact. `kind` is blank when the person has no such contact point at all."""

    channel: str
    time_zone: str
    kind: str = ""
    source: str = ""
    relationship: str = ""
    permitted: bool | None = None
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: the rule that refused, or the last that allowed. `next_allowed_at` only where waiting helps."""

    allowed: bool
    rule: str
    rule_version: int
    next_allowed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """The part of a person's day in which she may be contacted: from `opens` on, before `closes`; may span midnight."""

    opens: time
    closes: time
    version: int

    def covers(self, local: time) -> bool:
        if self.opens < self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes


REFUSED_CLOSED = Verdict(False, FAIL_CLOSED, 0)


class Rulebook:
    """The rules of a pack, read once and asked many times: what depends on the moment and the time zone is kept."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_code: dict[str, list[Rule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.effective_from):
            self._by_code.setdefault(rule.code, []).append(rule)
        self._in_hours = functools.lru_cache(maxsize=4096)(self._judge_hours)

    def decide(self, facts: Facts, at: datetime) -> Verdict:
        """May this contact happen at `at` (aware)? Whose the contact point is comes first, then the hour."""
        zone = time_zone(facts.time_zone)
        if zone is None:
            return REFUSED_CLOSED
        whose = self.in_force(CONTACT_POINT, at.astimezone(zone).date())
        if whose is None:
            return REFUSED_CLOSED
        usable = is_usable(facts, whose)
        if usable is None:
            return REFUSED_CLOSED
        if not usable:
            return Verdict(False, CONTACT_POINT, whose.version)
        return self._in_hours(zone, at)

    def in_force(self, code: str, day: date) -> Rule | None:
        """The rule of that code which governs `day`, or none when the pack has no such rule."""
        dated = self._by_code.get(code)
        if not dated:
            return None
        return next((rule for rule in reversed(dated) if rule.effective_from <= day), dated[0])

    def _hours_on(self, day: date) -> Hours | None:
        rule = self.in_force(CONTACT_HOURS, day)
        return parse_hours(rule) if rule else None

    def _judge_hours(self, zone: ZoneInfo, at: datetime) -> Verdict:
        local = at.astimezone(zone)
        hours = self._hours_on(local.date())
        if hours is None:
            return REFUSED_CLOSED
        if hours.covers(local.time()):
            return Verdict(True, CONTACT_HOURS, hours.version)
        return Verdict(False, CONTACT_HOURS, hours.version, self._next_opening(zone, at))

    def _next_opening(self, zone: ZoneInfo, at: datetime) -> datetime | None:
        """The first moment after `at` inside the hours, in UTC.

        A day can open at its opening time or, where the hours span midnight or change with the date, at midnight.
        Clocks put back repeat a time (both are looked at), clocks put forward may skip one: it then opens when that
        time would have come by the old offset. A day that the calendar skips altogether is why four are searched.
        """
        today = at.astimezone(zone).date()
        openings = []
        for day in (today + timedelta(days=ahead) for ahead in range(4)):
            hours = self._hours_on(day)
            for moment in (MIDNIGHT, hours.opens) if hours else ():
                openings += [datetime.combine(day, moment.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)]
        return next((opening for opening in sorted(openings) if opening > at and self._is_open(zone, opening)), None)

    def _is_open(self, zone: ZoneInfo, at: datetime) -> bool:
        local = at.astimezone(zone)
        hours = self._hours_on(local.date())
        return hours is not None and hours.covers(local.time())


def decide(facts: Facts, rules: Iterable[Rule], at: datetime) -> Verdict:
    """One decision under `rules`; for many under the same rules make a `Rulebook` once."""
    return Rulebook(rules).decide(facts, at)


def is_usable(facts: Facts, rule: Rule) -> bool | None:
    """Whether the contact point is her own, permitted, verified and of known source; None: the rule makes no sense."""
    relationships = _names(rule.parameters.get("relationships"))
    verifications = _names(rule.parameters.get("verifications"))
    if not relationships or not verifications:
        return None
    return (
        facts.kind in KINDS.get(facts.channel, ())
        and facts.relationship in relationships
        and facts.permitted is True
        and facts.verification in verifications
        and bool(facts.source.strip())
    )


def parse_hours(rule: Rule) -> Hours | None:
    """The hours that a rule's parameters (`opens`, `closes`, each HH:MM) give; None when they make no sense."""
    try:
        opens, closes = (time.fromisoformat(rule.parameters[key]) for key in ("opens", "closes"))
    except (KeyError, TypeError, ValueError):
        return None
    if opens == closes or opens.tzinfo or closes.tzinfo:
        return None
    return Hours(opens, closes, rule.version)


@functools.lru_cache(maxsize=1024)
def time_zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, or None: an unknown hour is a closed hour."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def _names(value: object) -> Sequence[str]:
    """A list of names; empty when it is none, or holds a blank, which would let in what is not known."""
    if isinstance(value, list | tuple) and all(isinstance(name, str) and name for name in value):
        return value
    return ()
