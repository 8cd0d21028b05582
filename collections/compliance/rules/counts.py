"""How often: calls, attempts at a number, messages. All contacts of the person count, whoever made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from compliance.rules.days import day_begins
from compliance.rules.facts import VOICE, Facts, Past, Refusal
from compliance.rules.outcomes import CONVERSATION, INVALID, NEUTRAL, RESERVED, SPOKEN_TO, UNANSWERED
from compliance.rules.terms import CONVERSATION_PAUSE, PauseTerms, WindowTerms

# Spoken to: the debtor or, which a reader might leave out, a third person in her stead. The stricter reading.
EFFECTIVE = SPOKEN_TO | {RESERVED}
FAILED = frozenset((UNANSWERED, INVALID, RESERVED))
ATTEMPTS = EFFECTIVE | FAILED


class Room(NamedTuple):
    """How many are left of how many, under which rule."""

    left: int
    most: int
    cap: str
    days: int
    version: int


def effective_calls(facts: Facts, at: datetime) -> list[Past]:
    return [p for p in facts.history if p.channel == VOICE and p.what in EFFECTIVE and not p.inbound and _held(p, at)]


def attempts_at_the_number(facts: Facts, at: datetime) -> list[Past]:
    """Those at the number itself, whoever's it was called as: the rule counts the number."""
    there = [p for p in facts.history if p.point == facts.point]
    return [
        p
        for p in (*there, *facts.elsewhere)
        if p.channel == VOICE and p.what in FAILED and not p.inbound and _held(p, at)
    ]


def calls_about_the_debt(facts: Facts, at: datetime) -> list[Past]:
    """Every call, answered or not. One that named no debt counts for each of them."""
    return [
        p
        for p in facts.history
        if p.channel == VOICE
        and p.what != NEUTRAL
        and not p.inbound
        and not p.echo
        and (facts.account is None or p.account is None or p.account == facts.account)
        and _held(p, at)
    ]


def same_channel(facts: Facts, at: datetime) -> list[Past]:
    channel = facts.channel
    return [
        p
        for p in facts.history
        if p.channel == channel and p.what != NEUTRAL and not p.inbound and not p.echo and _held(p, at)
    ]


def with_too_many_not_made(history: Sequence[Past], most: int, zone: ZoneInfo) -> Sequence[Past]:
    """The history in which every call not made beyond the first so many of a local day is an unanswered attempt."""
    not_made = [past for past in history if past.what == NEUTRAL and past.channel == VOICE and not past.inbound]
    if len(not_made) <= most:
        return history
    kept: Counter[int] = Counter()
    found = [past for past in history if not (past.what == NEUTRAL and past.channel == VOICE and not past.inbound)]
    for past in sorted(not_made, key=lambda past: past.at):
        day = past.at.astimezone(zone).toordinal()
        kept[day] += 1
        found.append(past if kept[day] <= most else past._replace(what=UNANSWERED))
    return found


def days_of(counted: Iterable[Past], zone: ZoneInfo) -> list[int]:
    """The local days (ordinals) of what is counted."""
    return [past.at.astimezone(zone).toordinal() for past in counted]


def check_window(
    cap: str,
    terms: WindowTerms,
    counted: Sequence[Past],
    all_days: Sequence[int],
    day: date,
    zone: ZoneInfo,
    at: datetime,
) -> Refusal | Room:
    """At most so many within any so many local days running, this contact among them; `all_days`: those of `counted`.

    What is already agreed for a later moment counts too, so windows that reach behind `day` are looked at as well.
    """
    if not counted:
        return Room(terms.most, terms.most, cap, terms.days, terms.version)
    span = terms.days - 1
    today = day.toordinal()
    days = sorted(ordinal for ordinal in all_days if today - span <= ordinal <= today + span)
    if not days or days[-1] <= today:
        used = len(days)
    else:
        used = max(
            sum(first <= ordinal <= first + span for ordinal in days) for first in range(today - span, today + 1)
        )
    if used < terms.most:
        return Room(terms.most - used, terms.most, cap, terms.days, terms.version)
    # Not before a place held is given up, or the window has moved past enough of them.
    if days[-1] <= today:
        passed = day_begins(zone, date.fromordinal(days[-terms.most] + terms.days), at)
    else:
        passed = day_begins(zone, day + timedelta(days=1), at)
    given_up = [past.until for past in counted if past.until is not None]
    return Refusal(cap, terms.version, min([passed, *given_up]))


def check_pause(terms: PauseTerms, facts: Facts, day: date, zone: ZoneInfo, at: datetime) -> Refusal | None:
    """No call within so many days after a conversation about the debt; the day of the talk is the first of them."""
    latest: date | None = None
    for past in facts.history:
        if (
            past.channel == VOICE
            and past.what == CONVERSATION
            and (facts.account is None or past.account is None or past.account == facts.account)
        ):
            spoken = past.at.astimezone(zone).date()
            if spoken <= day and (latest is None or spoken > latest):
                latest = spoken
    if latest is None or day >= latest + timedelta(days=terms.days):
        return None
    return Refusal(CONVERSATION_PAUSE, terms.version, day_begins(zone, latest + timedelta(days=terms.days), at))


def _held(past: Past, at: datetime) -> bool:
    return past.until is None or at < past.until
