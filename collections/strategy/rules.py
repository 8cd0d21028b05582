"""Who is in which arm, and which rules make sense. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

BEFORE_DUE, LATE, PROMISE = "before-due", "late", "promise"
MESSAGE, CALL, BUREAU_NOTICE = "message", "call", "bureau-notice"
NOTICE = "notice"
CHAMPION, CHALLENGER, HOLDOUT = "champion", "challenger", "holdout"

# Which kinds of message speak of what a stage is about.
FITTING_KINDS: Mapping[str, frozenset[str]] = {
    BEFORE_DUE: frozenset({"pre-due"}),
    LATE: frozenset({"overdue", "notice"}),
    PROMISE: frozenset({"promise"}),
}
# So far ahead bills and promises are looked for.
LONGEST_AHEAD_DAYS = 60
MOST_TEMPLATES = 5

# `arm_of` of the customer of `{customer}`, in SQL; the percentages and the salt are parameters.
ARM_SQL = """CASE WHEN %(match_holdout)s + %(match_challenger_percent)s = 0 THEN 'champion'
         ELSE (SELECT CASE WHEN place < %(match_holdout)s THEN 'holdout'
                           WHEN place < %(match_holdout)s + %(match_challenger_percent)s THEN 'challenger' ELSE 'champion' END
                 FROM (SELECT ('x' || left(md5(%(match_salt)s::text || ':' || {customer}), 8))::bit(32)::bigint %% 100 AS place
                      ) p)
         END"""


def arm_of(customer_id: int, salt: str, holdout_percent: int, challenger_percent: int) -> str:
    """The arm of a customer: the same whenever it is asked, evenly spread, and independent from one salt to another."""
    digest = hashlib.md5(f"{salt}:{customer_id}".encode(), usedforsecurity=False).hexdigest()
    place = int(digest[:8], 16) % 100
    if place < holdout_percent:
        return HOLDOUT
    return CHALLENGER if place < holdout_percent + challenger_percent else CHAMPION


# The first and the last day, both included; None: without end.
Span = tuple[int, int | None]


@dataclass(frozen=True)
class Known:
    """What rules may name: templates, each with its kind, and which of them have a version in force; queues that show calls
    asked for; the codes there are."""

    templates: Mapping[str, str]
    approved: frozenset[str]
    queues: frozenset[int]
    products: frozenset[str]
    # Each with its days past due.
    buckets: Mapping[str, Span]
    languages: frozenset[str]
    kinds: frozenset[str]
    # Each with the days on which somebody may be in it: a class is never better than the days say, but may be worse.
    risk_classes: Mapping[str, Span]
    currencies: frozenset[str]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a rule: a `code` for its words, at which field, and what it is about."""

    code: str
    place: str
    values: Mapping[str, Any] = field(default_factory=dict)


class RuleLike(Protocol):
    """A rule's fields, as the model has them."""

    stage: str
    days_from: int
    days_to: int | None
    products: list[str]
    buckets: list[str]
    kinds: list[str]
    risk_classes: list[str]
    languages: list[str]
    currency: str
    amount_from: Decimal | None
    amount_to: Decimal | None
    promise: str
    action: str
    templates: list[str]
    queue_id: int | None


def faults_of(rule: RuleLike, known: Known) -> list[Fault]:
    """All that is wrong with a rule beyond each field by itself; empty when it can be put in force."""
    return [*_of_days(rule), *_of_conditions(rule, known), *_of_treatment(rule, known)]


def doubts_of(rule: RuleLike, known: Known) -> list[Fault]:
    """What of a rule that makes sense fits nobody, as far as one can tell: it may be put in force all the same.

    Buckets and classes follow from an account's days past due. Of an account in a plan a rule counts other days (those of what is
    overdue beside the plan), hence a doubt and no fault.
    """
    return list(_apart_from_days(rule, known)) if rule.stage == LATE else []


def _apart_from_days(rule: RuleLike, known: Known) -> Iterable[Fault]:
    places: tuple[tuple[str, Mapping[str, Span]], ...] = (
        ("buckets", known.buckets),
        ("risk_classes", known.risk_classes),
    )
    for place, spans in places:
        asked = getattr(rule, place)
        apart = {code: spans[code] for code in asked if code in spans and not _meet(rule, *spans[code])}
        if apart:
            code = "never-there" if len(apart) == len(asked) else "some-never-there"
            yield Fault(code, place, {"spans": apart})


