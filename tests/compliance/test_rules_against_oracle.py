"""The gate's rules against the oracle: over random histories no allowed contact breaks a rule as written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.rules import Agreed, Facts, OwnNumber, Past, Rulebook, Span
from tests.compliance.oracle import KINDS, broken
from tests.compliance.packs import INSTALLED

BOOK = Rulebook(INSTALLED)
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


def rarely(strategy: st.SearchStrategy, otherwise: object, times: int = 5) -> st.SearchStrategy:
    return st.one_of(*[st.just(otherwise)] * times, strategy)


@st.composite
def spans(draw: st.DrawFn, day: date, kinds: list[str]) -> Span:
    first = day + timedelta(days=draw(st.integers(-5, 3)))
    last = draw(st.none() | st.integers(0, 6).map(lambda days: first + timedelta(days=days)))
    return Span(draw(st.sampled_from(kinds)), first, last)


@st.composite
def pasts(draw: st.DrawFn, at: datetime, channel: str) -> Past:
    by = draw(st.sampled_from([channel] * 4 + CHANNELS))
    point, debt = draw(st.sampled_from(POINTS)), draw(st.sampled_from(DEBTS))
    if draw(st.integers(0, 4)) == 0:
        when = at + MINUTE * draw(st.integers(-16, 3 * 24 * 60))
        return Past(when, "reserved", by, point, debt, False, when + MINUTE * draw(st.sampled_from([15, 90, 1440])))
    back = draw(st.one_of(st.integers(1, 24 * 60), st.integers(1, 8 * 24 * 60), st.integers(1, 32 * 24 * 60)))
    when = at - MINUTE * back
    return Past(when, draw(st.sampled_from(CLASSES)), by, point, debt, draw(st.integers(0, 6)) == 0)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Facts, datetime]:
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = draw(st.sampled_from(ZONES[zone]))
    hour = draw(st.sampled_from([0, 2, 3, 7, 8, 9, 12, 20, 21, 22, 23]))
    at = datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)
    at += MINUTE * draw(st.integers(-30, 30)) + timedelta(days=draw(st.integers(-1, 1)))
    channel = draw(st.sampled_from(["voice"] * 4 + CHANNELS))
    whose = draw(
        rarely(st.sampled_from(["", "co-debtor", "guarantor", "contact-person", "representative"]), "own", times=2)
    )
    agreed = draw(
        rarely(
            st.builds(
                Agreed,
                st.sampled_from([time(0), time(6, 30), time(18), time(22, 30)]),
                st.sampled_from([time(2, 30), time(12), time(20), time(23, 59)]),
                st.integers(-3, 3).map(lambda days: day + timedelta(days=days)),
                st.none() | st.integers(3, 6).map(lambda days: day + timedelta(days=days)),
            ),
            None,
        )
    )
    facts = Facts(
        channel=channel,
        time_zone=zone,
        kind=draw(rarely(st.sampled_from(["", "email", "mobile"]), sorted(KINDS[channel])[0], times=9)),
        source=draw(rarely(st.sampled_from(["", " "]), "contract", times=9)),
        relationship=whose,
        permitted=draw(rarely(st.sampled_from([None, False]), True, times=9)),
        verification=draw(rarely(st.sampled_from(["unverified", "wrong"]), "verified", times=4)),
        shared=draw(rarely(st.just(True), False)),
        point=draw(st.sampled_from(POINTS)),
        purpose="locate" if whose == "contact-person" else draw(st.sampled_from(["reminder", "collection"])),
        pack=draw(st.sampled_from(["cn", "us"])),
        account=draw(st.sampled_from(DEBTS)),
        flags=draw(rarely(st.lists(spans(day, FLAGS), max_size=2), [], times=2)),
        holds=draw(rarely(st.lists(st.lists(spans(day, ["contact", "treatment"]), max_size=2), max_size=2), [])),
        agreed=agreed,
        own_numbers=draw(
            st.lists(st.builds(OwnNumber, st.sampled_from(POINTS), rarely(st.just(True), False, times=1)), max_size=2)
        ),
        history=draw(st.lists(pasts(at, channel), max_size=14, unique_by=lambda past: past.at)),
        may_contact_vulnerable=draw(st.booleans()),
    )
    return facts, at


WIDE = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@WIDE
@given(question=questions())
def test_what_is_allowed_breaks_no_rule_and_what_is_refused_would(question: tuple[Facts, datetime]) -> None:
    facts, at = question
    verdict, would_break = BOOK.decide(facts, at), broken(facts, at)
    assert verdict.allowed == (not would_break), (verdict, would_break)
    if not verdict.allowed:
        assert verdict.rule in would_break


@WIDE
@given(question=questions(), seed=st.integers(0, 2**16))
def test_what_is_said_about_later_is_true(question: tuple[Facts, datetime], seed: int) -> None:
    """The next moment is allowed and none before it; where none is said, none comes; until it closes it stays open."""
    facts, at = question
    verdict = BOOK.decide(facts, at)
    draw = Random(seed)  # noqa: S311  # which minutes are looked at
    if verdict.allowed:
        assert verdict.closes_at is not None
        hours = replace(facts, history=(), flags=(), holds=())
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
        looked_at = [again - timedelta(microseconds=1), again - MINUTE, *(at + draw.random() * length for _ in range(40))]
        assert all(broken(facts, moment) for moment in looked_at if at <= moment < again)
    elif verdict.rule not in ("contact-point", "third-person"):
        # A flag yet to come may let a representative speak, which nobody counts on.
        assert all(broken(facts, at + timedelta(hours=hours, minutes=draw.randrange(60))) for hours in range(1, 240, 2))


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(sorted(ZONES)),
    pack=st.sampled_from(["cn", "us"]),
    seed=st.integers(0, 2**20),
)
def test_over_days_of_calling_as_often_as_allowed_no_cap_is_ever_passed(zone: str, pack: str, seed: int) -> None:
    """Several collectors call whenever the gate lets them; counted afterwards, as the rules are written."""
    draw = Random(seed)  # noqa: S311  # a made-up history
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
            made.append(place._replace(what=draw.choice(["conversation"] + ["unanswered"] * 3 + ["neutral"]), until=None))
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
            # A second collector's place may have been taken before the talk: it is held, not a breach of the gate's.
            assert len(after) <= 0
