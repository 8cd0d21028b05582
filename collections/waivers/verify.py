"""What `verify_book` asks of the waivers: what is granted is in the book, and nothing else is; conditions are the payments'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.selectors.verify import Difference
from runs.selectors import begun_day
from waivers import rules
from waivers.models import Waiver
from waivers.services.judging import JUDGED, came, met_on, wanted

# The reliefs in force of a waiver, against the one that it should have: its own account's late fees, by what was granted.
_RELIEFS = """
    SELECT a.ref, w.id, coalesce(string_agg(concat_ws(' ', r.ref, r.amount, r.bill_id), ', ' ORDER BY r.id), ''),
           CASE WHEN w.status = 'granted' THEN concat_ws(' ', g.ref, w.granted) ELSE '' END
      FROM waivers_waiver w
      JOIN accounts_account a ON a.id = w.account_id
      LEFT JOIN accounts_relief g ON g.id = w.relief_id AND g.account_id = w.account_id AND g.kind = 'waiver'
      LEFT JOIN accounts_relief r ON r.account_id = w.account_id AND r.ref LIKE 'W' || w.id || '-%%'
       AND NOT EXISTS (SELECT 1 FROM accounts_reliefreversal b WHERE b.relief_id = r.id)
     WHERE w.account_id BETWEEN %(low)s AND %(high)s
     GROUP BY a.ref, w.id, g.ref"""


def check_waivers(cursor: CursorWrapper, low: int, high: int, closed: date) -> Iterator[Difference]:
    """Differences between the waivers of these accounts and the reliefs and payments of the book by `closed`."""
    cursor.execute(_RELIEFS, {"low": low, "high": high})
    for account, key, kept, should in cursor.fetchall():
        if kept != should:
            yield Difference(account, f"waiver W{key}, reliefs", kept, should)
    judged = Waiver.objects.filter(
        account_id__gte=low, account_id__lte=high, condition_on__isnull=False, status__in=JUDGED
    )
    waivers = list(judged.select_related("account", "needs__request"))
    if not waivers:
        return
    # While a day is being closed, some are judged by it already and some are not.
    payments, days = came(waivers), {closed, begun_day() or closed}
    for waiver in waivers:
        met = met_on(waiver, payments.get(waiver.pk, []))
        should = {wanted(waiver, met, on) for on in days}
        # Where the fee was gone by the day of the payment there was nothing to grant; and what it needs may have been refused
        # since the last close.
        if rules.GRANTED in should:
            should.add(rules.LAPSED)
        if waiver.needs is not None and waiver.needs.is_refused:
            should.add(rules.WAITING)
        if waiver.status not in should:
            yield Difference(waiver.account.ref, f"waiver {waiver}", waiver.status, " / ".join(sorted(should)))
