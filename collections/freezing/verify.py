"""Proof that accounts stand as the core system confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.selectors.verify import Difference

_OPEN_THOUGH_FROZEN = """
    SELECT a.ref, a.status
      FROM (SELECT DISTINCT ON (account_id) account_id, verb FROM freezing_corecommand
             WHERE status = 'confirmed' AND account_id BETWEEN %(low)s AND %(high)s ORDER BY account_id, id DESC) c
      JOIN accounts_account a ON a.id = c.account_id
     WHERE c.verb = 'freeze' AND a.status = 'active'"""


def check_frozen(cursor: CursorWrapper, low: int, high: int, closed: date) -> Iterator[Difference]:
    """Accounts that are active though the core system confirmed last that they are frozen."""
    cursor.execute(_OPEN_THOUGH_FROZEN, {"low": low, "high": high})
    for ref, status in cursor.fetchall():
        yield Difference(ref, "status", status, "frozen")
