"""The rules' names and what their parameters mean. Parameters that make no sense are none, and the gate stays shut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import Any, NamedTuple

from compliance.rules.facts import CHINA, KINDS, LOCATE, UNITED_STATES, VOICE, Rule

PERSON = "person"
HOLD = "hold"
CONTACT_POINT = "contact-point"
THIRD_PERSON = "third-person"
OPT_OUT = "opt-out"
CALLS_A_DAY = "calls-a-day"
UNANSWERED_A_DAY = "unanswered-a-day"
CALLS_A_WEEK = "calls-a-week"
CONVERSATION_PAUSE = "conversation-pause"
MESSAGES = "messages"
CONTACT_HOURS = "contact-hours"
RESERVATION = "reservation"
# Not the gate's: for how long recordings of contacts are kept.
RECORDINGS = "recordings"
INBOUND_RULE = "inbound"

# The rules that count, by pack: those of calls, and those of everything else.
CALL_COUNTS: Mapping[str, tuple[str, ...]] = {
    CHINA: (CALLS_A_DAY, UNANSWERED_A_DAY),
    UNITED_STATES: (CALLS_A_WEEK, CONVERSATION_PAUSE),
}
COMMON = (PERSON, HOLD, OPT_OUT, CONTACT_POINT, THIRD_PERSON, MESSAGES, CONTACT_HOURS, RESERVATION, RECORDINGS)
PACKS: Mapping[str, tuple[str, ...]] = {pack: (*COMMON, *counts) for pack, counts in CALL_COUNTS.items()}

# No rule looks further back than this: what is read of the past ends here.
LONGEST_WINDOW_DAYS = 31
FLAGS = frozenset(
    ("deceased", "incapacity", "represented", "bankrupt", "minor", "fraud-victim", "hardship", "vulnerable")
)
VERIFICATIONS = frozenset(("verified", "unverified"))
# A letter and a visit know no opt-out: what the law wants told must reach her somehow.
OPTABLE = frozenset(("email", "sms", "push", VOICE))
PARTIES = frozenset(("own", "co-debtor", "guarantor"))
MOST_EVER = 100


class PersonTerms(NamedTuple):
    version: int
    representative_only: frozenset[str]
    nobody: frozenset[str]
    permission: frozenset[str]
    fewer: frozenset[str]


class HoldTerms(NamedTuple):
    version: int
    kinds: frozenset[str]


class PointTerms(NamedTuple):
    """By channel: whose contact points, and verified how."""

    version: int
    relationships: Mapping[str, frozenset[str]]
    verifications: Mapping[str, frozenset[str]]


class OptOutTerms(NamedTuple):
    """`channels`: those in which an opt-out holds."""

    version: int
    channels: frozenset[str]


class ThirdTerms(NamedTuple):
    """`most`: how often one third person may be asked, ever; None: not limited beyond the caps."""

    version: int
    channels: frozenset[str]
    failed_calls: int
    days_running: int
    recent_days: int
    most: int | None


class Hours(NamedTuple):
    """The part of a person's day in which she may be contacted: from `opens` on, before `closes`; may span midnight."""

    version: int
    opens: time
    closes: time

    def covers(self, local: time) -> bool:
        if self.opens < self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes


class DailyTerms(NamedTuple):
    version: int
    most: int
    hardship_most: int


class WindowTerms(NamedTuple):
    """At most `most` within any `days` local days running."""

    version: int
    most: int
    days: int


class MessageTerms(NamedTuple):
    version: int
    caps: Mapping[str, tuple[WindowTerms, ...]]


class PauseTerms(NamedTuple):
    version: int
    days: int


class ReservationTerms(NamedTuple):
    """`not_made`: so many calls a person a day that were asked for and not made give their place back; the others count as
    unanswered. `correct_hours`: so long may who entered a contact correct it."""

    version: int
    minutes: Mapping[str, int]
    not_made: int = 3
    correct_hours: int = 24


class RecordingTerms(NamedTuple):
    version: int
    keep_years: int


Terms = (
    PersonTerms
    | HoldTerms
    | PointTerms
    | OptOutTerms
    | ThirdTerms
    | Hours
    | DailyTerms
    | WindowTerms
    | MessageTerms
    | PauseTerms
    | ReservationTerms
    | RecordingTerms
)


def gettext_noop(text: str) -> str:
    """Marks a text for the translators; `compliance.sentences` looks their words up."""
    return text


_NAMED = gettext_noop("%(name)s: an object is expected, its names among %(expected)s")
_EITHER = gettext_noop("%(name)s: an object with one or both of these is expected: %(expected)s")


class Senseless(ValueError):
    """The parameters of a rule cannot be understood; `text` with its `values` says which and what was expected."""

    def __init__(self, text: str, **values: str | int | Sequence[str]) -> None:
        self.text = text
        self.values = values
        super().__init__(
            text % {name: value if isinstance(value, str | int) else ", ".join(value) for name, value in values.items()}
        )


