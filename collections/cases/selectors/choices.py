"""What the lists' fields offer: buckets, products, and the teams and people in somebody's reach."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from staff.permissions import Anyone, may, scope_of

_CHOICES = """
    SELECT 'bucket', code, code, min(from_days) FROM accounts_bucketrow GROUP BY code
    UNION ALL
    SELECT 'product', code, name, 0 FROM accounts_product
    UNION ALL
    SELECT 'team', id::text, name, 0 FROM staff_team
    WHERE is_active AND %(people)s AND (%(everything)s OR id = ANY(%(teams)s))
    UNION ALL
    SELECT 'member', id::text,
           coalesce(nullif(display_name, ''), nullif(trim(first_name || ' ' || last_name), ''), username), 0
    FROM staff_user
    WHERE is_active AND is_staff AND %(people)s AND team_id IS NOT NULL AND (%(everything)s OR team_id = ANY(%(teams)s))
    ORDER BY 1, 4, 3, 2
"""


@dataclass(frozen=True)
class Choices:
    """(value, label) of everything that a field of the lists offers, in order."""

    buckets: tuple[tuple[str, str], ...] = ()
    products: tuple[tuple[str, str], ...] = ()
    teams: tuple[tuple[str, str], ...] = ()
    members: tuple[tuple[str, str], ...] = ()


def choices_for(user: Anyone) -> Choices:
    """What `user` may choose from, read once a request (kept on the user object). One query.

    Teams and people are offered to those who may steer others' work (see the board or assign cases), within their scope.
    """
    kept: Choices | None = getattr(user, "_choices", None)
    if kept is None:
        kept = user._choices = _read(user)  # type: ignore[union-attr]  # a cache, no field
    return kept


def _read(user: Anyone) -> Choices:
    scope = scope_of(user)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            _CHOICES,
            {
                "people": may(user, "cases.view_board") or may(user, "cases.assign_case"),
                "everything": scope.everything,
                "teams": list(scope.teams),
            },
        )
        for kind, value, label, _order in cursor.fetchall():
            found[kind].append((value, label))
    return Choices(*(tuple(found[kind]) for kind in ("bucket", "product", "team", "member")))
