"""Where it is too early or too late to call anybody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from cases.models import Case
from compliance.models import ContactAgreement
from compliance.rules import Facts, Rulebook

# Of all customers, each rule pack and time zone together, as a JSON text. A loose scan of the index on both: as many steps as
# there are combinations.
ZONES = """
    WITH RECURSIVE found AS (
        (SELECT jurisdiction, time_zone FROM accounts_customer ORDER BY 1, 2 LIMIT 1)
        UNION ALL
        SELECT n.jurisdiction, n.time_zone FROM found CROSS JOIN LATERAL (
            SELECT jurisdiction, time_zone FROM accounts_customer c
             WHERE (c.jurisdiction, c.time_zone) > (found.jurisdiction, found.time_zone) ORDER BY 1, 2 LIMIT 1) n
    )
    SELECT json_agg(json_build_array(jurisdiction, time_zone))::text FROM found"""


@dataclass(frozen=True)
class Hours:
    """Of the rules and time zones under which customers live, those where nobody may be called at the moment."""

    closed: tuple[tuple[str, str], ...]
    everywhere: bool

    def callable_among(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """Those whose customer's hours may be open now: not where it is closed, unless she agreed to hours of her own."""
        if not self.closed:
            return cases
        agreed = Q(customer_id__in=ContactAgreement.objects.filter(revoked_at=None).values("customer_id"))
        if self.everywhere:
            return cases.filter(agreed)
        here = Q()
        for pack, zone in self.closed:
            here |= Q(customer__jurisdiction=pack, customer__time_zone=zone)
        return cases.filter(~here | agreed)


def hours_at(moment: datetime, rules: Rulebook, zones: str | None) -> Hours:
    """What the gate says, in each of the `ZONES`, of a person against whose call nothing else stands."""
    known = json.loads(zones or "[]")
    closed = tuple(
        (pack, zone) for pack, zone in known if not rules.decide(_nothing_against(pack, zone), moment).allowed
    )
    return Hours(closed, everywhere=bool(closed) and len(closed) == len(known))


def _nothing_against(pack: str, zone: str) -> Facts:
    return Facts(
        channel="voice",
        time_zone=zone,
        kind="mobile",
        source="contract",
        relationship="own",
        permitted=True,
        verification="verified",
        purpose="collection",
        pack=pack,
    )
