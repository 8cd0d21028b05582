"""Which team works a case: that of the first portfolio that takes it in."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from audit.services import Actor, record_many

BATCH = 2_000

# Any number, as long as no other lock of this database has it: "ROUT" in ASCII.
ROUTING_LOCK = 0x524F5554


def team_of(bucket: str, products: str, customer_ref: str) -> str:
    """SQL for the key of the team of the first portfolio (lowest position, then key; active teams) that takes in a case with
    these columns: its bucket, any of its late accounts' products, its customer. NULL where none does."""
    return f"""(
        SELECT f.team_id FROM staff_portfolio f JOIN staff_team t ON t.id = f.team_id AND t.is_active
         WHERE (f.buckets = '{{}}' OR {bucket} = ANY(f.buckets))
           AND (f.products = '{{}}' OR f.products::text[] && {products}::text[])
           AND (f.customers = '{{}}' OR {customer_ref} = ANY(f.customers))
         ORDER BY f.position, f.id LIMIT 1)"""


def assignee_after(case: str, team: str) -> str:
    """SQL for who works the case `case` once its team is `team`: the same, unless it leaves the assignee's team."""
    return f"""CASE WHEN {case}.team_id IS NOT DISTINCT FROM {team}
                      OR EXISTS (SELECT 1 FROM staff_user m WHERE m.id = {case}.assignee_id AND m.team_id = {team})
                    THEN {case}.assignee_id END"""


def team_name(key: str) -> str:
    """SQL for the name of a team, for the record."""
    return f"(SELECT name FROM staff_team WHERE id = {key})"


def user_name(key: str) -> str:
    """SQL for the name by which a user is shown, for the record."""
    return f"(SELECT coalesce(nullif(display_name, ''), username) FROM staff_user WHERE id = {key})"


def hold_still(cursor: CursorWrapper, *, changing: bool = False) -> None:
    """Let the portfolios stay as they are for those who route by them, or, `changing`, wait for who still does.

    A case is routed by what the portfolios are when it is written; without it one routed by the old ones could be committed
    behind the back of `reroute`.
    """
    cursor.execute(f"SELECT pg_advisory_xact_lock{'' if changing else '_shared'}({ROUTING_LOCK})")


_WRONG = f"""
    SELECT c.id FROM cases_case c JOIN accounts_customer u ON u.id = c.customer_id
     WHERE c.status = 'open' AND c.team_id IS DISTINCT FROM {team_of("c.bucket", "c.products", "u.ref")}
     ORDER BY c.id"""

_REROUTE = f"""
    UPDATE cases_case c SET team_id = r.team_id, assignee_id = {assignee_after("c", "r.team_id")},
           assigned_at = CASE WHEN {assignee_after("c", "r.team_id")} IS NOT NULL THEN c.assigned_at END,
           version = c.version + 1
      FROM (SELECT k.id, k.team_id AS old_team_id, k.assignee_id AS old_assignee_id,
                   {team_of("k.bucket", "k.products", "u.ref")} AS team_id
              FROM cases_case k JOIN accounts_customer u ON u.id = k.customer_id
             WHERE k.id = ANY(%s) AND k.status = 'open') r
     WHERE r.id = c.id AND c.team_id IS DISTINCT FROM r.team_id
    RETURNING c.id, c.ref, c.customer_id, {team_name("r.old_team_id")}, {team_name("c.team_id")},
              {user_name("r.old_assignee_id")}, {user_name("c.assignee_id")}"""


@transaction.atomic
def reroute(*, actor: Actor) -> int:
    """Bring every open case to the team whose portfolio takes it in; returns how many moved, each recorded (`case.routed`).

    Called when portfolios or teams have changed (`staff.reactions`). Who worked a case
    that leaves her team works it no more. Waits for the batches that are being routed by the old portfolios; locks the cases
    that move, by key.
    """
    moved = 0
    with connection.cursor() as cursor:
        hold_still(cursor, changing=True)
        cursor.execute(_WRONG)
        ids = [key for (key,) in cursor.fetchall()]
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            cursor.execute("SELECT id FROM cases_case WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (batch,))
            cursor.execute(_REROUTE, (batch,))
            moved += record_many(
                actor=actor,
                verb="case.routed",
                subject_type="case",
                rows=(
                    (key, ref, customer_id, None, routed(*old), routed(*new), "")
                    for key, ref, customer_id, old, new in (
                        (key, ref, customer_id, (old_team, old_user), (team, user))
                        for key, ref, customer_id, old_team, team, old_user, user in cursor.fetchall()
                    )
                ),
            )
    return moved


def routed(team: str | None, assignee: str | None) -> dict[str, str]:
    """What the record tells of a case's team and assignee, by name: keys say nothing years later."""
    return {"team": team or "", "assignee": assignee or ""}
