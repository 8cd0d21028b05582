"""What the gate reads: its rules, the facts about people and contact points, and what was tried before."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from audit.services import Actor
from compliance.facts_sql import WANTED
from compliance.models import Complaint, ComplaintStatus, CustomerFlag
from compliance.permissions import complaints_visible_to
from compliance.rules import (
    KINDS,
    NEUTRAL,
    RESERVED,
    Agreed,
    Facts,
    OwnNumber,
    Past,
    Rule,
    Rulebook,
    Span,
    Verdict,
    class_of,
)
from runs import clock
from runs.prepared import prepared_cursor
from staff.models import User
from staff.permissions import may

PACK = "cn"
VOICE = "voice"
CONTACT_VULNERABLE = "compliance.contact_vulnerable"

# Many rows come as one JSON text: it is read much faster than rows are, value by value.
RULES = """
    SELECT json_agg(json_build_array(pack, code, version, effective_from, parameters, source) ORDER BY id)::text
    FROM compliance_contactrule
"""
# Another text once any of them is added, changed or taken away: each change is a later transaction's.
RULES_MARK = "SELECT count(*) || ' ' || sum(xmin::text::bigint) FROM compliance_contactrule"


class Known(NamedTuple):
    """The facts of one thing asked for: whose it is, and at which contact point."""

    customer_id: int
    point_id: int | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Look:
    """What the gate would say of one contact point, and under which dated rule, without recording or reserving anything.

    `flags`: the person's, and those that were reported and are not placed yet. `shared`: another customer has it too, and here
    nobody verified it. `but_for_others`: it is refused only because of the places that the named others hold.
    """

    contact_point_id: int
    channel: str
    verdict: Verdict
    rule: Rule | None
    flags: Sequence[Span] = ()
    shared: bool = False
    but_for_others: bool = False


def rulebook() -> Rulebook:
    """The rules of all packs as they stand now."""
    with prepared_cursor() as cursor:
        cursor.execute(RULES)
        (text,) = cursor.fetchone()
    return rulebook_of(text)


@functools.lru_cache(maxsize=4)
def rulebook_of(text: str | None) -> Rulebook:
    """The rules of `RULES`. Kept while they are the same: what a book works out about days and zones, it works out once."""
    return Rulebook(
        Rule(code, version, date.fromisoformat(starts), parameters, pack, source)
        for pack, code, version, starts, parameters, source in json.loads(text or "[]")
    )


def facts_of(
    *,
    channel: str,
    purpose: str,
    asked: Sequence[tuple[int, int | None, int | None]],
    at: datetime,
    actor: Actor | None,
    rules: Rulebook,
    anybody: bool = False,
    replaced: Collection[tuple[int, int]] = (),
    each: bool = False,
    held_at: datetime | None = None,
    no_batch_from: datetime | None = None,
) -> list[Known]:
    """The facts of each (customer, contact point or None, debt or None) asked for, in the same order, by one query.

    With no contact point named, the customer's most usable one for the channel is taken; with `each`, all of them, one
    after the other. A contact point that is not that customer's, or not of that channel, is as good as none. The decisions
    `replaced` (each with its customer) hold no place any more; other places count if they are held at `held_at`, by default
    at `at`. Of what ran by itself from `no_batch_from` on nothing is counted: a simulation puts its own in that place. A
    second query asks what `actor` may, when it matters; with `anybody` it does not: somebody may.
    """
    values = _values(channel, asked, at, rules) | {"held_at": held_at or at, "no_batch_from": no_batch_from}
    with prepared_cursor() as cursor:
        cursor.execute(f"SELECT {WANTED[each, channel == VOICE]}", values)
        rows, past = cursor.fetchone()
    return _known(rows, past, channel, purpose, actor, anybody=anybody, replaced=replaced)


def _values(
    channel: str, asked: Sequence[tuple[int, int | None, int | None]], at: datetime, rules: Rulebook
) -> dict[str, Any]:
    """What `WANTED` is asked with."""
    return {
        "asked_of": sorted({customer for customer, _, _ in asked}),
        "since": at - timedelta(days=rules.looks_back(channel) + 1),
        "at": at,
        "held_at": at,
        "no_batch_from": None,
        "channel": channel,
        "customers": [customer for customer, _, _ in asked],
        "points": [point for _, point, _ in asked],
        "accounts": [account for _, _, account in asked],
        "kinds": list(KINDS.get(channel, ())),
    }


def _known(
    facts: str | None,
    past: str | None,
    channel: str,
    purpose: str,
    actor: Actor | None,
    *,
    anybody: bool = False,
    replaced: Collection[tuple[int, int]] = (),
) -> list[Known]:
    """The two texts that `WANTED` answers with, read."""
    rows = json.loads(facts or "[]")
    history = _history(json.loads(past or "[]"), replaced)
    allowed = None
    found: list[Known] = []
    for customer, zone, pack, account, point, kind, source, whose, permitted, verified, shared, *more in rows:
        flags, holds, agreed, numbers, elsewhere, opted_out = more
        if flags and allowed is None:
            # Only a person who works here can have the permission; what runs by itself never has.
            allowed = anybody or may(actor, CONTACT_VULNERABLE)  # type: ignore[arg-type]  # anything but a user may nothing
        found.append(
            Known(
                customer,
                point,
                Facts(
                    channel,
                    zone,
                    kind or "",
                    source or "",
                    whose or "",
                    permitted,
                    verified or "",
                    bool(shared),
                    point,
                    purpose,
                    pack,
                    account,
                    _spans(flags) if flags else (),
                    _holds(holds, account) if holds else (),
                    _agreed(agreed) if agreed else None,
                    tuple(OwnNumber(*number) for number in numbers) if numbers else (),
                    history.get(customer, ()),
                    bool(flags and allowed),
                    _all_of(_history(elsewhere, replaced)) if elsewhere else (),
                    bool(opted_out),
                ),
            )
        )
    return found


def _known_there(
    facts: str | None,
    past: str | None,
    channel: str,
    purpose: str,
    actor: Actor | None,
    replaced: Collection[tuple[int, int]],
) -> dict[int, Facts]:
    """Contact point → its facts, of what `_known` reads."""
    known = _known(facts, past, channel, purpose, actor, replaced=replaced)
    return {one.point_id: one.facts for one in known if one.point_id is not None}


def _history(rows: Iterable[Sequence[Any]], replaced: Collection[tuple[int, int]]) -> dict[int, list[Past]]:
    """What was tried of late, or is held a place for, by customer."""
    found: dict[int, list[Past]] = {}
    chains: dict[int, set[str]] = {}
    for customer, decision, when, outcome, by, point, account, inbound, until, chain in rows:
        if decision is not None and (customer, decision) in replaced:
            continue
        what = RESERVED if decision is not None else class_of(outcome, by)
        read = chains.setdefault(chain, set())
        if what in read:
            continue
        echo = bool(read - {NEUTRAL})
        read.add(what)
        held = datetime.fromtimestamp(until, UTC) if until is not None else None
        past = Past(datetime.fromtimestamp(when, UTC), what, by, point, account, inbound, held, echo)
        found.setdefault(customer, []).append(past)
    return found


def _all_of(pasts: dict[int, list[Past]]) -> tuple[Past, ...]:
    return tuple(past for one in pasts.values() for past in one)


def flags_in_force(day: date) -> QuerySet[CustomerFlag]:
    """The flags that hold on `day`: begun, neither over nor ended."""
    return CustomerFlag.objects.filter(Q(until_on=None) | Q(until_on__gte=day), from_on__lte=day, ended_at=None)


def look(
    *,
    customer_id: int,
    channels: Sequence[str] = (VOICE,),
    purpose: str = "collection",
    account_id: int | None = None,
    at: datetime | None = None,
    actor: Actor | None = None,
    without: int | None = None,
    own: Mapping[int, int] = MappingProxyType({}),
    others: Collection[int] = (),
) -> list[Look]:
    """What the gate would say now of each of the customer's contact points, by each of the channels; nothing is recorded.

    `without`: a decision of the customer's whose place is not counted, to see whether it still stands. `own`: contact
    point → a decision whose place is not counted there alone. `others`: decisions; of them is told whether they alone are in the
    way.
    Channel by channel, by key of the contact point. Two queries. An answer is not a permission: `may_contact` gives that.
    """
    moment = at or clock.now()
    rules = rulebook()
    replaced = () if without is None else {(customer_id, without)}
    texts: list[str] = []
    values: dict[str, Any] = {}
    for channel in channels:
        texts.append(WANTED[True, channel == VOICE].replace("%(", f"%({channel}_"))
        asked = _values(channel, [(customer_id, None, account_id)], moment, rules)
        values |= {f"{channel}_{name}": value for name, value in asked.items()}
    with prepared_cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)}", values)
        answers = cursor.fetchone()
    looks = []
    for channel, facts, past in zip(channels, answers[::2], answers[1::2], strict=True):
        read = functools.partial(_known_there, facts, past, channel, purpose, actor)
        spared = read({*replaced, *((customer_id, key) for key in others)}) if others else {}
        for point, found in read(replaced).items():
            if point in own:
                found = read({*replaced, (customer_id, own[point])})[point]
            verdict = rules.decide(found, moment)
            in_the_way = bool(spared) and not verdict.allowed and rules.decide(spared[point], moment).allowed
            rule = rules.behind(verdict, found.pack)
            looks.append(Look(point, channel, verdict, rule, found.flags, found.shared, in_the_way))
    return looks


def callable_from(
    *, customer_ids: Sequence[int], at: datetime, actor: Actor | None = None, rules: Rulebook | None = None
) -> dict[int, datetime | None]:
    """From when each may be called: `at` itself if at some number now, else the next moment at which one may be.

    None: not as things stand. Without an `actor`: by somebody of the staff, whoever is allowed to. Two queries, however
    many they are; one where the `rules` were read already.
    """
    rules = rules or rulebook()
    everybody = facts_of(
        channel=VOICE,
        purpose="collection",
        asked=[(customer, None, None) for customer in dict.fromkeys(customer_ids)],
        at=at,
        actor=actor,
        rules=rules,
        anybody=actor is None,
        each=True,
    )
    return dict.fromkeys(customer_ids) | _earliest(everybody, at, rules)


def callable_values(at: datetime, rules: Rulebook) -> dict[str, Any]:
    """What a statement of which `wanted_to_call` is a part is asked with."""
    return _values(VOICE, (), at, rules)


def callable_by(
    customer_id: int, texts: Sequence[str | None], *, at: datetime, actor: Actor, rules: Rulebook
) -> datetime | None:
    """`callable_from` of one customer, by the two texts that `wanted_to_call` answered with; where the first says nothing, by one
    query."""
    facts, past = texts
    if facts is None:
        return callable_from(customer_ids=[customer_id], at=at, actor=actor, rules=rules)[customer_id]
    return _earliest(_known(facts, past, VOICE, "collection", actor), at, rules)[customer_id]


def _earliest(everybody: Iterable[Known], at: datetime, rules: Rulebook) -> dict[int, datetime | None]:
    found: dict[int, datetime | None] = {}
    for known in everybody:
        earlier = found.setdefault(known.customer_id)
        if earlier == at:
            continue
        verdict = rules.decide(known.facts, at)
        moment = at if verdict.allowed else verdict.next_allowed_at
        if moment is not None and (earlier is None or moment < earlier):
            found[known.customer_id] = moment
    return found


def _spans(rows: Iterable[tuple[str, str, str | None]]) -> tuple[Span, ...]:
    return tuple(
        Span(kind, date.fromisoformat(first), date.fromisoformat(last) if last else None) for kind, first, last in rows
    )


def _holds(debts: Sequence[tuple[bool, Any]], account: int | None) -> tuple[tuple[Span, ...], ...]:
    """What is held on each debt that the contact would be about; empty: one of them is free.

    A contact about no debt in particular is about those that are late; where none is, about what is held: who keeps a plan is
    not called because she owes nothing else.
    """
    about = [held for late, held in debts if late] if account is None else []
    if about:
        return tuple(_spans(held) for held in about) if all(about) else ()
    return (tuple(span for _, held in debts if held for span in _spans(held)),)


def _agreed(row: tuple[str, str, str, str | None]) -> Agreed:
    opens, closes, first, last = row
    return Agreed(
        time.fromisoformat(opens),
        time.fromisoformat(closes),
        date.fromisoformat(first),
        date.fromisoformat(last) if last else None,
    )


def complaints_to_answer(user: User) -> dict[str, QuerySet[Complaint]]:
    """The open complaints that `user` sees, as `complaints`; nothing for who has no link to them."""
    if not may(user, "compliance.view_complaint"):
        return {}
    return {"complaints": complaints_visible_to(user).filter(status=ComplaintStatus.OPEN)}
