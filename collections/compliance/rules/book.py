"""All the rules asked in order, and when the answer changes."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from compliance.rules import counts
from compliance.rules.counts import Room
from compliance.rules.days import time_zone
from compliance.rules.facts import (
    CLOSED,
    COLLECTION,
    FAIL_CLOSED,
    INBOUND,
    LOCATE,
    NOTICE,
    REMINDER,
    SIGNING,
    VOICE,
    Agreed,
    Facts,
    Refusal,
    Rule,
    Verdict,
)
from compliance.rules.hours import changes
from compliance.rules.people import (
    CONTACT_PERSON,
    check_holds,
    check_opt_out,
    check_person,
    check_point,
    check_third,
    flags_on,
)
from compliance.rules.terms import (
    CALL_COUNTS,
    CALLS_A_DAY,
    CALLS_A_WEEK,
    CONTACT_HOURS,
    CONTACT_POINT,
    CONVERSATION_PAUSE,
    HOLD,
    INBOUND_RULE,
    LONGEST_WINDOW_DAYS,
    MESSAGES,
    OPT_OUT,
    PERSON,
    RECORDINGS,
    RESERVATION,
    THIRD_PERSON,
    UNANSWERED_A_DAY,
    DailyTerms,
    HoldTerms,
    Hours,
    MessageTerms,
    OptOutTerms,
    PauseTerms,
    PersonTerms,
    PointTerms,
    RecordingTerms,
    ReservationTerms,
    Senseless,
    Terms,
    ThirdTerms,
    WindowTerms,
    parse,
)

PURPOSES = frozenset((REMINDER, COLLECTION, LOCATE, NOTICE, SIGNING))
# More changes of the answer than this before a yes: waiting does not help.
MOST_STEPS = 200
ALLOWED_INBOUND = Verdict(True, INBOUND_RULE, 1)
REFUSED_CLOSED = Verdict(False, FAIL_CLOSED, 0)
DayRules = Mapping[str, Terms]


class Rulebook:
    """The rules of all packs, read once and asked many times: what depends on the day and the time zone is kept."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._dated: dict[str, dict[str, list[tuple[date, Terms | None]]]] = {}
        self._rules: dict[tuple[str, str, int], Rule] = {}
        for rule in sorted(rules, key=lambda rule: rule.effective_from):
            codes = self._dated.setdefault(rule.pack, {})
            codes.setdefault(rule.code, []).append((rule.effective_from, _understood(rule)))
            self._rules[rule.pack, rule.code, rule.version] = rule
        self._on = functools.lru_cache(maxsize=4096)(self._in_force)
        self._changes = functools.lru_cache(maxsize=4096)(self._hours_about)
        self._alike = functools.lru_cache(maxsize=4096)(self._of_who_was_not_tried)
        self._held = functools.lru_cache(maxsize=4096)(self._held_until)

    def decide(self, facts: Facts, at: datetime) -> Verdict:
        """May this contact happen at `at` (aware)?

        Who it is comes first, then how often, then the hour. What is not known, or not understood, is a no.
        """
        return self._now_and_later(facts, at)[0]

    def decide_or_postpone(self, facts: Facts, at: datetime, longest: timedelta) -> tuple[datetime, Verdict]:
        """`decide`, with its moment; of who must wait, and for no longer than that, the yes of the moment for which she waits."""
        verdict, later = self._now_and_later(facts, at)
        moment = verdict.next_allowed_at
        if later is not None and moment is not None and moment - at <= longest:
            return moment, later._replace(postponed_by=verdict.rule)
        return at, verdict

    def behind(self, verdict: Verdict, pack: str) -> Rule | None:
        """The dated rule under which `verdict` was given; None: what is not known was refused, or nothing was asked."""
        return self._rules.get((pack, verdict.rule, verdict.rule_version))

    def reserved_until(self, facts: Facts, at: datetime) -> datetime | None:
        """Until when an allowed contact at `at` holds its place; None: it holds none."""
        return None if facts.purpose == INBOUND else self._held(facts.pack, facts.time_zone, facts.channel, at)

    def _held_until(self, pack: str, time_zone_name: str, channel: str, at: datetime) -> datetime | None:
        zone = time_zone(time_zone_name)
        if zone is None:
            return None
        minutes = self._minutes(self._on(pack, at.astimezone(zone).date()), channel)
        return at.astimezone(UTC) + timedelta(minutes=minutes) if minutes else None

    def no_room(self, facts: Facts, at: datetime) -> Refusal | None:
        """What the rules that count say against one more such contact at `at`, whoever it is and at whatever hour."""
        zone = time_zone(facts.time_zone)
        if zone is None:
            return CLOSED
        day = at.astimezone(zone).date()
        room = self._how_often(self._on(facts.pack, day), facts, day, zone, at.astimezone(UTC))
        return room if isinstance(room, Refusal) else None

    def open_until(self, facts: Facts, at: datetime) -> datetime | None:
        """When the hours of contact that hold at `at` end; None: `at` is outside of them."""
        zone = time_zone(facts.time_zone)
        if zone is None:
            return None
        day, room = at.astimezone(zone).date(), Room(0, 0, "", 1, 0)
        answer = self._when(self._on(facts.pack, day), facts, day, zone, at.astimezone(UTC), room)
        return (answer.closes_at or datetime.max.replace(tzinfo=UTC)) if isinstance(answer, Verdict) else None

    def correct_hours(self, pack: str, zone_name: str, at: datetime) -> int:
        """For how many hours who entered a contact at `at` may correct it; 0 where no rule says."""
        zone = time_zone(zone_name)
        terms = self._on(pack, at.astimezone(zone).date()).get(RESERVATION) if zone else None
        return terms.correct_hours if isinstance(terms, ReservationTerms) else 0

    def keep_years(self, pack: str, day: date) -> int | None:
        """For how many years a recording of a contact on `day` is kept; None where no rule says."""
        terms = self._on(pack, day).get(RECORDINGS)
        return terms.keep_years if isinstance(terms, RecordingTerms) else None

    def opt_outs(self, pack: str, day: date) -> frozenset[str]:
        """The channels in which an opt-out holds on `day`; none where no rule says."""
        terms = self._on(pack, day).get(OPT_OUT)
        return terms.channels if isinstance(terms, OptOutTerms) else frozenset()

    def looks_back(self, channel: str) -> int:
        """How many days before the moment asked for any rule may look, in any pack and version, for that channel."""
        if channel == VOICE:
            return LONGEST_WINDOW_DAYS
        dated = (dated for codes in self._dated.values() for dated in codes.get(MESSAGES, ()))
        caps = (cap for _, terms in dated if isinstance(terms, MessageTerms) for cap in terms.caps.get(channel, ()))
        return max((cap.days for cap in caps), default=0)

    def _now_and_later(self, facts: Facts, at: datetime) -> tuple[Verdict, Verdict | None]:
        """The verdict at `at`; of a no that waiting turns into a yes that yes, too."""
        if facts.history or facts.elsewhere or facts.flags or facts.holds or facts.own_numbers:
            return self._work_out(facts, at)
        return self._alike(
            *(at, facts.channel, facts.time_zone, facts.kind, facts.source, facts.relationship, facts.permitted),
            *(facts.verification, facts.shared, facts.purpose, facts.pack, facts.agreed, facts.opted_out),
        )

    def _of_who_was_not_tried(
        self,
        at: datetime,
        channel: str,
        time_zone_name: str,
        kind: str,
        source: str,
        relationship: str,
        permitted: bool | None,
        verification: str,
        shared: bool,
        purpose: str,
        pack: str,
        agreed: Agreed | None,
        opted_out: bool,
    ) -> tuple[Verdict, Verdict | None]:
        """Of whom nothing is known that is hers alone: in a batch many are alike, whatever the number and the debt."""
        facts = Facts(
            *(channel, time_zone_name, kind, source, relationship, permitted, verification, shared),
            purpose=purpose,
            pack=pack,
            agreed=agreed,
            opted_out=opted_out,
        )
        return self._work_out(facts, at)

    def _work_out(self, facts: Facts, at: datetime) -> tuple[Verdict, Verdict | None]:
        if facts.purpose == INBOUND:
            return ALLOWED_INBOUND, None
        zone = time_zone(facts.time_zone)
        if zone is None or facts.purpose not in PURPOSES:
            return REFUSED_CLOSED, None
        # In a zone whose clocks change, sums and comparisons are those of the clock's face: UTC from here on.
        answer = self._judge(facts, zone, at.astimezone(UTC))
        if isinstance(answer, Verdict):
            return answer, None
        moment, later = self._again(facts, zone, answer.again)
        return Verdict(False, answer.rule, answer.version, moment), later

    def _again(
        self, facts: Facts, zone: ZoneInfo, moment: datetime | None
    ) -> tuple[datetime, Verdict] | tuple[None, None]:
        """The first moment from `moment` on at which all allow, and that yes: each no says before when it cannot become one."""
        for _ in range(MOST_STEPS):
            if moment is None:
                break
            answer = self._judge(facts, zone, moment)
            if isinstance(answer, Verdict):
                return moment, answer
            moment = answer.again
        return None, None

    def _judge(self, facts: Facts, zone: ZoneInfo, at: datetime) -> Verdict | Refusal:
        day = at.astimezone(zone).date()
        rules = self._on(facts.pack, day)
        refusal = self._who(rules, facts, day, zone, at)
        if refusal:
            return refusal
        room = self._how_often(rules, facts, day, zone, at)
        if isinstance(room, Refusal):
            return room
        if not self._minutes(rules, facts.channel):
            return CLOSED
        return self._when(rules, facts, day, zone, at, room)

    def _who(self, rules: DayRules, facts: Facts, day: date, zone: ZoneInfo, at: datetime) -> Refusal | None:
        person, hold, opt_out = rules.get(PERSON), rules.get(HOLD), rules.get(OPT_OUT)
        if (
            not isinstance(person, PersonTerms)
            or not isinstance(hold, HoldTerms)
            or not isinstance(opt_out, OptOutTerms)
        ):
            return CLOSED
        refusal = (
            check_person(person, facts, day, zone, at)
            or check_holds(hold, facts, day, zone, at)
            or check_opt_out(opt_out, facts)
        )
        if refusal:
            return refusal
        if facts.relationship == CONTACT_PERSON:
            third = rules.get(THIRD_PERSON)
            return check_third(third, facts, zone, at) if isinstance(third, ThirdTerms) else CLOSED
        point = rules.get(CONTACT_POINT)
        return check_point(point, person, facts, day) if isinstance(point, PointTerms) else CLOSED

    def _how_often(self, rules: DayRules, facts: Facts, day: date, zone: ZoneInfo, at: datetime) -> Room | Refusal:
        """The tightest room left by the rules that count, or the first that says no."""
        if facts.channel != VOICE:
            messages = rules.get(MESSAGES)
            caps = messages.caps.get(facts.channel, ()) if isinstance(messages, MessageTerms) else ()
            counted = counts.same_channel(facts, at)
            days = counts.days_of(counted, zone)
            return _tightest(counts.check_window(MESSAGES, cap, counted, days, day, zone, at) for cap in caps)
        reserved = rules.get(RESERVATION)
        if not isinstance(reserved, ReservationTerms):
            return CLOSED
        history = counts.with_too_many_not_made(facts.history, reserved.not_made, zone)
        if history is not facts.history:
            facts = facts._replace(history=history)
        return _tightest(
            self._count_calls(code, rules, facts, day, zone, at) for code in CALL_COUNTS.get(facts.pack, ())
        )

    def _count_calls(
        self, code: str, rules: DayRules, facts: Facts, day: date, zone: ZoneInfo, at: datetime
    ) -> Room | Refusal | None:
        terms = rules.get(code)
        if code == CONVERSATION_PAUSE and isinstance(terms, PauseTerms):
            return counts.check_pause(terms, facts, day, zone, at)
        if code == CALLS_A_DAY and isinstance(terms, DailyTerms):
            most = terms.hardship_most if _has_fewer(rules, facts, day) else terms.most
            window = WindowTerms(terms.version, most, 1)
            counted = counts.effective_calls(facts, at)
        elif code == UNANSWERED_A_DAY and isinstance(terms, WindowTerms):
            window, counted = terms, counts.attempts_at_the_number(facts, at)
        elif code == CALLS_A_WEEK and isinstance(terms, WindowTerms):
            window, counted = terms, counts.calls_about_the_debt(facts, at)
        else:
            return CLOSED
        return counts.check_window(code, window, counted, counts.days_of(counted, zone), day, zone, at)

    def _when(
        self, rules: DayRules, facts: Facts, day: date, zone: ZoneInfo, at: datetime, room: Room
    ) -> Verdict | Refusal:
        rule = rules.get(CONTACT_HOURS)
        hours = _agreed_hours(facts.agreed, rule, day) if isinstance(rule, Hours) else None
        if hours is None:
            return CLOSED
        opened = hours.covers(at.astimezone(zone).time())
        about = self._changes(facts.pack, zone, day, facts.agreed)
        change = next((moment for moment, is_open in about if moment > at and is_open is not opened), None)
        if not opened:
            return Refusal(CONTACT_HOURS, hours.version, change)
        return Verdict(
            *(True, CONTACT_HOURS, hours.version, None, change),
            *(room.left, room.most, room.cap, room.days, facts.time_zone),
            fewer=room.cap == CALLS_A_DAY and _has_fewer(rules, facts, day),
        )

    def _hours_about(
        self, pack: str, zone: ZoneInfo, today: date, agreed: Agreed | None
    ) -> tuple[tuple[datetime, bool], ...]:
        def hours_on(day: date) -> Hours | None:
            rule = self._on(pack, day).get(CONTACT_HOURS)
            return _agreed_hours(agreed, rule, day) if isinstance(rule, Hours) else None

        return changes(hours_on, zone, today)

    def _minutes(self, rules: DayRules, channel: str) -> int:
        terms = rules.get(RESERVATION)
        return terms.minutes.get(channel, 0) if isinstance(terms, ReservationTerms) else 0

    def _in_force(self, pack: str, day: date) -> DayRules:
        """What each rule of the pack says on that day; one that makes no sense is left out, as if there were none."""
        found: dict[str, Terms] = {}
        for code, dated in self._dated.get(pack, {}).items():
            terms = next((terms for starts, terms in reversed(dated) if starts <= day), dated[0][1])
            if terms is not None:
                found[code] = terms
        return found


