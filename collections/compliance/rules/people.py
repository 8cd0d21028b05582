"""Who may be contacted at all, and where: flags of the person, holds, whose the contact point is, third persons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from compliance.rules.days import day_begins, next_day
from compliance.rules.facts import CLOSED, KINDS, LOCATE, VOICE, Facts, Past, Refusal, Span
from compliance.rules.outcomes import CONVERSATION, INVALID, RESERVED, THIRD, THIRD_REFUSED, UNANSWERED
from compliance.rules.terms import (
    CONTACT_POINT,
    FLAGS,
    HOLD,
    OPT_OUT,
    PERSON,
    THIRD_PERSON,
    HoldTerms,
    OptOutTerms,
    PersonTerms,
    PointTerms,
    ThirdTerms,
)

OWN, CONTACT_PERSON, REPRESENTATIVE = "own", "contact-person", "representative"
DAY = timedelta(days=1)


def flags_on(flags: Sequence[Span], day: date, kinds: frozenset[str]) -> list[Span]:
    """Those of the flags that are of these kinds and in force that day."""
    return [flag for flag in flags if flag.kind in kinds and flag.covers(day)]


def check_person(terms: PersonTerms, facts: Facts, day: date, zone: ZoneInfo, at: datetime) -> Refusal | None:
    """What the person's flags say. A flag that nobody knows refuses everything."""
    if not facts.flags:
        return None
    if any(flag.kind not in FLAGS for flag in facts.flags):
        return CLOSED
    for kinds, helped in (
        (terms.nobody, False),
        (terms.representative_only, facts.relationship == REPRESENTATIVE),
        (terms.permission, facts.may_contact_vulnerable),
    ):
        if not helped and (flags := flags_on(facts.flags, day, kinds)):
            return Refusal(PERSON, terms.version, _after_all(flags, zone, at))
    return None


def check_holds(terms: HoldTerms, facts: Facts, day: date, zone: ZoneInfo, at: datetime) -> Refusal | None:
    """No contact while every debt that it would be about is under a hold."""
    if not facts.holds:
        return None
    ends: list[datetime | None] = []
    for held in facts.holds:
        now = [span for span in held if span.kind in terms.kinds and span.covers(day)]
        if not now:
            return None
        ends.append(_after_all(now, zone, at))
    return Refusal(HOLD, terms.version, min((end for end in ends if end is not None), default=None))


def check_opt_out(terms: OptOutTerms, facts: Facts) -> Refusal | None:
    """Whether the person asked not to be contacted there by that channel; whatever it is for."""
    if facts.opted_out and facts.channel in terms.channels:
        return Refusal(OPT_OUT, terms.version)
    return None


def check_point(terms: PointTerms, person: PersonTerms, facts: Facts, day: date) -> Refusal | None:
    """Whether the contact point is of someone who answers for the debt, permitted, of known source and not in doubt."""
    allowed = terms.relationships.get(facts.channel, frozenset())
    if facts.relationship == REPRESENTATIVE:
        whose = bool(flags_on(facts.flags, day, person.representative_only))
    else:
        whose = facts.relationship in allowed
    if whose and is_usable(facts) and facts.verification in terms.verifications.get(facts.channel, frozenset()):
        return None
    return Refusal(CONTACT_POINT, terms.version)


def is_usable(facts: Facts) -> bool:
    """Right for the channel, permitted, of known source, not marked wrong, nor shared with others and never verified."""
    return (
        facts.kind in KINDS.get(facts.channel, ())
        and facts.permitted is True
        and bool(facts.source.strip())
        and (facts.verification == "verified" or (facts.verification == "unverified" and not facts.shared))
    )


def check_third(terms: ThirdTerms, facts: Facts, zone: ZoneInfo, at: datetime) -> Refusal | None:
    """A third person is called only to ask how to reach the debtor, when she cannot be reached, and never after a no."""
    refusal = Refusal(THIRD_PERSON, terms.version)
    if facts.channel not in terms.channels or facts.purpose != LOCATE or not is_usable(facts):
        return refusal
    there = [past for past in facts.history if past.point == facts.point]
    if any(past.what == THIRD_REFUSED for past in there):
        return refusal
    if terms.most is not None:
        asked = [past for past in there if past.what == THIRD or is_live(past, at)]
        if len(asked) >= terms.most:
            again = min((past.until for past in asked if past.until is not None), default=None)
            return Refusal(THIRD_PERSON, terms.version, again)
    return None if _cannot_be_reached(terms, facts, zone, at) else _not_before_tomorrow(terms, facts, zone, at)


def _not_before_tomorrow(terms: ThirdTerms, facts: Facts, zone: ZoneInfo, at: datetime) -> Refusal:
    """The refusal of somebody who can be reached; calls that failed today may make it a yes tomorrow."""
    tomorrow = next_day(zone, at)
    again = tomorrow if _cannot_be_reached(terms, facts, zone, tomorrow) else None
    return Refusal(THIRD_PERSON, terms.version, again)


def _cannot_be_reached(terms: ThirdTerms, facts: Facts, zone: ZoneInfo, at: datetime) -> bool:
    """The defined test: every own number is wrong; or so many calls in a row failed, the last before today; or none of
    the calls on so many days running, to yesterday or today, got through.

    Somebody without any number of her own on record is not proved to be out of reach: nobody tried. Only calls of the last
    `recent_days` days count, and only those after she was last spoken to, whoever began it.
    """
    if facts.own_numbers and all(number.wrong for number in facts.own_numbers):
        return True
    numbers = {number.point for number in facts.own_numbers}
    today = at.astimezone(zone).date()
    since = today - terms.recent_days * DAY
    failed: list[date] = []
    for past in sorted(facts.history, key=_when):
        if past.at > at:
            break
        if _is_reply(past):
            failed.clear()
        elif past.channel == VOICE and past.point in numbers and past.what in (UNANSWERED, INVALID):
            day = past.at.astimezone(zone).date()
            if day >= since:
                failed.append(day)
    if len(failed) >= terms.failed_calls and failed[-1] < today:
        return True
    days = set(failed)
    return any(
        all(last - back * DAY in days for back in range(terms.days_running))
        and _silent(facts.history, last, terms, zone)
        for last in (today - DAY, today)
    )


def _silent(history: Iterable[Past], last: date, terms: ThirdTerms, zone: ZoneInfo) -> bool:
    """Nothing was heard of the debtor on the days running that end with `last`, not even before the calls that failed."""
    first = last - (terms.days_running - 1) * DAY
    return not any(_is_reply(past) and first <= past.at.astimezone(zone).date() <= last for past in history)


def is_live(past: Past, at: datetime) -> bool:
    """Whether this is a place that is still held at `at`."""
    return past.what == RESERVED and past.until is not None and at < past.until


def _is_reply(past: Past) -> bool:
    return past.what == CONVERSATION


def _when(past: Past) -> tuple[datetime, bool]:
    """In their order; of two readings of one call the reply comes last, and so holds."""
    return past.at, _is_reply(past)


def _after_all(spans: Sequence[Span], zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the day after the last of these begins; None when one has no end."""
    last = date.min
    for span in spans:
        if span.last is None:
            return None
        last = max(last, span.last)
    return None if last == date.max else day_begins(zone, last + DAY, at)
