"""The packs' rules once more, written from their texts and as simply as can be: what the real ones are held against.

Shares nothing with `compliance.rules` but the words of the facts; the numbers stand here as the sources have them.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from compliance.rules import Facts, Past

KINDS = {
    "email": {"email"},
    "sms": {"mobile"},
    "push": {"push"},
    "voice": {"mobile", "phone"},
    "letter": {"address"},
    "visit": {"address"},
}
MESSAGE_CAPS = {  # a day, within any seven days
    "sms": (2, 5),
    "email": (1, 4),
    "push": (2, 7),
    "letter": (None, 2),
    "visit": (1, 2),
}
OPT_OUTS_HOLD = {"cn": {"email", "sms", "push"}, "us": {"email", "sms", "push", "voice"}}
ONLY_HER_REPRESENTATIVE = {"deceased", "incapacity", "minor", "represented", "bankrupt"}


def local_day(moment: datetime, facts: Facts) -> date:
    return moment.astimezone(ZoneInfo(facts.time_zone)).date()


def broken(facts: Facts, at: datetime) -> set[str]:
    """The rules that a contact at that moment would break; none: it is lawful."""
    found = set()
    day = local_day(at, facts)
    flags = {flag.kind for flag in facts.flags if flag.first <= day and (flag.last is None or day <= flag.last)}
    third = facts.relationship == "contact-person"
    representative = facts.relationship == "representative"
    if "fraud-victim" in flags:
        found.add("person")
    if flags & ONLY_HER_REPRESENTATIVE and not representative:
        found.add("person")
    if "vulnerable" in flags and not facts.may_contact_vulnerable:
        found.add("person")
    if facts.holds and all(_is_held(debt, day) for debt in facts.holds):
        found.add("hold")
    if facts.opted_out and facts.channel in OPT_OUTS_HOLD[facts.pack]:
        found.add("opt-out")
    if not _is_known(facts):
        found.add("third-person" if third else "contact-point")
    if third:
        if not _third_may_be_asked(facts, at, day):
            found.add("third-person")
    elif representative:
        if not flags & ONLY_HER_REPRESENTATIVE or (facts.channel != "voice" and facts.verification != "verified"):
            found.add("contact-point")
    elif not _answers_for_the_debt(facts):
        found.add("contact-point")
    if facts.channel == "voice":
        found |= _china_calls(facts, at, day, flags) if facts.pack == "cn" else _united_states_calls(facts, at, day)
    elif _too_many_messages(facts, at, day):
        found.add("messages")
    if not _within_hours(facts, at, day):
        found.add("contact-hours")
    return found


def reported(story: list[tuple[str, str]]) -> set[str]:
    """What was told of the person and nobody placed or overruled yet, of what happened in that order: (told | placed |
    ended | overruled, kind). A flag that stands answers what is told; one that ended before does not."""
    open_reports: set[str] = set()
    standing: set[str] = set()
    for what, kind in story:
        if what == "told" and kind not in standing:
            open_reports.add(kind)
        elif what == "placed":
            standing.add(kind)
            open_reports.discard(kind)
        elif what == "ended":
            standing.discard(kind)
        elif what == "overruled":
            open_reports.discard(kind)
    return open_reports | standing


def _is_held(debt, day: date) -> bool:
    return any(
        hold.kind == "contact" and hold.first <= day and (hold.last is None or day <= hold.last) for hold in debt
    )


def _is_known(facts: Facts) -> bool:
    right_kind = facts.kind in KINDS.get(facts.channel, set())
    proved = facts.verification == "verified" or (facts.verification == "unverified" and not facts.shared)
    return right_kind and facts.permitted is True and facts.source.strip() != "" and proved


def _answers_for_the_debt(facts: Facts) -> bool:
    if facts.channel in ("voice", "letter", "visit"):
        who = facts.relationship in ("own", "co-debtor", "guarantor")
    else:
        who = facts.relationship == "own"
    return who and (facts.channel == "voice" or facts.verification == "verified")


def _third_may_be_asked(facts: Facts, at: datetime, day: date) -> bool:
    if facts.channel != "voice" or facts.purpose != "locate":
        return False
    here = [past for past in facts.history if past.point == facts.point]
    if [past for past in here if past.what == "third-refused"]:
        return False
    if facts.pack == "us" and [past for past in here if past.what == "third" or _is_held_place(past, at)]:
        return False
    if facts.own_numbers and all(number.wrong for number in facts.own_numbers):
        return True
    hers = [number.point for number in facts.own_numbers]
    happened = sorted((past for past in facts.history if past.at <= at and past.until is None), key=lambda p: p.at)
    calls = [
        past
        for past in happened
        if past.what == "conversation"
        or (
            past.channel == "voice"
            and past.point in hers
            and past.what in ("unanswered", "invalid")
            and local_day(past.at, facts) >= day - timedelta(days=30)
        )
    ]
    last_three = calls[-3:]
    if (
        len(last_three) == 3
        and all(call.what != "conversation" for call in last_three)
        and local_day(last_three[-1].at, facts) < day
    ):
        return True
    for last in (day, day - timedelta(days=1)):
        days = [last - timedelta(days=2), last - timedelta(days=1), last]
        tried = all(
            any(call.what != "conversation" and local_day(call.at, facts) == one for call in calls) for one in days
        )
        heard = any(past.what == "conversation" and local_day(past.at, facts) >= days[0] for past in happened)
        if tried and not heard:
            return True
    return False


def _is_held_place(past: Past, at: datetime) -> bool:
    return past.what == "reserved" and past.until is not None and at < past.until


def _counts(past: Past, at: datetime, what: set[str]) -> bool:
    return not past.inbound and (past.what in what or _is_held_place(past, at))


def _calls(facts: Facts) -> list[Past]:
    """The calls; from the fourth of a day on, one that was not made is as good as unanswered."""
    calls, not_made = [], {}
    for past in sorted((past for past in facts.history if past.channel == "voice"), key=lambda past: past.at):
        if past.what == "neutral" and not past.inbound:
            day = local_day(past.at, facts)
            not_made[day] = not_made.get(day, 0) + 1
            if not_made[day] > 3:
                past = past._replace(what="unanswered")
        calls.append(past)
    return calls


def _china_calls(facts: Facts, at: datetime, day: date, flags: set[str]) -> set[str]:
    calls = [past for past in _calls(facts) if local_day(past.at, facts) == day]
    spoken = [past for past in calls if _counts(past, at, {"conversation", "third", "third-refused"})]
    here = [past for past in calls if past.point == facts.point and _counts(past, at, {"unanswered", "invalid"})]
    found = set()
    if len(spoken) + 1 > (1 if "hardship" in flags else 3):
        found.add("calls-a-day")
    if len(here) + 1 > 6:
        found.add("unanswered-a-day")
    return found


def _about_the_debt(past: Past, facts: Facts) -> bool:
    return facts.account is None or past.account is None or past.account == facts.account


def _united_states_calls(facts: Facts, at: datetime, day: date) -> set[str]:
    calls = [past for past in _calls(facts) if _about_the_debt(past, facts)]
    placed = [
        local_day(past.at, facts)
        for past in calls
        if _counts(past, at, {"conversation", "unanswered", "invalid", "third", "third-refused", "message"})
    ]
    found = set()
    if _most_within(placed, day, 7) + 1 > 7:
        found.add("calls-a-week")
    talks = [local_day(past.at, facts) for past in calls if past.what == "conversation"]
    if any(talk <= day <= talk + timedelta(days=6) for talk in talks):
        found.add("conversation-pause")
    return found


def _most_within(days: list[date], day: date, length: int) -> int:
    """The most of `days` within any so many days running that hold `day`."""
    starts = [day - timedelta(days=back) for back in range(length)]
    return max(sum(start <= one < start + timedelta(days=length) for one in days) for start in starts)


def _too_many_messages(facts: Facts, at: datetime, day: date) -> bool:
    if facts.channel not in MESSAGE_CAPS:
        return True
    everything = {"conversation", "unanswered", "invalid", "third", "third-refused", "message"}
    sent = [
        local_day(past.at, facts)
        for past in facts.history
        if past.channel == facts.channel and _counts(past, at, everything)
    ]
    a_day, a_week = MESSAGE_CAPS[facts.channel]
    return (a_day is not None and sent.count(day) + 1 > a_day) or _most_within(sent, day, 7) + 1 > a_week


def _within_hours(facts: Facts, at: datetime, day: date) -> bool:
    opens, closes = time(8), time(22) if facts.pack == "cn" else time(21)
    agreed = facts.agreed
    if agreed and agreed.first <= day and (agreed.last is None or day <= agreed.last):
        opens, closes = agreed.opens, agreed.closes
    clock = at.astimezone(ZoneInfo(facts.time_zone)).time()
    if opens < closes:
        return opens <= clock < closes
    return clock >= opens or clock < closes
