"""Which rule applies to which account on a day: one statement for the whole book, or for any other stock.

Of a person one rule at most applies for messages, and one for calls: the first in order that fits one of her accounts. What
is proposed is proposed account by account. A rule that applied already, under this version or an earlier one that had its
code, is passed over, and the next has its turn; what the gate refused for now has not applied yet (`strategy.retrying`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import connection

from compliance.rules import KINDS
from strategy.models import Rule, Stage
from strategy.rules import ARM_SQL
from strategy.stock import Stock

# Where `match` writes what it finds; a temporary table of the session.
TABLE = "strategy_match"


class Split(Protocol):
    """Who is treated by which strategy: a `Deployment`, saved or not."""

    champion_id: int
    challenger_id: int | None
    challenger_percent: int
    holdout_percent: int
    salt: str


@dataclass(frozen=True)
class Earlier:
    """A statement that yields what was done before (customer_id, account_id, code, anchor_on, business_day, outcome,
    again_until), with parameters."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Fitting(NamedTuple):
    """A rule that applies, and the account for which it fits."""

    customer_id: int
    account_id: int
    rule_id: int
    code: str
    anchor_on: date
    arm: str
    action: str
    language: str
    by_law: bool
    tried_until: date | None


TREATMENTS = Earlier(
    "SELECT customer_id, account_id, code, anchor_on, business_day, outcome, again_until FROM strategy_treatment"
)

# What was done before counts; a refusal that is tried again does not, but on its own day.
_COUNTS = "(e.again_until IS NULL OR e.again_until < %(match_day)s OR e.business_day >= %(match_day)s)"

# The language we write in, as `reminders.rendering.language_for` finds it.
_LANGUAGE = (
    """CASE WHEN lower(coalesce(nullif(s.locale, ''), %(match_locale)s)) LIKE 'zh%%' THEN 'zh-hans' ELSE 'en' END"""
)

_MATCH = f"""
CREATE TEMPORARY TABLE {{table}} AS
WITH rules AS MATERIALIZED (
    -- A message about a person counts once for all her accounts, and so does a call; a proposal is about one account.
    SELECT r.*, r.action IN ('message', 'bureau-notice', 'call') AS of_person,
           CASE WHEN r.action = 'bureau-notice' THEN 'message' ELSE r.action END AS does,
           r.action = 'bureau-notice' OR EXISTS (
               SELECT FROM reminders_template t WHERE t.name = ANY(r.templates) AND t.kind = 'notice') AS by_law
      FROM strategy_rule r WHERE r.version_id = ANY(%(match_versions)s::bigint[])
       -- Approved before announcements named their templates, it has nothing to send, and must not take another's place.
       AND (r.action <> 'bureau-notice' OR r.templates <> '{{{{}}}}')
), asked AS MATERIALIZED (
    SELECT s.*, {_LANGUAGE} AS language, {ARM_SQL.format(customer="s.customer_id")} AS arm
      FROM ({{stock}}) s
     WHERE s.customer_id > %(match_after)s AND ({{within}})
), earlier AS NOT MATERIALIZED (
    {{earlier}}
), tried AS MATERIALIZED (
    -- Refused so far and to be tried again, of which nothing went since; behind: waiting did not help the last time.
    SELECT e.account_id, e.code, e.anchor_on, min(e.again_until) AS until,
           (array_agg(e.outcome ORDER BY e.business_day DESC))[1] = 'refused' AS behind
      FROM earlier e
     WHERE e.again_until >= %(match_day)s AND e.business_day < %(match_day)s
       AND NOT EXISTS (
            SELECT FROM earlier since WHERE since.customer_id = e.customer_id AND since.business_day > e.business_day
               AND since.code = e.code AND since.account_id = e.account_id AND since.again_until IS NULL)
     GROUP BY e.account_id, e.code, e.anchor_on
), fitting AS (
    SELECT a.customer_id, a.account_id, a.stage, a.anchor_on, a.days, a.arm, a.language, a.currency, a.amount,
           r.id AS rule_id, r.code, r.action, r.does, r.position, r.by_law, t.until AS tried_until,
           coalesce(t.behind, false) AS behind, a.arm = 'holdout' AND NOT r.by_law AS held_out,
           CASE WHEN r.of_person THEN 0 ELSE a.account_id END AS whose
      FROM asked a
      JOIN rules r ON r.stage = a.stage
       AND r.version_id = CASE a.arm WHEN 'challenger' THEN %(match_challenger)s::bigint ELSE %(match_champion)s::bigint END
       AND a.days >= r.days_from AND (r.days_to IS NULL OR a.days <= r.days_to OR r.by_law)
      LEFT JOIN tried t ON t.account_id = a.account_id AND t.code = r.code AND t.anchor_on = a.anchor_on
     -- What the law demands and was refused stays due though the days, and what follows from them, go on.
     WHERE (r.by_law AND t.until IS NOT NULL
            OR (r.days_to IS NULL OR a.days <= r.days_to)
           AND (r.buckets = '{{{{}}}}' OR a.bucket = ANY(r.buckets))
           AND (r.risk_classes = '{{{{}}}}' OR a.risk_class = ANY(r.risk_classes)))
       AND (r.products = '{{{{}}}}' OR a.product = ANY(r.products))
       AND (r.kinds = '{{{{}}}}' OR a.kind = ANY(r.kinds))
       AND (r.languages = '{{{{}}}}' OR a.language = ANY(r.languages))
       AND (r.currency = '' OR a.currency = r.currency)
       AND (r.amount_from IS NULL OR a.amount >= r.amount_from)
       AND (r.amount_to IS NULL OR a.amount <= r.amount_to)
       AND (r.promise = '' OR a.promise = r.promise)
       AND (r.reachable_by = '' OR EXISTS (
            SELECT FROM accounts_contactpoint p
              JOIN unnest(%(match_channels)s::text[], %(match_kinds)s::text[]) AS reach (channel, kind) ON reach.kind = p.kind
             WHERE p.customer_id = a.customer_id AND reach.channel = r.reachable_by AND p.relationship = 'own'
               AND p.permitted AND p.verification = 'verified' AND p.source <> ''
               AND NOT EXISTS (SELECT FROM compliance_optout o WHERE o.contact_point_id = p.id
                                  AND o.channel = r.reachable_by AND o.withdrawn_at IS NULL)))
       AND NOT EXISTS (
            SELECT FROM earlier e WHERE r.every_days IS NULL AND e.account_id = a.account_id AND e.code = r.code
               AND e.anchor_on = a.anchor_on AND {_COUNTS})
       AND NOT EXISTS (
            SELECT FROM earlier e WHERE r.every_days IS NOT NULL AND e.customer_id = a.customer_id AND e.code = r.code
               AND (r.of_person OR e.account_id = a.account_id)
               AND e.business_day > %(match_day)s::date - r.every_days::int AND {_COUNTS})
), ranked AS (
    SELECT f.*, rank() OVER (PARTITION BY customer_id, does, whose, held_out ORDER BY behind, position, rule_id) AS place,
           row_number() OVER (PARTITION BY account_id, rule_id ORDER BY anchor_on) AS turn
      FROM fitting f
)
SELECT customer_id, account_id, stage, anchor_on, days, arm, language, currency, amount, rule_id, code, action, does, whose,
       held_out, by_law, tried_until
  FROM ranked WHERE place = 1 AND turn = 1
"""  # made of the code's own constants; what differs from call to call are parameters


