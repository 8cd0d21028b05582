"""What the gate's rules are asked about, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple

CHINA, UNITED_STATES = "cn", "us"
REMINDER, COLLECTION, LOCATE, NOTICE, INBOUND = "reminder", "collection", "locate", "notice", "inbound"
SIGNING = "signing"
VOICE = "voice"

# Which kinds of contact point each channel may use. A channel that is not here has none and is refused: in a chat one
# answers, nobody is written to first.
KINDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "sms": ("mobile",),
    "push": ("push",),
    "voice": ("mobile", "phone"),
    "letter": ("address",),
    "visit": ("address",),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated rule as the book has it; the earliest of a code also covers the time before its date."""

    code: str
    version: int
    effective_from: date
    parameters: Mapping[str, Any]
    pack: str = CHINA
    source: str = ""


class Span(NamedTuple):
    """Something of that kind in force from a day to a day, both included; no end means until further notice."""

    kind: str
    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


class Agreed(NamedTuple):
    """Hours that the person agreed to, in place of the rule's, on these days."""

    opens: time
    closes: time
    first: date
    last: date | None


class Past(NamedTuple):
    """A contact of the person, or a place that an allowed decision holds until `until` (then `what` is `reserved`).

    `at` is aware. `what` is a class of `rules.outcomes`. `echo`: another reading of a call that is here already, because
    an entry and its correction both count; where calls are counted, whatever came of them, it is none of its own.
    """

    at: datetime
    what: str
    channel: str
    point: int | None = None
    account: int | None = None
    inbound: bool = False
    until: datetime | None = None
    echo: bool = False


class OwnNumber(NamedTuple):
    """A telephone number of the debtor's own."""

    point: int
    wrong: bool


class Facts(NamedTuple):
    """What is known of one contact that somebody wants. `kind` is blank when the person has no such contact point at all.

    `holds`: for each debt that the contact would be about, what is held on it; of a person with nothing late, all that is held
    as of one debt. `history`: of the person, at all her
    contact points, in any order. `elsewhere`: calls of the same number for another customer. `opted_out`: of this channel,
    at this contact point.
    """

    channel: str
    time_zone: str
    kind: str = ""
    source: str = ""
    relationship: str = ""
    permitted: bool | None = None
    verification: str = ""
    shared: bool = False
    point: int | None = None
    purpose: str = REMINDER
    pack: str = CHINA
    account: int | None = None
    flags: Sequence[Span] = ()
    holds: Sequence[Sequence[Span]] = ()
    agreed: Agreed | None = None
    own_numbers: Sequence[OwnNumber] = ()
    history: Sequence[Past] = ()
    may_contact_vulnerable: bool = False
    elsewhere: Sequence[Past] = ()
    opted_out: bool = False


class Verdict(NamedTuple):
    """The answer: the rule that refused, or the last that allowed.

    `next_allowed_at` only where waiting helps: the earliest moment at which, nothing else happening, every rule allows.
    For an allowed one `closes_at` is when the hours end, and `left` of `most` contacts are left (this one among them)
    under the rule `cap` within `days` days, where a rule counts them. Moments are in UTC; `time_zone` is the person's.
    """

    allowed: bool
    rule: str
    rule_version: int
    next_allowed_at: datetime | None = None
    closes_at: datetime | None = None
    left: int | None = None
    most: int | None = None
    cap: str = ""
    days: int = 1
    time_zone: str = ""
    postponed_by: str = ""  # the rule that refused it earlier, where a later moment was asked for instead
    fewer: bool = False  # the cap is lower for a flag of the person: hardship


class Refusal(NamedTuple):
    """One rule's no. `again`: before that moment it stays one; None: waiting does not help."""

    rule: str
    version: int
    again: datetime | None = None


FAIL_CLOSED = "fail-closed"
CLOSED = Refusal(FAIL_CLOSED, 0)