def parse(rule: Rule) -> Terms:
    """What a rule's parameters mean.

    Raises:
        Senseless: they are incomplete, of the wrong kind, or would let in what nobody meant to.
    """
    if rule.code not in _PARSERS:
        raise Senseless(gettext_noop("%(code)s: no such rule"), code=rule.code)
    if not isinstance(rule.parameters, Mapping):
        raise Senseless(gettext_noop("an object with named values is expected"))
    reader, names = _PARSERS[rule.code]
    if unknown := sorted(set(rule.parameters) - names):
        raise Senseless(
            gettext_noop("%(names)s: not known; expected: %(expected)s"), names=unknown, expected=sorted(names)
        )
    return reader(rule.version, rule.parameters)


def _person(version: int, given: Mapping[str, Any]) -> PersonTerms:
    groups = [_names(given, key, FLAGS, empty=True) for key in ("representative_only", "nobody", "permission", "fewer")]
    named = [flag for group in groups for flag in group]
    if sorted(named) != sorted(FLAGS):
        raise Senseless(gettext_noop("each of %(expected)s is expected in exactly one list"), expected=sorted(FLAGS))
    return PersonTerms(version, *groups)


def _hold(version: int, given: Mapping[str, Any]) -> HoldTerms:
    kinds = _names(given, "kinds", frozenset(("contact", "treatment")))
    if "contact" not in kinds:
        raise Senseless(gettext_noop("%(name)s: contact is expected among them"), name="kinds")
    return HoldTerms(version, kinds)


def _point(version: int, given: Mapping[str, Any]) -> PointTerms:
    relationships = _names(given, "relationships", PARTIES)
    verifications = _names(given, "verifications", VERIFICATIONS)
    own = given.get("channels", {})
    if (
        not isinstance(own, Mapping)
        or not set(own) <= set(KINDS)
        or not all(isinstance(v, Mapping) for v in own.values())
    ):
        raise Senseless(_NAMED, name="channels", expected=tuple(KINDS))
    if any(set(values) - {"relationships", "verifications"} for values in own.values()):
        raise Senseless(_EITHER, name="channels", expected=("relationships", "verifications"))

    def by_channel(key: str, every: frozenset[str], default: frozenset[str]) -> dict[str, frozenset[str]]:
        return {
            channel: _names(own[channel], key, every) if key in own.get(channel, {}) else default for channel in KINDS
        }

    return PointTerms(
        version,
        by_channel("relationships", PARTIES, relationships),
        by_channel("verifications", VERIFICATIONS, verifications),
    )


def _opt_out(version: int, given: Mapping[str, Any]) -> OptOutTerms:
    return OptOutTerms(version, _names(given, "channels", OPTABLE))


def _third(version: int, given: Mapping[str, Any]) -> ThirdTerms:
    if given.get("purposes") != [LOCATE]:
        raise Senseless(
            gettext_noop("%(name)s: %(only)s is expected, nothing else is lawful"), name="purposes", only=LOCATE
        )
    return ThirdTerms(
        version,
        _names(given, "channels", frozenset((VOICE,))),
        _number(given, "failed_calls"),
        _number(given, "days_running"),
        _number(given, "recent_days", LONGEST_WINDOW_DAYS - 1),
        _number(given, "most") if given.get("most") is not None else None,
    )


def _hours(version: int, given: Mapping[str, Any]) -> Hours:
    try:
        opens, closes = (time.fromisoformat(given[key]) for key in ("opens", "closes"))
    except (KeyError, TypeError, ValueError):
        raise Senseless(gettext_noop('opens and closes: times are expected, such as "08:00"')) from None
    if opens == closes or opens.tzinfo or closes.tzinfo:
        raise Senseless(gettext_noop("opens and closes: two different times of the day are expected"))
    return Hours(version, opens, closes)


def _calls_a_day(version: int, given: Mapping[str, Any]) -> DailyTerms:
    most = _number(given, "most")
    hardship = _number(given, "hardship_most") if "hardship_most" in given else most
    if hardship > most:
        raise Senseless(gettext_noop("hardship_most: at most as many as most is expected"))
    return DailyTerms(version, most, hardship)


def _unanswered(version: int, given: Mapping[str, Any]) -> WindowTerms:
    return WindowTerms(version, _number(given, "most"), 1)


def _window(version: int, given: Mapping[str, Any]) -> WindowTerms:
    return WindowTerms(version, _number(given, "most"), _number(given, "days", LONGEST_WINDOW_DAYS - 1))


