"""Replay accounts and write what differs: the engine behind every posting, single or many, and behind the wakes of the day.

The caller holds the locks (customer → account) and the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from accounts.models import Allocation, EntryKind, LedgerEntry
from accounts.rules import to_date
from accounts.selectors.facts import CachedBill
from accounts.selectors.rebuilt import DerivedEntry, Rebuilt
from accounts.selectors.stored import STORED_SQL, stored
from accounts.services.standings import Judged, write_standings
from audit.services import Actor
from runs import clock
from runs.bulk import copy_rows, money_text, reserve_keys


class Written(NamedTuple):
    """What upper floors want to know of replayed accounts that were written."""

    # The accounts whose standing moved.
    moved: list[Judged]
    # The customers of whose money or reliefs something meets other debts than before, or other parts of them.
    payers: set[int]


def write_rebuilt(
    cursor: CursorWrapper,
    *,
    actor: Actor,
    business_day: date,
    cause: str,
    rebuilt: Sequence[Rebuilt],
    settled: Mapping[int, int] | None = None,
) -> Written:
    """Write the differences of replayed accounts: bills' caches, derived entries, allocations, standings, wakes.

    `settled` gives for each account the last day whose entries and allocations are written already and cannot have changed:
    nothing up to it is read again (the close of day, where only the new day is new). None: everything is compared.
    """
    if not rebuilt:
        return Written([], set())
    ids = [item.facts.account_id for item in rebuilt]
    _write_bills(cursor, rebuilt)
    entries = _write_entries(cursor, rebuilt, settled or {})
    met_anew = _write_allocations(cursor, rebuilt, entries, settled)
    _write_wakes(cursor, rebuilt)
    cursor.execute(f"SELECT s.account_id, {STORED_SQL} FROM accounts_standing s WHERE s.account_id = ANY(%s)", (ids,))
    before = {account_id: stored(columns) for account_id, *columns in cursor.fetchall()}
    moved = write_standings(
        cursor,
        actor=actor,
        business_day=business_day,
        cause=cause,
        judged=[
            Judged.of(
                item.facts.account_id,
                item.facts.ref,
                item.facts.customer_id,
                before.get(item.facts.account_id),
                item.how_late,
            )
            for item in rebuilt
        ],
    )
    return Written(moved, {item.facts.customer_id for item in rebuilt if item.facts.account_id in met_anew})


def cache_row(key: int, cache: CachedBill) -> tuple[object, ...]:
    """A bill's key and what its cache columns hold, as COPY and arrays take them."""
    return (
        key,
        money_text(cache.minimum),
        money_text(cache.rolled_in),
        money_text(cache.rolled_out),
        money_text(cache.allocated),
        cache.missed,
    )


def _write_bills(cursor: CursorWrapper, rebuilt: Sequence[Rebuilt]) -> None:
    changed = []
    for item in rebuilt:
        cached = item.facts.cached
        changed += [cache_row(key, cache) for key, cache in item.bills.items() if cached[key] != cache]
    if changed:
        cursor.execute(
            """UPDATE accounts_bill b
                  SET minimum_due = n.minimum::numeric, rolled_in = n.rolled_in::numeric, rolled_out = n.rolled_out::numeric,
                      allocated = n.allocated::numeric, missed = n.missed
                 FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[])
                      AS n(id, minimum, rolled_in, rolled_out, allocated, missed)
                WHERE b.id = n.id""",
            [list(column) for column in zip(*changed, strict=True)],
        )


@dataclass(slots=True)
class _Entries:
    """The ledger entries that allocations point at."""

    # By credit: a payment's key, or a relief's, negative.
    of_credit: dict[int, int] = field(default_factory=dict)
    of_roll_over: dict[int, int] = field(default_factory=dict)


def _write_entries(cursor: CursorWrapper, rebuilt: Sequence[Rebuilt], settled: Mapping[int, int]) -> _Entries:
    """Bring the derived entries to what the replay found: the first as what it is, later corrections as adjustments."""
    # From which day on an account's entries are read: those behind what is settled, and those that are used only now.
    since = {item.facts.account_id: _first_entry_needed(item, settled) for item in rebuilt}
    found = _Entries()
    fees: dict[int, dict[int, int]] = {}
    rolls: dict[int, int] = {}
    reliefs: dict[int, int] = {}
    cursor.execute(
        """SELECT id, account_id, kind, (amount * 100)::bigint, effective_on - DATE '0001-01-01' + 1, bill_id, payment_id,
                  relief_id
             FROM unnest(%s::bigint[], %s::date[]) AS n(account_id, since)
             JOIN accounts_ledgerentry USING (account_id)
            WHERE effective_on >= since AND (kind IN ('payment', 'late-fee', 'adjustment', 'roll-over')
                  OR relief_id IS NOT NULL) ORDER BY id""",
        (list(since), [to_date(day) for day in since.values()]),
    )
    for key, account_id, kind, amount, effective_on, bill, payment, relief in cursor:
        if kind == EntryKind.PAYMENT:
            found.of_credit[payment] = key
        elif relief is not None:
            found.of_credit.setdefault(-relief, key)
            reliefs[relief] = reliefs.get(relief, 0) + amount
        elif kind == EntryKind.ROLL_OVER:
            found.of_roll_over.setdefault(bill, key)
            rolls[bill] = rolls.get(bill, 0) + amount
        elif bill is None and payment is None:
            on_day = fees.setdefault(account_id, {})
            on_day[effective_on] = on_day.get(effective_on, 0) + amount

    wanted: list[tuple[int, DerivedEntry]] = []
    for item in rebuilt:
        account_id = item.facts.account_id
        done = settled.get(account_id, 0)
        # Entries dated behind the replay wait for their day.
        posted = {on: amount for on, amount in fees.get(account_id, {}).items() if done < on <= item.as_of}
        for on in sorted(posted.keys() | {on for on in item.fees if on > done}):
            had = posted.get(on)
            if amount := item.fees.get(on, 0) - (had or 0):
                wanted.append(
                    (
                        account_id,
                        DerivedEntry(EntryKind.LATE_FEE if had is None else EntryKind.ADJUSTMENT, amount, on, None),
                    )
                )
        for bill in item.facts.bills:
            if not done < bill.statement_on <= item.as_of:
                continue
            roll = item.rolls.get(bill.key)
            if amount := (roll.amount if roll else 0) - rolls.get(bill.key, 0):
                wanted.append((account_id, DerivedEntry(EntryKind.ROLL_OVER, amount, bill.statement_on, bill.key)))
        wanted += [(account_id, entry) for entry in _of_reliefs(item, reliefs)]
    if wanted:
        now = clock.now()
        keys = reserve_keys(LedgerEntry, len(wanted))
        for key, (_, entry) in zip(keys, wanted, strict=True):
            if entry.relief is not None:
                found.of_credit.setdefault(-entry.relief, key)
            elif entry.bill is not None:
                found.of_roll_over.setdefault(entry.bill, key)
        copy_rows(
            LedgerEntry,
            ("id", "account_id", "kind", "amount", "effective_on", "recorded_at", "bill_id", "relief_id"),
            (
                (
                    *(key, account_id, entry.kind, money_text(entry.amount), to_date(entry.effective_on), now),
                    *(entry.bill, entry.relief),
                )
                for key, (account_id, entry) in zip(keys, wanted, strict=True)
            ),
        )
    return found


