"""What each file of payments brought, for its control total; those whose account nobody knows (`check` set them aside) wait."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from accounts.importing.check import IN_BOOK, PAYMENT_KNOWN
from accounts.importing.files import PAYMENTS
from accounts.models import PaymentFile
from audit.services import Actor, record
from runs import clock
from runs.selectors import open_day

_TAKE_IN = f"""
    INSERT INTO accounts_unmatchedpayment (ref, account_ref, amount, effective_on, recorded_at, channel, file_id, status,
           decided_by_name, reason)
    SELECT r.payment_ref, r.account_ref, r.amount, r.effective_on, {PAYMENT_KNOWN}, coalesce(r.channel, ''), %s, 'waiting', '', ''
      FROM import_unmatched r WHERE NOT EXISTS (SELECT FROM accounts_unmatchedpayment u WHERE u.ref = r.payment_ref)
     ORDER BY r.line"""
_SUM = "SELECT count(*), coalesce(sum(r.amount), 0) FROM"


class Sum(NamedTuple):
    """So many rows, and what they come to."""

    rows: int
    amount: Decimal


class Brought(NamedTuple):
    """What a file of payments brought, by what becomes of it."""

    received: Sum
    posted: Sum
    waiting: Sum


def brought(cursor: CursorWrapper) -> Brought:
    """Count what the staged file holds, before it is loaded."""
    new = f"NOT EXISTS (SELECT 1 FROM {IN_BOOK[PAYMENTS.kind].join})"
    aside = "NOT EXISTS (SELECT FROM accounts_unmatchedpayment u WHERE u.ref = r.payment_ref)"
    return Brought(
        _sum(cursor, "(SELECT amount FROM import_payments UNION ALL SELECT amount FROM import_unmatched) r"),
        _sum(cursor, f"import_payments r WHERE {new}"),
        _sum(cursor, f"import_unmatched r WHERE {aside}"),
    )


def keep(cursor: CursorWrapper, found: Brought, *, actor: Actor) -> PaymentFile:
    """Keep what a good file brought, and take in what waits. The staged rows are still there."""
    known = found.received.rows - found.posted.rows - found.waiting.rows
    known_amount = found.received.amount - found.posted.amount - found.waiting.amount
    file = _write(
        actor,
        found.received,
        posted=found.posted.rows,
        posted_amount=found.posted.amount,
        waiting=found.waiting.rows,
        waiting_amount=found.waiting.amount,
        known=known,
        known_amount=known_amount,
    )
    cursor.execute(_TAKE_IN, (file.pk,))
    if file.posted or file.waiting:
        after = {"received": file.received, "posted": file.posted, "waiting": file.waiting, "known": file.known}
        record(actor=actor, verb="payment-file.received", subject=file, after=after)
    return file


def keep_refused(received: Sum, *, actor: Actor) -> PaymentFile:
    """Keep that a file was refused, in a transaction of its own: of it nothing else is saved."""
    return _write(actor, received, refused=received.rows, refused_amount=received.amount)


def _write(actor: Actor, received: Sum, **counts: int | Decimal) -> PaymentFile:
    return PaymentFile.objects.create(
        received_at=clock.now(),
        business_day=open_day() or clock.today(),
        actor_name=str(actor)[:150],
        received=received.rows,
        received_amount=received.amount,
        **counts,
    )


def _sum(cursor: CursorWrapper, rows: str) -> Sum:
    cursor.execute(f"{_SUM} {rows}")
    return Sum(*cursor.fetchone())
