"""The gate measured: its pure rules, one recorded decision, and a batch of persons against the floor of its rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts.models import ContactPoint, Customer
from audit.services import SystemActor
from compliance.models import ContactDecision
from compliance.rules import Facts, OwnNumber, Past, Rulebook, Span
from compliance.selectors import rulebook
from compliance.services import Candidate, decide_many, may_contact
from runs import clock
from runs.parallel import no_cycle_collection

ACTOR = SystemActor("bench")
PEOPLE, BATCH = 100_000, 2_000
SINGLE = 1_000
STOCK = 1_000_000
ZONES = ["Asia/Shanghai"] * 8 + ["America/New_York", "Europe/London"]
OUTCOMES = ["unanswered"] * 5 + ["conversation"] * 2 + ["invalid", "third", "neutral", "message"]


def gate(seed: int) -> dict[str, Any]:
    """Everything, on this database; it needs a made book and keeps what it writes there."""
    draw = Random(seed)  # noqa: S311  # whom and what
    with connection.cursor() as cursor:
        stock = _stock(cursor)
    rules_a_second, allowed = _rules(rulebook(), draw)
    single = sorted(_single(draw))
    people, batch, floor = _batch()
    return {
        "rules_a_second": rules_a_second,
        "allowed": allowed,
        "single_median": single[len(single) // 2],
        "single_p95": single[int(len(single) * 0.95)],
        "people": people,
        "batch_seconds": batch,
        "floor_seconds": floor,
        "stock": stock,
    }


# Telephone numbers, where a made book has none; and months of work: so many decisions, most of them used by a contact.
_NUMBERS = """
    INSERT INTO accounts_contactpoint (customer_id, kind, value_cipher, value_index, source, relationship, permitted,
           verification, origin, recorded_at)
    SELECT p.customer_id, 'mobile', p.value_cipher, sha256(p.id::text::bytea), 'bench', 'own', true, 'unverified', 'made', %(now)s
      FROM accounts_contactpoint p
     WHERE p.kind = 'email'
       AND NOT EXISTS (SELECT FROM accounts_contactpoint o WHERE o.customer_id = p.customer_id AND o.kind IN ('mobile', 'phone'))
