"""What `verify_book` asks of the promises: that their verdicts, and the cases that broken ones raised, are the ledger's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.selectors.verify import Difference
from cases.rules.promises import Judged
from cases.selectors.promise_facts import promise_facts, verdicts
from cases.services.judging import BROKEN_ON

# The customers of a range of accounts to whom a promise belongs.
_CUSTOMERS = """
    SELECT DISTINCT a.customer_id
      FROM accounts_account a JOIN cases_case c ON c.customer_id = a.customer_id JOIN cases_promise p ON p.case_id = c.id
     WHERE a.id BETWEEN %(low)s AND %(high)s"""
_REFS = "SELECT id, ref FROM accounts_customer WHERE id = ANY(%s)"
_RAISED = f"""
    SELECT r.ref, b.ref, b.kept, b.wanted
      FROM (SELECT k.customer_id, k.ref, k.promise_broken_on AS kept, {BROKEN_ON} AS wanted FROM cases_case k
             WHERE k.customer_id = ANY(%(customers)s)) b JOIN accounts_customer r ON r.id = b.customer_id
     WHERE b.kept IS DISTINCT FROM b.wanted"""


def check_promises(cursor: CursorWrapper, low: int, high: int, closed: date) -> Iterator[Difference]:
    """Differences between what is kept of the promises of these accounts' customers and what the ledger says by `closed`."""
    cursor.execute(_CUSTOMERS, {"low": low, "high": high})
    customers = [key for (key,) in cursor.fetchall()]
    cursor.execute(_REFS, (customers,))
    refs = dict(cursor.fetchall())
    facts = promise_facts(cursor, customers)
    for one, (status, verdict) in zip(facts, verdicts(facts, closed), strict=True):
        if not one.says(status, verdict):
            yield Difference(
                refs[one.customer_id],
                f"promise {one.promise_id}",
                f"{one.status} {one.got} {_told(one.kept)}",
                f"{status} {verdict.got} {_told(verdict.instalments)}",
            )
    cursor.execute(_RAISED, {"customers": customers})
    for customer, case, kept, wanted in cursor.fetchall():
        yield Difference(customer, f"case {case}, promise broken on", str(kept), str(wanted))


def _told(instalments: Sequence[Judged]) -> str:
    return ", ".join(f"{one.status} {one.got}" for one in instalments)