def _meet(rule: RuleLike, first: int, last: int | None) -> bool:
    """Whether the rule's days and these have one in common."""
    return (last is None or last >= rule.days_from) and (rule.days_to is None or rule.days_to >= first)


def _of_days(rule: RuleLike) -> Iterable[Fault]:
    if rule.days_from < 1:
        # What falls due today is over when the message leaves, the morning after the close.
        yield Fault("days-from", "days_from", {"days": rule.days_from})
    if rule.stage != LATE and (rule.days_to is None or rule.days_to > LONGEST_AHEAD_DAYS):
        yield Fault("days-ahead", "days_to", {"most": LONGEST_AHEAD_DAYS})
    if rule.days_to is not None and rule.days_to < rule.days_from:
        yield Fault("days-order", "days_to", {"first": rule.days_from, "last": rule.days_to})


def _of_conditions(rule: RuleLike, known: Known) -> Iterable[Fault]:
    for place in ("products", "buckets", "languages", "kinds", "risk_classes"):
        unknown = [one for one in getattr(rule, place) if one not in getattr(known, place)]
        if unknown:
            yield Fault("unknown", place, {"values": unknown, "known": sorted(getattr(known, place))})
    if rule.currency and rule.currency not in known.currencies:
        yield Fault("unknown", "currency", {"values": [rule.currency], "known": sorted(known.currencies)})
    if not rule.currency and (rule.amount_from is not None or rule.amount_to is not None):
        yield Fault("amount-currency", "currency")
    for place in ("amount_from", "amount_to"):
        amount = getattr(rule, place)
        if amount is not None and amount < 0:
            yield Fault("amount-negative", place, {"amount": amount})
    if rule.amount_from is not None and rule.amount_to is not None and rule.amount_to < rule.amount_from:
        yield Fault("amount-order", "amount_to")
    if rule.amount_to == 0:
        yield Fault("amount-nothing", "amount_to")
    if rule.stage == BEFORE_DUE:
        for place in ("buckets", "kinds", "risk_classes"):
            if getattr(rule, place):
                yield Fault("not-late", place)
    if rule.stage == PROMISE and rule.promise not in ("", "open"):
        yield Fault("promise-open", "promise")


def _of_treatment(rule: RuleLike, known: Known) -> Iterable[Fault]:
    writes = rule.action in (MESSAGE, BUREAU_NOTICE)
    kinds = frozenset({NOTICE}) if rule.action == BUREAU_NOTICE else FITTING_KINDS[rule.stage]
    if rule.action != MESSAGE and rule.stage == BEFORE_DUE:
        # Nobody works, freezes or refers what is not late.
        yield Fault("message-only", "action")
    if rule.action == BUREAU_NOTICE and rule.stage == PROMISE:
        # What is reported is lateness.
        yield Fault("notice-late", "stage")
    if writes and not rule.templates:
        yield Fault("no-template", "templates")
    if not writes and rule.templates:
        yield Fault("no-message", "templates")
    if len(rule.templates) > MOST_TEMPLATES:
        yield Fault("many-templates", "templates", {"count": len(rule.templates), "most": MOST_TEMPLATES})
    if len(set(rule.templates)) < len(rule.templates):
        yield Fault("twice", "templates")
    for name in rule.templates:
        if name not in known.templates:
            yield Fault("unknown", "templates", {"values": [name], "known": sorted(known.templates)})
        elif known.templates[name] not in kinds:
            code = "notice-kind" if rule.action == BUREAU_NOTICE else "template-kind"
            about = {"name": name, "kind": known.templates[name], "fitting": sorted(kinds)}
            yield Fault(code, "templates", about)
        elif name not in known.approved:
            yield Fault("unapproved", "templates", {"name": name})
    if rule.action == CALL and rule.queue_id is None:
        yield Fault("no-queue", "queue")
    if rule.action != CALL and rule.queue_id is not None:
        yield Fault("no-call", "queue")
    if rule.action == CALL and rule.queue_id is not None and rule.queue_id not in known.queues:
        yield Fault("queue-hides-calls", "queue")
