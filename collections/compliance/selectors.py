"""What the gate reads: its rules, the facts about people and contact points, and what was tried before."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper
from django.db.models import Q, QuerySet

from audit.services import Actor
from compliance.models import CustomerFlag
from compliance.outcomes import REPORTS
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
from staff.permissions import may

PACK = "cn"
VOICE = "voice"
CONTACT_VULNERABLE = "compliance.contact_vulnerable"

# Many rows come as one JSON text: it is read much faster than rows are, value by value.
_RULES = """
    SELECT json_agg(json_build_array(pack, code, version, effective_from, parameters, source) ORDER BY id)::text
    FROM compliance_contactrule
"""

# Of each (customer, contact point, debt) of `asked`: what the gate's rules want to know. A contact about no debt in particular is
# about those that are late; where none is, about what is held: who keeps a plan is not called because she owes nothing else.
_FACTS = """
    SELECT json_agg(json_build_array(
           c.id, c.time_zone, c.jurisdiction, asked.account_id, p.id, p.kind, p.source, p.relationship, p.permitted,
           p.verification, p.verification <> 'verified' AND EXISTS (
               SELECT FROM accounts_contactpoint o
               WHERE o.value_index = p.value_index AND o.kind = p.kind AND o.customer_id <> p.customer_id),
           (SELECT json_agg(json_build_array(f.kind, f.from_on, f.until_on)) FROM (
               SELECT kind, from_on, until_on FROM compliance_customerflag WHERE customer_id = c.id AND ended_at IS NULL
               UNION ALL {reported}) f),
           CASE WHEN asked.account_id IS NOT NULL THEN
               (SELECT json_build_array(json_agg(json_build_array(h.kind, h.starts_on, h.ends_on)))
                FROM accounts_hold h WHERE h.account_id = asked.account_id AND {held} HAVING count(*) > 0)
           WHEN EXISTS (SELECT FROM accounts_account a JOIN accounts_standing s ON s.account_id = a.id
                        WHERE a.customer_id = c.id) THEN
               (SELECT json_agg(late.held)
                FROM (SELECT (SELECT json_agg(json_build_array(h.kind, h.starts_on, h.ends_on))
                              FROM accounts_hold h WHERE h.account_id = a.id AND {held}) AS held
                      FROM accounts_account a JOIN accounts_standing s ON s.account_id = a.id
                      WHERE a.customer_id = c.id) late
                HAVING bool_and(late.held IS NOT NULL))
           ELSE
               (SELECT json_build_array(json_agg(json_build_array(h.kind, h.starts_on, h.ends_on)))
                FROM accounts_account a JOIN accounts_hold h ON h.account_id = a.id
                WHERE a.customer_id = c.id AND {held} HAVING count(*) > 0)
           END,
           (SELECT json_build_array(g.opens, g.closes, g.from_on, g.until_on)
            FROM compliance_contactagreement g WHERE g.customer_id = c.id AND g.revoked_at IS NULL),
           CASE WHEN p.relationship = 'contact-person' THEN
               (SELECT json_agg(json_build_array(o.id, o.verification = 'wrong'))
                FROM accounts_contactpoint o
                WHERE o.customer_id = c.id AND o.relationship = 'own' AND o.kind IN ('mobile', 'phone'))
           END,
           {elsewhere}, p.opted_out) ORDER BY asked.place, p.id)::text
    FROM unnest(%(customers)s::bigint[], %(points)s::bigint[], %(accounts)s::bigint[])
         WITH ORDINALITY AS asked (customer_id, point_id, account_id, place)
    JOIN accounts_customer c ON c.id = asked.customer_id
    LEFT JOIN LATERAL (
        SELECT p.id, p.customer_id, p.kind, p.source, p.relationship, p.permitted, p.verification, p.value_index,
               EXISTS (SELECT FROM compliance_optout o
                       WHERE o.contact_point_id = p.id AND o.channel = %(channel)s::text AND o.withdrawn_at IS NULL) AS opted_out
        FROM accounts_contactpoint p
        WHERE p.customer_id = asked.customer_id AND p.kind = ANY(%(kinds)s::text[]) {which}
    ) p ON true