"""
_STOCK = (
    """INSERT INTO compliance_contactdecision (customer_id, contact_point_id, channel, purpose, at, decided_at, actor_name,
              allowed, rule, rule_version, reserved_until)
       SELECT p.customer_id, p.id, CASE p.kind WHEN 'email' THEN 'email' ELSE 'voice' END, 'collection', m.at, m.at, 'bench',
              true, 'contact-hours', 2, m.at + interval '15 minutes'
         FROM accounts_contactpoint p
         CROSS JOIN generate_series(1, %(times)s) AS n
         CROSS JOIN LATERAL (SELECT %(now)s - (n * 5 + 2 + (p.id + n) %% 5) * interval '1 day' AS at) m
        WHERE p.kind IN ('email', 'mobile')
        LIMIT %(wanted)s""",
    """INSERT INTO compliance_contact (customer_id, contact_point_id, decision_id, channel, direction, made_by, outcome, at,
              seconds, actor_name, note, recorded_at)
       SELECT customer_id, contact_point_id, id, channel, 'outbound', 'staff',
              CASE channel WHEN 'email' THEN 'sent' ELSE (ARRAY['no-answer', 'right-party', 'promise', 'busy'])[1 + id %% 4] END,
              at, 60, actor_name, '', at
         FROM compliance_contactdecision WHERE actor_name = 'bench' AND id %% 10 < 9""",
)


def _stock(cursor: Any) -> int:
    """Make up what the book lacks; how many decisions there are."""
    cursor.execute("SELECT count(*) FROM compliance_contactdecision")
    (there,) = cursor.fetchone()
    if there < STOCK:
        with transaction.atomic():
            cursor.execute(_NUMBERS, {"now": clock.now()})
            cursor.execute("SELECT count(*) FROM accounts_contactpoint WHERE kind IN ('email', 'mobile')")
            (points,) = cursor.fetchone()
            wanted = {"now": clock.now(), "wanted": STOCK - there, "times": -(-STOCK // max(points, 1))}
            for statement in _STOCK:
                cursor.execute(statement, wanted)
        cursor.execute("VACUUM ANALYZE accounts_contactpoint, compliance_contactdecision, compliance_contact")
        cursor.execute("SELECT count(*) FROM compliance_contactdecision")
        (there,) = cursor.fetchone()
    return int(there)


def _rules(rules: Rulebook, draw: Random) -> tuple[float, float]:
    """Decisions a second in this process, and which share of them was a yes."""
    questions = [_question(draw) for _ in range(20_000)]
    began = time.perf_counter()
    allowed = sum(rules.decide(facts, at).allowed for facts, at in questions)
    return len(questions) / (time.perf_counter() - began), allowed / len(questions)


def _question(draw: Random) -> tuple[Facts, datetime]:
    """A person with a month's history, some with flags, at some moment of a day."""
    zone = draw.choice(ZONES)
    at = datetime(2026, 11, 23, tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(
        minutes=draw.randrange(7 * 60, 23 * 60)
    )
    voice = draw.random() < 0.7
    history = [
        Past(
            at - timedelta(minutes=draw.randrange(1, 60 * 24 * draw.choice([1, 7, 31]))),
            draw.choice(OUTCOMES),
            "voice" if draw.random() < 0.8 else "email",
            draw.randrange(1, 4),
        )
        for _ in range(draw.randrange(0, 13))
    ]
    third = draw.random() < 0.03
    facts = Facts(
        "voice" if voice else "email",
        zone,
        "mobile" if voice else "email",
        "contract",
        "contact-person" if third else "own",
        True,
        "verified",
        point=draw.randrange(1, 4),
        purpose="locate" if third else "collection",
        pack="us" if zone == "America/New_York" else "cn",
        flags=[Span("hardship", date(2026, 1, 1), None)] if draw.random() < 0.05 else (),
        own_numbers=[OwnNumber(1, wrong=False)] if third else (),
        history=history,
    )
    return facts, at


def _single(draw: Random) -> Iterator[float]:
    """Milliseconds of one recorded decision after the other, each of another person, committed."""
    points = list(
        ContactPoint.objects.filter(kind="mobile").order_by("id").values_list("id", "customer_id")[: 20 * SINGLE : 20]
    )
    draw.shuffle(points)
    at = _noon()
    for point, customer in points:
        person, number = Customer.objects.get(pk=customer), ContactPoint.objects.get(pk=point)
        began = time.perf_counter()
        may_contact(actor=ACTOR, customer=person, contact_point=number, channel="voice", purpose="collection", at=at)
        yield (time.perf_counter() - began) * 1000


def _batch() -> tuple[int, float, float]:
    """How many persons; the seconds of deciding on them all, batch by batch; and of writing the same rows by SQL alone."""
    at = _noon()
    # Whom nobody asked about for that hour, also if this is measured again on the same book.
    asked = ContactDecision.objects.filter(customer=OuterRef("pk"), channel="email", purpose="reminder", at__gte=at)
    people = list(Customer.objects.filter(~Exists(asked)).order_by("id").values_list("id", flat=True)[:PEOPLE])
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM compliance_contactdecision")
        (before,) = cursor.fetchone()
    began = time.perf_counter()
    # As the close of day does.
    with no_cycle_collection():
        for start in range(0, len(people), BATCH):
            candidates = [Candidate(person) for person in people[start : start + BATCH]]
            decide_many(actor=ACTOR, channel="email", purpose="reminder", candidates=candidates, at=at, postpone=True)
    batch = time.perf_counter() - began
    return len(people), batch, _floor(before)


def _floor(before: int) -> float:
    """Write the rows after the key `before` once more, by INSERT … SELECT from a saved copy, in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE saved AS SELECT * FROM compliance_contactdecision WHERE id > %s", [before]
        )
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
            " WHERE attrelid = 'compliance_contactdecision'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id'"
        )
        (columns,) = cursor.fetchone()
        began = time.perf_counter()
        with transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"INSERT INTO compliance_contactdecision ({columns}) SELECT {columns} FROM saved")
        return time.perf_counter() - began


def _noon() -> datetime:
    """The noon to come where most of them live: everything is decided for an hour that is open."""
    now = clock.now().astimezone(ZoneInfo("Asia/Shanghai"))
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon if noon >= now else noon + timedelta(days=1)
