"""What the gate reads: its rules, and the facts about the people and contact points it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from compliance.models import ContactRule
from compliance.rules import KINDS, Facts, Rule, Rulebook

PACK = "cn"

_FACTS = """
    SELECT c.time_zone, p.id, p.kind, p.source, p.relationship, p.permitted, p.verification
    FROM unnest(%(customers)s::bigint[], %(points)s::bigint[]) WITH ORDINALITY AS asked (customer_id, point_id, place)
    JOIN accounts_customer c ON c.id = asked.customer_id
    LEFT JOIN LATERAL (
        SELECT p.id, p.kind, p.source, p.relationship, p.permitted, p.verification
        FROM accounts_contactpoint p
        WHERE p.customer_id = asked.customer_id
          AND p.kind = ANY(%(kinds)s)
          AND (asked.point_id IS NULL OR p.id = asked.point_id)
        ORDER BY p.relationship = 'own' AND p.permitted IS TRUE AND p.verification = 'verified' AND p.source <> '' DESC,
                 p.relationship = 'own' DESC, p.permitted IS TRUE DESC, p.verification = 'verified' DESC, p.id
        LIMIT 1
    ) p ON true
    ORDER BY asked.place
"""


def rulebook(pack: str = PACK) -> Rulebook:
    """The pack's rules as they stand now."""
    rows = ContactRule.objects.filter(pack=pack).values_list("code", "version", "effective_from", "parameters")
    return Rulebook(Rule(*row) for row in rows)


def contact_facts(*, channel: str, asked: Sequence[tuple[int, int | None]]) -> list[tuple[int | None, Facts]]:
    """The facts of each (customer, contact point or None) asked for, in the same order, by one query.

    With no contact point named, the customer's most usable one for the channel is taken. A contact point that is not
    that customer's, or not of that channel, is as good as none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _FACTS,
            {
                "customers": [customer for customer, _ in asked],
                "points": [point for _, point in asked],
                "kinds": list(KINDS.get(channel, ())),
            },
        )
        rows = cursor.fetchall()
    return [
        (point, Facts(channel, zone) if point is None else Facts(channel, zone, *known)) for zone, point, *known in rows
    ]
