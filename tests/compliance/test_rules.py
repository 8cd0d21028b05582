"""The gate's rules, pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.models import Outcome
from compliance.rules import (
    CONTACT_HOURS,
    CONTACT_POINT,
    EXAMPLES,
    FAIL_CLOSED,
    PACKS,
    Agreed,
    Facts,
    Past,
    Rule,
    Senseless,
    Span,
    class_of,
    decide,
    parse,
)
from tests.compliance.packs import INSTALLED

POINT = next(rule for rule in INSTALLED if rule.code == CONTACT_POINT)
HOURS = Rule(CONTACT_HOURS, 1, date(2025, 2, 28), {"opens": "08:00", "closes": "22:00"})
OTHERS = [rule for rule in INSTALLED if rule.pack == "cn" and rule.code not in (CONTACT_POINT, CONTACT_HOURS)]
RULES = [POINT, HOURS, *OTHERS]
GOOD = Facts("email", "Asia/Shanghai", "email", "contract", "own", True, "verified")
CALL = Facts("voice", "Asia/Shanghai", "mobile", "contract", "own", True, "unverified", point=1, purpose="collection")
ZONES = st.sampled_from(sorted(available_timezones()))
# A machine that is busy is no fault of the rules'.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (made aware)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_her_own_verified_permitted_address_may_be_written_to_by_day() -> None:
    verdict = decide(GOOD, RULES, shanghai("2026-11-23T12:00"))
    assert (verdict.allowed, verdict.rule, verdict.rule_version) == (True, CONTACT_HOURS, 1)
    assert verdict.next_allowed_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"relationship": ""},
        {"relationship": "representative"},
        {"relationship": "guarantor"},
        {"permitted": None},
        {"permitted": False},
        {"verification": "unverified"},
        {"verification": "wrong"},
        {"source": ""},
        {"source": "  "},
        {"kind": "mobile"},
        {"kind": ""},
        {"channel": "telepathy"},
    ],
    ids=str,
)
def test_anything_else_counts_as_a_third_persons(wrong: dict[str, object]) -> None:
    verdict = decide(GOOD._replace(**wrong), RULES, shanghai("2026-11-23T12:00"))
    assert (verdict.allowed, verdict.rule, verdict.next_allowed_at) == (False, CONTACT_POINT, None)


@pytest.mark.parametrize(
    ("at", "allowed", "again"),
    [
        ("2026-11-23T07:59:59.999999", False, "2026-11-23T08:00"),
        ("2026-11-23T08:00", True, None),
        ("2026-11-23T21:59:59.999999", True, None),
        ("2026-11-23T22:00", False, "2026-11-24T08:00"),
        ("2026-12-31T23:59", False, "2027-01-01T08:00"),
        ("2026-11-23T00:00", False, "2026-11-23T08:00"),
    ],
)
def test_the_hours_are_from_eight_to_ten_at_night(at: str, allowed: bool, again: str | None) -> None:
    verdict = decide(GOOD, RULES, shanghai(at))
    assert verdict.allowed is allowed
    assert verdict.next_allowed_at == (shanghai(again) if again else None)


def test_the_hours_are_those_of_the_person_and_not_of_the_lender() -> None:
    at = shanghai("2026-11-23T12:00")
    verdict = decide(GOOD._replace(time_zone="America/New_York"), RULES, at)
    assert not verdict.allowed
    assert verdict.next_allowed_at == datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_nights_in_which_the_clocks_change_are_as_long_as_they_are(day: date) -> None:
    zone = ZoneInfo("America/New_York")
    verdict = decide(GOOD._replace(time_zone="America/New_York"), RULES, datetime.combine(day, time(0, 30), zone))
    assert verdict.next_allowed_at == datetime.combine(day, time(8), zone)
    hours = (verdict.next_allowed_at - datetime.combine(day, time(0), zone).astimezone(UTC)) / timedelta(hours=1)
    assert hours == (7 if day.month == 3 else 9)


@pytest.mark.parametrize(
    "code", ["person", "hold", "contact-point", "messages", "contact-hours", "reservation", "all of them"]
)
def test_a_missing_rule_refuses(code: str) -> None:
    rules = [] if code == "all of them" else [rule for rule in RULES if rule.code != code]
    assert decide(GOOD, rules, shanghai("2026-11-23T12:00")).rule == FAIL_CLOSED


@pytest.mark.parametrize("code", ["calls-a-day", "unanswered-a-day"])
def test_calls_need_the_rules_that_count_them_and_messages_do_not(code: str) -> None:
    rules = [rule for rule in RULES if rule.code != code]
    assert decide(CALL, rules, shanghai("2026-11-23T12:00")).rule == FAIL_CLOSED
    assert decide(GOOD, rules, shanghai("2026-11-23T12:00")).allowed


@pytest.mark.parametrize(
    "wrong",
    [
        {"pack": "atlantis"},
        {"purpose": "marketing"},
        {"purpose": ""},
        {"flags": [Span("clairvoyant", date(2026, 1, 1), None)]},
    ],
    ids=str,
)
def test_what_nobody_knows_refuses(wrong: dict[str, object]) -> None:
    assert decide(GOOD._replace(**wrong), RULES, shanghai("2026-11-23T12:00")).rule == FAIL_CLOSED


def test_whoever_comes_to_us_is_heard_at_any_hour() -> None:
    facts = GOOD._replace(purpose="inbound", time_zone="Mars/Olympus", kind="", permitted=False)
    verdict = decide(facts, [], shanghai("2026-11-23T03:00"))
    assert (verdict.allowed, verdict.rule) == (True, "inbound")


def test_the_sentence_of_the_case_page_has_its_numbers() -> None:
    talk = Past(shanghai("2026-11-23T09:00"), "conversation", "voice", 1, 7)
    verdict = decide(CALL._replace(history=[talk]), RULES, shanghai("2026-11-23T12:00"))
    assert (verdict.left, verdict.most, verdict.cap, verdict.days) == (2, 3, "calls-a-day", 1)
    assert verdict.closes_at == shanghai("2026-11-23T22:00")


def test_a_place_that_lapses_frees_the_call_before_the_day_does() -> None:
    noon = shanghai("2026-11-23T12:00")
    talks = [Past(noon - timedelta(hours=hours), "conversation", "voice", 1) for hours in (1, 2)]
    place = Past(noon, "reserved", "voice", 1, until=noon + timedelta(minutes=15))
    verdict = decide(CALL._replace(history=[*talks, place]), RULES, noon + timedelta(minutes=5))
    assert (verdict.allowed, verdict.rule, verdict.next_allowed_at) == (False, "calls-a-day", place.until)


def test_calls_at_one_side_of_midnight_do_not_count_at_the_other() -> None:
    agreed = Agreed(time(20), time(2), date(2026, 1, 1), None)
    talks = [Past(shanghai(f"2026-11-23T{hour}:00"), "conversation", "voice", 1) for hour in (20, 21, 22)]
    facts = CALL._replace(agreed=agreed, history=talks)
    late = decide(facts, RULES, shanghai("2026-11-23T23:59"))
    assert (late.rule, late.next_allowed_at) == ("calls-a-day", shanghai("2026-11-24T00:00"))
    assert decide(facts, RULES, shanghai("2026-11-24T00:00")).allowed


def test_hours_that_begin_in_the_hour_the_clocks_skip_begin_when_they_are_put_forward() -> None:
    zone = ZoneInfo("America/New_York")
    facts = CALL._replace(time_zone="America/New_York", agreed=Agreed(time(2, 30), time(12), date(2026, 1, 1), None))
    verdict = decide(facts, RULES, datetime(2026, 3, 8, 1, 0, tzinfo=zone))
    assert verdict.next_allowed_at == datetime(2026, 3, 8, 3, 0, tzinfo=zone)


def test_every_example_of_a_rule_is_understood_and_every_rule_has_one() -> None:
    assert set(EXAMPLES) == {code for codes in PACKS.values() for code in codes}
    for code, parameters in EXAMPLES.items():
        assert parse(Rule(code, 1, date(2026, 1, 1), parameters)).version == 1


@pytest.mark.parametrize(
    ("code", "parameters", "why"),
    [
        ("calls-a-day", {"most": 0}, "most: a whole number from 1"),
        ("calls-a-day", {"most": True}, "most: a whole number"),
        ("calls-a-day", {"most": 3, "hardship_most": 4}, "hardship_most"),
        ("calls-a-day", {"most": 3, "mots": 2}, "mots: not known"),
        ("messages", {"sms": {"month": 2}}, "sms: an object with one or both of these is expected: day, week"),
        ("messages", {}, "at least one channel"),
        ("third-person", {**EXAMPLES["third-person"], "purposes": ["collection"]}, "nothing else is lawful"),
        ("third-person", {**EXAMPLES["third-person"], "recent_days": 400}, "recent_days: a whole number from 1 to 30"),
        ("person", {**EXAMPLES["person"], "nobody": []}, "fraud-victim"),
        ("person", {**EXAMPLES["person"], "nobody": ["deceased", "fraud-victim"]}, "exactly one list"),
        ("hold", {"kinds": ["treatment"]}, "contact is expected"),
        ("contact-point", {"relationships": ["contact-person"], "verifications": ["verified"]}, "co-debtor"),
        ("contact-point", {"relationships": ["own"], "verifications": ["wrong"]}, "verifications"),
        ("reservation", {"minutes": {"telepathy": 3}}, "minutes"),
        ("moon-phase", {}, "no such rule"),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_understood_says_why(code: str, parameters: dict[str, object], why: str) -> None:
    with pytest.raises(Senseless, match=why):
        parse(Rule(code, 1, date(2026, 1, 1), parameters))


def test_every_outcome_has_its_class_and_an_unknown_one_counts_everywhere() -> None:
    classes = {outcome: class_of(outcome, "voice") for outcome in Outcome.values}
    assert {what for what, counted in classes.items() if counted == "neutral"} == {"not-made"}
    assert class_of("failed", "email") == "neutral"
    assert class_of("telepathy", "voice") == "conversation"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Asia", "\0", "x" * 300])
def test_an_unknown_time_zone_refuses(zone: str) -> None:
    verdict = decide(GOOD._replace(time_zone=zone), RULES, shanghai("2026-11-23T12:00"))
    assert (verdict.allowed, verdict.rule) == (False, FAIL_CLOSED)


@pytest.mark.parametrize(
    "rule",
    [
        replace(HOURS, parameters={}),
        replace(HOURS, parameters={"opens": "08:00", "closes": "late"}),
        replace(HOURS, parameters={"opens": "08:00", "closes": "08:00"}),
        replace(HOURS, parameters={"opens": 8, "closes": 22}),
        replace(POINT, parameters={}),
        replace(POINT, parameters={"relationships": "own", "verifications": ["verified"]}),
        replace(POINT, parameters={"relationships": ["own", ""], "verifications": ["verified"]}),
        replace(POINT, parameters={"relationships": [], "verifications": ["verified"]}),
    ],
    ids=str,
)
def test_a_rule_that_makes_no_sense_refuses(rule: Rule) -> None:
    rules = [rule, *(other for other in RULES if other.code != rule.code)]
    assert decide(GOOD, rules, shanghai("2026-11-23T12:00")).rule == FAIL_CLOSED


def test_a_new_version_governs_from_its_date_on_where_the_person_lives() -> None:
    later = replace(
        HOURS, version=2, effective_from=date(2026, 12, 1), parameters={"opens": "09:00", "closes": "20:00"}
    )
    rules = [*RULES, later]
    assert decide(GOOD, rules, shanghai("2026-11-30T21:00")).rule_version == 1
    night = decide(GOOD, rules, shanghai("2026-11-30T22:30"))
    assert (night.rule_version, night.next_allowed_at) == (1, shanghai("2026-12-01T09:00"))
    assert not decide(GOOD, rules, shanghai("2026-12-01T08:30")).allowed
    assert decide(GOOD, rules, shanghai("2020-01-01T12:00")).rule_version == 1, "the earliest covers the time before it"


@UNHURRIED
@given(zone=ZONES, at=MOMENTS)
def test_a_refused_hour_says_when_it_ends_and_not_a_second_too_late(zone: str, at: datetime) -> None:
    facts = GOOD._replace(time_zone=zone)
    verdict = decide(facts, RULES, at)
    assert verdict.allowed == (8 <= at.astimezone(ZoneInfo(zone)).hour < 22)
    if verdict.next_allowed_at is not None:
        assert at < verdict.next_allowed_at
        assert decide(facts, RULES, verdict.next_allowed_at).allowed
        assert not decide(facts, RULES, verdict.next_allowed_at - timedelta(seconds=1)).allowed
        assert verdict.next_allowed_at.astimezone(ZoneInfo(zone)).time() == time(8)
    else:
        assert verdict.allowed


@UNHURRIED
@given(zone=ZONES, at=MOMENTS, opens=st.times(), closes=st.times())
def test_any_hours_open_again(zone: str, at: datetime, opens: time, closes: time) -> None:
    hours = replace(HOURS, parameters={"opens": opens.isoformat(), "closes": closes.isoformat()})
    facts, rules = GOOD._replace(time_zone=zone), [POINT, hours, *OTHERS]
    verdict = decide(facts, rules, at)
    if opens == closes:
        assert verdict.rule == FAIL_CLOSED
    elif not verdict.allowed and verdict.next_allowed_at is not None:
        assert at < verdict.next_allowed_at < at + timedelta(days=3)
        assert decide(facts, rules, verdict.next_allowed_at).allowed
    elif not verdict.allowed:
        # Hours so short that the clocks skip them on some day do not open on it; every ordinary day does.
        assert (datetime.combine(date.min, closes) - datetime.combine(date.min, opens)) % timedelta(
            days=1
        ) <= timedelta(hours=3)