def decide(facts: Facts, rules: Iterable[Rule], at: datetime) -> Verdict:
    """One decision under `rules`; for many under the same rules make a `Rulebook` once."""
    return Rulebook(rules).decide(facts, at)


def _has_fewer(rules: DayRules, facts: Facts, day: date) -> bool:
    """Whether a flag of the person asks for fewer calls that day."""
    person = rules.get(PERSON)
    return isinstance(person, PersonTerms) and bool(flags_on(facts.flags, day, person.fewer))


def _understood(rule: Rule) -> Terms | None:
    try:
        return parse(rule)
    except Senseless:
        return None


def _tightest(answers: Iterable[Room | Refusal | None]) -> Room | Refusal:
    """The first no, else the least room; where no rule counts at all, the gate stays shut."""
    tightest: Room | None = None
    for answer in answers:
        if isinstance(answer, Refusal):
            return answer
        if answer is not None and (tightest is None or answer.left < tightest.left):
            tightest = answer
    return tightest or CLOSED


def _agreed_hours(agreed: Agreed | None, rule: Hours, day: date) -> Hours | None:
    """The hours agreed to, on the days for which they are; otherwise the rule's. Agreed hours that are none stay shut."""
    if agreed is None or agreed.first > day or (agreed.last is not None and day > agreed.last):
        return rule
    return Hours(rule.version, agreed.opens, agreed.closes) if agreed.opens != agreed.closes else None