def _messages(version: int, given: Mapping[str, Any]) -> MessageTerms:
    caps: dict[str, tuple[WindowTerms, ...]] = {}
    for channel, limits in given.items():
        if not isinstance(limits, Mapping) or not limits or not set(limits) <= {"day", "week"}:
            raise Senseless(_EITHER, name=channel, expected=("day", "week"))
        caps[channel] = tuple(
            WindowTerms(version, _number(limits, name), days)
            for name, days in (("day", 1), ("week", 7))
            if name in limits
        )
    if not caps:
        raise Senseless(gettext_noop("at least one channel is expected"))
    return MessageTerms(version, caps)


def _pause(version: int, given: Mapping[str, Any]) -> PauseTerms:
    return PauseTerms(version, _number(given, "days", LONGEST_WINDOW_DAYS - 1))


def _reservation(version: int, given: Mapping[str, Any]) -> ReservationTerms:
    minutes = given.get("minutes")
    if not isinstance(minutes, Mapping) or not minutes or not set(minutes) <= set(KINDS):
        raise Senseless(_NAMED, name="minutes", expected=tuple(KINDS))
    more = {name: _number(given, name) for name in ("not_made", "correct_hours") if name in given}
    return ReservationTerms(version, {channel: _number(minutes, channel, 7 * 24 * 60) for channel in minutes}, **more)


def _recordings(version: int, given: Mapping[str, Any]) -> RecordingTerms:
    return RecordingTerms(version, _number(given, "keep_years"))


_CHANNELS_COUNTED = frozenset(KINDS) - {VOICE}
_PARSERS: Mapping[str, tuple[Callable[[int, Mapping[str, Any]], Terms], frozenset[str]]] = {
    PERSON: (_person, frozenset(("representative_only", "nobody", "permission", "fewer"))),
    HOLD: (_hold, frozenset(("kinds",))),
    OPT_OUT: (_opt_out, frozenset(("channels",))),
    CONTACT_POINT: (_point, frozenset(("relationships", "verifications", "channels"))),
    THIRD_PERSON: (
        _third,
        frozenset(("channels", "purposes", "failed_calls", "days_running", "recent_days", "most")),
    ),
    CONTACT_HOURS: (_hours, frozenset(("opens", "closes"))),
    CALLS_A_DAY: (_calls_a_day, frozenset(("most", "hardship_most"))),
    UNANSWERED_A_DAY: (_unanswered, frozenset(("most",))),
    CALLS_A_WEEK: (_window, frozenset(("most", "days"))),
    CONVERSATION_PAUSE: (_pause, frozenset(("days",))),
    MESSAGES: (_messages, _CHANNELS_COUNTED),
    RESERVATION: (_reservation, frozenset(("minutes", "not_made", "correct_hours"))),
    RECORDINGS: (_recordings, frozenset(("keep_years",))),
}
# One of each, to show to whoever writes the next.
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    PERSON: {
        "representative_only": ["deceased", "incapacity", "minor", "represented", "bankrupt"],
        "nobody": ["fraud-victim"],
        "permission": ["vulnerable"],
        "fewer": ["hardship"],
    },
    HOLD: {"kinds": ["contact"]},
    OPT_OUT: {"channels": ["email", "push", "sms"]},
    CONTACT_POINT: {
        "relationships": ["own"],
        "verifications": ["verified"],
        "channels": {"voice": {"relationships": ["own", "guarantor"], "verifications": ["verified", "unverified"]}},
    },
    THIRD_PERSON: {
        "channels": ["voice"],
        "purposes": ["locate"],
        "failed_calls": 3,
        "days_running": 3,
        "recent_days": 30,
        "most": 1,
    },
    CONTACT_HOURS: {"opens": "08:00", "closes": "22:00"},
    CALLS_A_DAY: {"most": 3, "hardship_most": 1},
    UNANSWERED_A_DAY: {"most": 6},
    CALLS_A_WEEK: {"most": 7, "days": 7},
    CONVERSATION_PAUSE: {"days": 7},
    MESSAGES: {"sms": {"day": 2, "week": 5}, "letter": {"week": 2}},
    RESERVATION: {"minutes": {"voice": 15, "email": 1440}, "not_made": 3, "correct_hours": 24},
    RECORDINGS: {"keep_years": 5},
}


def _names(given: Mapping[str, Any], key: str, every: frozenset[str], *, empty: bool = False) -> frozenset[str]:
    value = given.get(key)
    if (
        not isinstance(value, list | tuple)
        or not all(isinstance(name, str) and name in every for name in value)
        or (not value and not empty)
    ):
        raise Senseless(gettext_noop("%(name)s: a list is expected, of %(expected)s"), name=key, expected=sorted(every))
    if len(set(value)) != len(value):
        raise Senseless(gettext_noop("%(name)s: each is expected once"), name=key)
    return frozenset(value)


def _number(given: Mapping[str, Any], key: str, most: int = MOST_EVER) -> int:
    value = given.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise Senseless(gettext_noop("%(name)s: a whole number from 1 to %(most)s is expected"), name=key, most=most)
    return value
