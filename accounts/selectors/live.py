"""What the night needs of an account: open bills from their caches, the holds that it minds, where it stands. One row each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.rules import BillState, Hold, Terms, Watch
from accounts.selectors.facts import keys_in
from accounts.selectors.stored import STORED_SQL, StoredStanding, stored
from accounts.selectors.terms import TermsBook


@dataclass(slots=True)
class LiveAccount:
    """An account as its caches tell it."""

    account_id: int
    ref: str
    customer_id: int
    terms: Terms
    bills: list[BillState]
    holds: list[Hold]
    watches: list[Watch]
    standing: StoredStanding | None


def read_live(cursor: CursorWrapper, terms: TermsBook, ids: list[int], day: date) -> Iterator[LiveAccount]:
    """The accounts `ids` as of `day`, in order; bills that are fully paid and were never missed are left out."""
    if not ids:
        return
    # The condition repeats that of the partial index `bill_live_by_account`.
    cursor.execute(
        f"""
        SELECT a.id, a.ref, a.customer_id, a.product_id, least(a.final_due_on, c.due_on) - DATE '0001-01-01' + 1,
               b.*, h.*, w.*, {STORED_SQL}
          FROM accounts_account a
          LEFT JOIN accounts_standing s ON s.account_id = a.id
          LEFT JOIN LATERAL (
              SELECT array_agg(id), array_agg(statement_on - DATE '0001-01-01' + 1),
                     array_agg(due_on - DATE '0001-01-01' + 1),
                     array_agg(((principal + interest + service_fee + rolled_in - rolled_out) * 100)::bigint),
                     array_agg((minimum_due * 100)::bigint), array_agg((allocated * 100)::bigint), array_agg(missed)
                FROM accounts_bill
               WHERE account_id = a.id AND statement_on <= %s
                 AND (allocated < principal + interest + service_fee + rolled_in - rolled_out OR missed)
          ) b ON true
          LEFT JOIN LATERAL (
              SELECT array_agg(kind), array_agg(starts_on - DATE '0001-01-01' + 1),
                     array_agg(ends_on - DATE '0001-01-01' + 1), array_agg(array_to_string(covers, ','))
                FROM accounts_hold
               WHERE account_id = a.id AND (kind = 'deferral' OR covers IS NOT NULL) AND withdrawn_at IS NULL
          ) h ON true
          LEFT JOIN LATERAL (
              SELECT array_agg(floor), array_agg(starts_on - DATE '0001-01-01' + 1),
                     array_agg(ends_on - DATE '0001-01-01' + 1)
                FROM accounts_watch WHERE account_id = a.id AND withdrawn_at IS NULL
          ) w ON true
          LEFT JOIN accounts_acceleration c ON c.account_id = a.id AND c.withdrawn_at IS NULL
         WHERE a.id = ANY(%s) ORDER BY a.id""",
        (day, ids),
    )
    for account_id, ref, customer_id, product_id, final_due_on, keys, *columns in cursor:
        of_account = terms.of(product_id, final_due_on)
        statements, dues, capacities, minimums, allocations, missed, *held = columns[:10]
        floors, since, until = columns[10:13]
        yield LiveAccount(
            account_id=account_id,
            ref=ref,
            customer_id=customer_id,
            terms=of_account,
            bills=[
                BillState(
                    None, key, due, capacity, minimum, due + of_account.grace(statement) + 1, allocated, was_missed
                )
                for key, statement, due, capacity, minimum, allocated, was_missed in zip(
                    keys or (),
                    statements or (),
                    dues or (),
                    capacities or (),
                    minimums or (),
                    allocations or (),
                    missed or (),
                    strict=True,
                )
            ],
            holds=[
                Hold(kind, start, end, 0, None, keys_in(covers))
                for kind, start, end, covers in zip(*(column or () for column in held), strict=True)
            ],
            watches=[
                Watch(floor, start, end, 0)
                for floor, start, end in zip(floors or (), since or (), until or (), strict=True)
            ],
            standing=stored(columns[13:]),
        )