def _of_reliefs(item: Rebuilt, had: Mapping[int, int]) -> Iterator[DerivedEntry]:
    """The entries that reliefs still lack: the first as what it is, what changes later, or is taken back, as adjustments."""
    for relief in item.facts.reliefs:
        key = -relief.key
        if key not in item.reliefs:
            continue  # it waits for its day
        before = had.get(key)
        if not (amount := item.reliefs[key] - (before or 0)):
            continue
        kind = EntryKind.WAIVER if relief.lapses else EntryKind.CLOSURE
        taken_back = relief.reversed_on is not None and relief.reversed_on <= item.as_of
        on = relief.reversed_on if taken_back else relief.effective_on
        assert on is not None
        yield DerivedEntry(kind if before is None else EntryKind.ADJUSTMENT, amount, on, relief.bill or None, key)


def _first_entry_needed(item: Rebuilt, settled: Mapping[int, int]) -> int:
    """Reliefs' entries are compared with what they should be on every day, however few they are."""
    done = settled.get(item.facts.account_id, 0)
    used = {part.credit for part in item.touched if part.day > done}
    return min(
        [
            done + 1,
            *(credit.effective_on for credit in item.facts.credits if credit.key in used),
            *(relief.effective_on for relief in item.facts.reliefs),
        ]
    )


def _write_allocations(
    cursor: CursorWrapper, rebuilt: Sequence[Rebuilt], entries: _Entries, settled: Mapping[int, int] | None
) -> set[int]:
    """Bring the allocations to what the replay found. Returns the accounts where that differs; what rolls over for the first time
    is no such thing: it stays owed."""
    had: dict[tuple[int, int, int | None, str, int, int], list[int]] = {}
    if settled is None:
        cursor.execute(
            """SELECT account_id, entry_id, bill_id, component, (amount * 100)::bigint, rule_version, id
                 FROM accounts_allocation WHERE account_id = ANY(%s)""",
            ([item.facts.account_id for item in rebuilt],),
        )
        for *columns, key in cursor:
            had.setdefault(tuple(columns), []).append(key)
    new: list[tuple[int, int, int | None, str, int, int]] = []
    met_anew: set[int] = set()
    for item in rebuilt:
        account_id = item.facts.account_id
        done = 0 if settled is None else settled[account_id]
        for part in item.touched:
            if part.day <= done:
                continue
            entry = entries.of_roll_over[part.into] if part.into is not None else entries.of_credit[part.credit]  # type: ignore[index]  # one is set
            row = (account_id, entry, part.bill, part.component, part.amount, part.version)
            if same := had.get(row):
                same.pop()
            else:
                new.append(row)
                if part.into is None:
                    met_anew.add(account_id)
    stale = [key for keys in had.values() for key in keys]
    met_anew |= {row[0] for row, keys in had.items() if keys}
    if stale:
        cursor.execute("DELETE FROM accounts_allocation WHERE id = ANY(%s)", (stale,))
    if new:
        copy_rows(
            Allocation,
            ("account_id", "entry_id", "bill_id", "component", "amount", "rule_version"),
            ((*row[:4], money_text(row[4]), row[5]) for row in new),
        )
    return met_anew


def _write_wakes(cursor: CursorWrapper, rebuilt: Sequence[Rebuilt]) -> None:
    changed = [
        (item.facts.account_id, to_date(item.wakes_on))
        for item in rebuilt
        if item.facts.wakes_on != to_date(item.wakes_on)
    ]
    if changed:
        cursor.execute(
            """UPDATE accounts_account a SET wakes_on = n.wakes_on
                 FROM unnest(%s::bigint[], %s::date[]) AS n(id, wakes_on) WHERE a.id = n.id""",
            [list(column) for column in zip(*changed, strict=True)],
        )
