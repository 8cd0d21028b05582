"""The gate's rules against the oracle: over random histories no allowed contact breaks a rule as written."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.rules import Agreed, Facts, OwnNumber, Past, Rulebook, Span
from tests.compliance.oracle import KINDS, broken
from tests.compliance.packs import INSTALLED

T = TypeVar("T")
BOOK = Rulebook(INSTALLED)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
ZONES = {
    "Asia/Shanghai": [date(2026, 3, 1), date(2026, 12, 31)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Europe/London": [date(2026, 3, 29), date(2026, 10, 25)],
    "Pacific/Chatham": [date(2026, 4, 5), date(2026, 9, 27)],
    "America/Havana": [date(2026, 3, 8), date(2026, 11, 1)],  # the clocks skip and repeat midnight
    "Pacific/Apia": [date(2026, 2, 28)],
}
CLASSES = ["conversation", "unanswered", "invalid", "third", "third-refused", "message", "neutral"]
FLAGS = ["deceased", "incapacity", "represented", "bankrupt", "minor", "fraud-victim", "hardship", "vulnerable"]
CHANNELS = sorted(KINDS)
POINTS = [1, 2, 3]
DEBTS = [None, 11, 12]


def span(draw: Random, day: date, kinds: list[str]) -> Span:
    first = day + timedelta(days=draw.randint(-5, 2))
    return Span(draw.choice(kinds), first, draw.choice([None, first + timedelta(days=draw.randint(0, 6))]))


def past(draw: Random, at: datetime, channel: str, point: int, *, near: bool) -> Past:
    """Something that was tried; `near`: at the same number, within hours."""
    by = channel if draw.random() < 0.85 else draw.choice(CHANNELS)
    where, debt = point if near else draw.choice([point, *POINTS]), draw.choice(DEBTS)
    if draw.random() < 0.2:
        when = at + MINUTE * draw.choice([draw.randint(-16, 60), draw.randint(-16, 3 * 24 * 60)])
        return Past(when, "reserved", by, where, debt, False, when + MINUTE * draw.choice([15, 90, 1440]))
    back = draw.randint(1, 60 * (8 if near else 24 * draw.choice([1, 1, 1, 3, 8, 32])))
    return Past(at - MINUTE * back, draw.choice(CLASSES), by, where, debt, draw.random() < 0.1)


def question(draw: Random) -> tuple[Facts, datetime]:
    """A contact that somebody might want, and when: mostly one that could be, of somebody with a past."""

    def mostly(ordinary: T, *others: T, share: float = 0.95) -> T:
        return ordinary if draw.random() < share else draw.choice(others)

    zone = draw.choice(sorted(ZONES))
    day = draw.choice(ZONES[zone])
    hour = draw.choice([0, 2, 3, 7, 8, 9, 12, 13, 14, 15, 16, 18, 20, 21, 22])
    at = datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)
    at += MINUTE * draw.randint(-30, 30) + timedelta(days=draw.randint(-1, 1))
    channel = "voice" if draw.random() < 0.6 else draw.choice(CHANNELS)
    # A history either of anything, or of one kind of thing over and over: that is what reaches a cap.
    classes = draw.choice([CLASSES, CLASSES, ["conversation"], ["unanswered"], ["unanswered", "invalid"], ["message"]])
    whose = mostly("own", "", "co-debtor", "guarantor", "contact-person", "contact-person", "representative", share=0.6)
    point = draw.choice(POINTS)
    near = draw.random() < 0.3
    tried = (past(draw, at, channel, point, near=near) for _ in range(draw.choice([0, 2, 5, 9, 15])))
    history = {one.at: one for one in tried}
    agreed = Agreed(
        draw.choice([time(0), time(6, 30), time(18), time(22, 30)]),
        draw.choice([time(2, 30), time(12), time(20), time(23, 59)]),
        day + timedelta(days=draw.randint(-3, 2)),
        draw.choice([None, day + timedelta(days=draw.randint(2, 5))]),
    )
    facts = Facts(
        channel=channel,
        time_zone=zone,
        kind=mostly(sorted(KINDS[channel])[0], "", "email", "mobile", share=0.98),
        source=mostly("contract", "", " ", share=0.98),
        relationship=whose,
        permitted=mostly(True, None, False, share=0.98),
        verification=mostly("verified", "unverified", "unverified", "wrong", share=0.85),
        shared=mostly(False, True, share=0.8),
        point=point,
        purpose="locate" if whose == "contact-person" else draw.choice(["reminder", "collection", "notice"]),
        pack=draw.choice(["cn", "us"]),
        account=draw.choice(DEBTS),
        flags=[span(draw, day, FLAGS) for _ in range(mostly(0, 1, 2, share=0.75))],
        holds=[
            [span(draw, day, ["contact", "treatment"]) for _ in range(draw.randint(0, 2))]
            for _ in range(mostly(0, 1, 2, share=0.85))
        ],
        agreed=mostly(None, agreed, share=0.85),
        own_numbers=[OwnNumber(draw.choice(POINTS), draw.random() < 0.3) for _ in range(draw.randint(0, 2))],
        history=[one if one.until else one._replace(what=draw.choice(classes)) for one in history.values()],
        may_contact_vulnerable=draw.random() < 0.5,
        opted_out=mostly(False, True, share=0.9),
    )
    return facts, at


WIDE = settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DRAWS = st.randoms(use_true_random=True)


@WIDE
@given(draw=DRAWS)
def test_what_is_allowed_breaks_no_rule_and_what_is_refused_would(draw: Random) -> None:
    facts, at = question(draw)
    verdict, would_break = BOOK.decide(facts, at), broken(facts, at)
    assert verdict.allowed == (not would_break), (verdict, would_break)
    if not verdict.allowed:
        assert verdict.rule in would_break


@WIDE
@given(draw=DRAWS)
def test_what_is_said_about_later_is_true(draw: Random) -> None:
    """The next moment is allowed and none before it; where none is said, none comes; until it closes it stays open."""
    facts, at = question(draw)
    verdict = BOOK.decide(facts, at)
    if verdict.allowed:
        assert verdict.closes_at is not None
        hours = facts._replace(history=(), flags=(), holds=())
        if facts.relationship == "own":
            assert broken(hours, verdict.closes_at) == {"contact-hours"}
            length = verdict.closes_at - at
            assert not any(broken(hours, at + draw.random() * length) for _ in range(20))
        assert verdict.left is not None
        assert 1 <= verdict.left <= verdict.most
        return
    again = verdict.next_allowed_at
    if again is not None:
        assert again > at
        assert not broken(facts, again), broken(facts, again)
        length = again - at
        looked_at = [
            again - timedelta(microseconds=1),
            again - MINUTE,
            *(at + draw.random() * length for _ in range(40)),
        ]
        assert all(broken(facts, moment) for moment in looked_at if at <= moment < again)
    elif verdict.rule not in ("contact-point", "third-person") and facts.relationship != "representative":
        # A flag yet to come may let a representative speak, which nobody counts on.
        assert all(broken(facts, at + timedelta(hours=hours, minutes=draw.randrange(60))) for hours in range(1, 240, 2))


@settings(WIDE, max_examples=100)
@given(draw=DRAWS)
def test_over_days_of_calling_as_often_as_allowed_no_cap_is_ever_passed(draw: Random) -> None:
    """Several collectors call whenever the gate lets them; counted afterwards, as the rules are written."""
    zone, pack = draw.choice(sorted(ZONES)), draw.choice(["cn", "us"])
    where = ZoneInfo(zone)
    at = datetime.combine(draw.choice(ZONES[zone]) - timedelta(days=4), time(0), where).astimezone(UTC)
    ends = at + timedelta(days=10)
    made: list[Past] = []
    waiting: list[Past] = []
    while at < ends:
        at += MINUTE * draw.choice([1, 3, 20, 60, 200])
        # Whoever was allowed calls within the quarter of an hour, or lets it pass.
        for place in [p for p in waiting if draw.random() < 0.5 and p.until is not None and at < p.until]:
            waiting.remove(place)
            made.append(
                place._replace(what=draw.choice(["conversation"] + ["unanswered"] * 3 + ["neutral"]), until=None)
            )
        waiting = [p for p in waiting if p.until is not None and at < p.until]
        point = draw.choice(POINTS)
        facts = Facts(
            *("voice", zone, "mobile", "contract", "own", True, "unverified"),
            point=point,
            pack=pack,
            purpose="collection",
            account=11,
            history=[*made, *waiting],
        )
        if BOOK.decide(facts, at).allowed:
            waiting.append(Past(at, "reserved", "voice", point, 11, False, BOOK.reserved_until(facts, at)))
    placed = [past for past in made if past.what != "neutral"]
    days = [past.at.astimezone(where).date() for past in placed]
    talks = [day for day, past in zip(days, placed, strict=True) if past.what == "conversation"]
    closes = 22 if pack == "cn" else 21
    assert all(8 <= past.at.astimezone(where).hour < closes for past in placed)
    if pack == "cn":
        assert all(talks.count(day) <= 3 for day in talks)
        missed = [(d, p.point) for d, p in zip(days, placed, strict=True) if p.what == "unanswered"]
        assert all(missed.count(one) <= 6 for one in missed)
    else:
        assert all(sum(day <= other < day + timedelta(days=7) for other in days) <= 7 for day in days)
        for talk in talks:
            after = [p for p in placed if talk < p.at.astimezone(where).date() < talk + timedelta(days=7)]
            assert not after


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=DRAWS)
def test_of_many_at_one_moment_each_gets_her_own_answer(draw: Random) -> None:
    """What is kept for those who are alike is not given to who is not."""
    _, at = question(draw)
    book = Rulebook(INSTALLED)
    everybody = [question(draw)[0] for _ in range(8)]
    everybody += [facts._replace(history=(), flags=(), holds=(), own_numbers=()) for facts in everybody]
    everybody += [facts._replace(point=None, account=None) for facts in everybody]
    for facts in everybody:
        alone = Rulebook(INSTALLED)
        assert book.decide_or_postpone(facts, at, 3 * DAY) == alone.decide_or_postpone(facts, at, 3 * DAY)
        assert book.reserved_until(facts, at) == alone.reserved_until(facts, at)