"""
_HELD = "h.kind IN ('contact', 'treatment') AND h.withdrawn_at IS NULL"
_BEST = """
          AND (asked.point_id IS NULL OR p.id = asked.point_id)
        ORDER BY p.relationship = 'own' AND p.permitted IS TRUE AND p.verification = 'verified' AND p.source <> '' DESC,
                 opted_out, p.relationship = 'own' DESC, p.permitted IS TRUE DESC, p.verification = 'verified' DESC,
                 p.verification <> 'wrong' DESC, p.id
        LIMIT 1"""
# An entry and what corrects it both count, unless the later overrules the earlier; a place counts until it is used,
# replaced or given up.
_NOT_OVERRULED = """NOT EXISTS (SELECT FROM compliance_contact n
                      WHERE n.decision_id = c.decision_id AND n.overrules AND n.id > c.id)"""
_HOLDS_A_PLACE = """d.allowed AND d.reserved_until > %(held_at)s::timestamptz AND d.channel = %(channel)s::text
      AND NOT EXISTS (SELECT FROM compliance_contact u WHERE u.decision_id = d.id)
      AND NOT EXISTS (SELECT FROM compliance_contactdecision r
                      WHERE r.replaces_id = d.id AND r.customer_id = d.customer_id)"""
# Who was said to be dead or represented is taken for flagged until somebody places the flag, whatever becomes of it then, or
# overrules the entry. The day before: in the person's time zone it may still be that one.
_REPORTED = f"""
               SELECT c.outcome, c.at::date - 1, NULL FROM compliance_contact c
               WHERE c.customer_id = asked.customer_id AND c.outcome IN {REPORTS}
                 AND {_NOT_OVERRULED}
                 AND NOT EXISTS (SELECT FROM compliance_customerflag g
                                 WHERE g.customer_id = c.customer_id AND g.kind = c.outcome
                                   AND coalesce(g.ended_at, 'infinity') > c.recorded_at
                                   AND coalesce(g.until_on, 'infinity') >= c.at::date - 1)"""
_HISTORY = f"""
    SELECT json_agg(json_build_array(customer_id, id, extract(epoch FROM at), outcome, channel, contact_point_id, account_id,
                                     inbound, extract(epoch FROM until), chain) ORDER BY entry)::text FROM (
    SELECT c.customer_id, NULL::bigint AS id, c.at, c.outcome, c.channel, c.contact_point_id, c.account_id,
           c.direction = 'inbound' AS inbound, NULL::timestamptz AS until, c.decision_id AS chain, c.id AS entry
    FROM compliance_contact c
    WHERE c.customer_id = ANY(%(asked_of)s::bigint[]) AND {{which}}
      AND (%(no_batch_from)s::timestamptz IS NULL OR c.made_by <> 'batch' OR c.at < %(no_batch_from)s::timestamptz)
      AND {_NOT_OVERRULED}
    UNION ALL
    SELECT d.customer_id, d.id, d.at, '', d.channel, d.contact_point_id, d.account_id, false, d.reserved_until, d.id,
           0::bigint
    FROM compliance_contactdecision d
    WHERE d.customer_id = ANY(%(asked_of)s::bigint[]) AND {_HOLDS_A_PLACE}
    ) past