def match(
    stock: Stock, split: Split, day: date, *, earlier: Earlier = TREATMENTS, after: int = 0, table: str = TABLE
) -> int:
    """Find what the strategies of `split` do on `day` to `stock`, of customers whose key is above `after`; how many people.

    Fills the temporary table `table` anew, one row for each account for which the rule that applies fits: customer_id,
    account_id, stage, anchor_on, days, arm, language, currency, amount, rule_id, code, action; does: the action, `message`
    for all that write; whose: 0 where all accounts of a person are treated as one, else the account; held_out: in the
    hold-out, and not demanded by law, so that nothing is done but to record it; by_law; and tried_until: refused before, and to
    be tried again until then at most. Of `earlier` what was done counts, of whatever version. Reads only; one statement for
    any size.
    """
    versions = [key for key in (split.champion_id, split.challenger_id) if key is not None]
    within, bounds = _within(versions, day)
    channels = [(channel, kind) for channel, kinds in KINDS.items() for kind in kinds]
    statement = _MATCH.format(table=table, stock=stock.sql, within=within, earlier=earlier.sql)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(
            statement,
            {
                **stock.parameters,
                **earlier.parameters,
                **bounds,
                "match_day": day,
                "match_after": after,
                "match_versions": versions,
                "match_champion": split.champion_id,
                "match_challenger": split.challenger_id,
                "match_challenger_percent": split.challenger_percent,
                "match_holdout": split.holdout_percent,
                "match_salt": split.salt,
                "match_locale": settings.DEFAULT_CUSTOMER_LOCALE,
                "match_channels": [channel for channel, _kind in channels],
                "match_kinds": [kind for _channel, kind in channels],
            },
        )
        if not cursor.rowcount:
            return 0
        cursor.execute(f"CREATE INDEX ON {table} (customer_id)")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"SELECT count(DISTINCT customer_id) FROM {table}")
        (people,) = cursor.fetchone()
    return int(people)


def _within(versions: list[int], day: date) -> tuple[str, dict[str, Any]]:
    """What of a stock the rules can speak of at all, so that the rest is not read: by stage, and by due dates on their index."""
    parts: list[str] = []
    bounds: dict[str, Any] = {}
    asked: dict[str, list[tuple[int, int | None]]] = {}
    for stage, first, last in Rule.objects.filter(version__in=versions).values_list("stage", "days_from", "days_to"):
        asked.setdefault(stage, []).append((first, last))
    for number, (stage, spans) in enumerate(sorted(asked.items())):
        bounds[f"match_stage{number}"] = stage
        part = f"s.stage = %(match_stage{number})s"
        lasts = [last for _first, last in spans if last is not None]
        if stage != Stage.LATE and len(lasts) == len(spans):
            bounds[f"match_from{number}"] = day + timedelta(days=min(first for first, _last in spans))
            bounds[f"match_to{number}"] = day + timedelta(days=max(lasts))
            part += f" AND s.anchor_on BETWEEN %(match_from{number})s AND %(match_to{number})s"
        parts.append(f"({part})")
    return " OR ".join(parts) or "false", bounds