"""


# A message is counted in its own channel. Who is called may have spoken to us in any; what a third person said holds for
# ever.
_HISTORY_OF_MESSAGES = _HISTORY.format(which="c.at >= %(since)s::timestamptz AND c.channel = %(channel)s::text")
_HISTORY_OF_CALLS = _HISTORY.format(
    which="""(c.at >= %(since)s::timestamptz OR c.outcome IN ('third-person', 'third-person-refused'))
      AND (c.channel = 'voice' OR c.outcome <> 'sent')"""
)

# Calls of the same number for another customer.
_ELSEWHERE = f"""
           (SELECT json_agg(json_build_array(o.customer_id, past.id, extract(epoch FROM past.at), past.outcome, 'voice', o.id,
                                             NULL, false, extract(epoch FROM past.until), past.chain) ORDER BY past.entry)
            FROM accounts_contactpoint o CROSS JOIN LATERAL (
                SELECT NULL::bigint AS id, c.at, c.outcome, NULL::timestamptz AS until, c.decision_id AS chain, c.id AS entry
                FROM compliance_contact c
                WHERE c.customer_id = o.customer_id AND c.contact_point_id = o.id AND c.at >= %(since)s::timestamptz
                  AND c.channel = 'voice' AND c.direction <> 'inbound' AND {_NOT_OVERRULED}
                UNION ALL
                SELECT d.id, d.at, '', d.reserved_until, d.id, 0::bigint FROM compliance_contactdecision d
                WHERE d.customer_id = o.customer_id AND d.contact_point_id = o.id AND {_HOLDS_A_PLACE}) past
            WHERE o.value_index = p.value_index AND o.kind = p.kind AND o.customer_id <> p.customer_id)"""

# Both in one statement, by whether each contact point is wanted, and whether a call is.
_WANTED = {
    (
        each,
        calls,
    ): f"""({_FACTS.format(held=_HELD, reported=_REPORTED, which=which, elsewhere=_ELSEWHERE if calls else "NULL")}),
                       ({_HISTORY_OF_CALLS if calls else _HISTORY_OF_MESSAGES})"""
    for each, which in ((False, _BEST), (True, ""))
    for calls in (False, True)
}


class Known(NamedTuple):
    """The facts of one thing asked for: whose it is, and at which contact point."""

    customer_id: int
    point_id: int | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Look:
    """What the gate would say of one contact point, and under which dated rule, without recording or reserving anything.

    `flags`: the person's, and those that were reported and are not placed yet.
    """

    contact_point_id: int
    channel: str
    verdict: Verdict
    rule: Rule | None
    flags: Sequence[Span] = ()


def rulebook() -> Rulebook:
    """The rules of all packs as they stand now."""
    with prepared_cursor() as cursor:
        cursor.execute(_RULES)
        return _book(_text(cursor))


@functools.lru_cache(maxsize=4)
def _book(text: str) -> Rulebook:
    """Kept while the rules are the same: what a book works out about days and zones, it works out once."""
    return Rulebook(
        Rule(code, version, date.fromisoformat(starts), parameters, pack, source)
        for pack, code, version, starts, parameters, source in json.loads(text)
    )


def _text(cursor: CursorWrapper) -> str:
    """The one value of a query: the JSON text of all rows."""
    (text,) = cursor.fetchone()
    return text or "[]"


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
        cursor.execute(f"SELECT {_WANTED[each, channel == VOICE]}", values)
        rows, past = cursor.fetchone()
    return _known(rows, past, channel, purpose, actor, anybody=anybody, replaced=replaced)


def _values(
    channel: str, asked: Sequence[tuple[int, int | None, int | None]], at: datetime, rules: Rulebook
) -> dict[str, Any]:
    """What `_WANTED` is asked with."""
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
    """The two texts that `_WANTED` answers with, read."""
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
                    tuple(_spans(debt) for debt in holds) if holds else (),
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
) -> list[Look]:
    """What the gate would say now of each of the customer's contact points, by each of the channels; nothing is recorded.

    `without`: a decision of the customer's whose place is not counted, to see whether it still stands.
    Channel by channel, by key of the contact point. Two queries. An answer is not a permission: `may_contact` gives that.
    """
    moment = at or clock.now()
    rules = rulebook()
    replaced = () if without is None else {(customer_id, without)}
    texts: list[str] = []
    values: dict[str, Any] = {}
    for channel in channels:
        texts.append(_WANTED[True, channel == VOICE].replace("%(", f"%({channel}_"))
        asked = _values(channel, [(customer_id, None, account_id)], moment, rules)
        values |= {f"{channel}_{name}": value for name, value in asked.items()}
    with prepared_cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)}", values)
        answers = cursor.fetchone()
    looks = []
    for channel, facts, past in zip(channels, answers[::2], answers[1::2], strict=True):
        for _customer, point, found in _known(facts, past, channel, purpose, actor, replaced=replaced):
            if point is not None:
                verdict = rules.decide(found, moment)
                looks.append(Look(point, channel, verdict, rules.behind(verdict, found.pack), found.flags))
    return looks


def callable_from(
    *, customer_ids: Sequence[int], at: datetime, actor: Actor | None = None, rules: Rulebook | None = None
) -> dict[int, datetime | None]:
    """From when each may be called: `at` itself if at some number now, else the next moment at which one may be.

    None: not as things stand. Without an `actor`: by somebody of the staff, whoever is allowed to. Two queries, however
    many they are; one where the `rules` were read already.
    """
    rules = rules or rulebook()
    found: dict[int, datetime | None] = dict.fromkeys(customer_ids)
    asked: list[tuple[int, int | None, int | None]] = [(customer, None, None) for customer in found]
    everybody = facts_of(
        channel="voice",
        purpose="collection",
        asked=asked,
        at=at,
        actor=actor,
        rules=rules,
        anybody=actor is None,
        each=True,
    )
    for known in everybody:
        if found[known.customer_id] == at:
            continue
        verdict = rules.decide(known.facts, at)
        moment = at if verdict.allowed else verdict.next_allowed_at
        earlier = found[known.customer_id]
        if moment is not None and (earlier is None or moment < earlier):
            found[known.customer_id] = moment
    return found


def _spans(rows: Iterable[tuple[str, str, str | None]]) -> tuple[Span, ...]:
    return tuple(
        Span(kind, date.fromisoformat(first), date.fromisoformat(last) if last else None) for kind, first, last in rows
    )


def _agreed(row: tuple[str, str, str, str | None]) -> Agreed:
    opens, closes, first, last = row
    return Agreed(
        time.fromisoformat(opens),
        time.fromisoformat(closes),
        date.fromisoformat(first),
        date.fromisoformat(last) if last else None,
    )
