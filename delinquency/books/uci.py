"""The real card accounts (Yeh and Lien 2009, UCI Machine Learning Repository no. 350) as accounts of the book.

One row = one customer with one account. `BILL_AMTn` is the running balance at the statement of its month and `PAY_AMTn` the
money received in that month, so a bill's own amount is the balance less (the balance before − what was paid between). The
oldest bill is its whole balance: what was paid before its statement is already in it. A negative own amount is a credit on
the statement day, a zero one no bill. Months keep their distances and are shifted as a whole.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.models import Account, Origin
from audit.services import SystemActor
from delinquency.books.facts import AccountFact, BillFact, PaymentFact
from delinquency.books.loading import load_accounts
from delinquency.books.people import Person, make_people
from runs import clock

ACTOR = SystemActor("load_uci")
PRODUCT, CURRENCY = "revolving", "TWD"
PREFIX = "UCI"
PEOPLE_SEED = 350
# The end of each month of the data, April to September 2005, and how long after its statement a bill is due.
STATEMENTS = (
    date(2005, 4, 30),
    date(2005, 5, 31),
    date(2005, 6, 30),
    date(2005, 7, 31),
    date(2005, 8, 31),
    date(2005, 9, 30),
)
DUE_AFTER = timedelta(days=20)
CREDIT = "statement credit"
PAYMENT = "card payment"
_STATUSES = ("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0")
_MONTHS = range(6, 0, -1)


class LoadRefused(Exception):
    """The file cannot be loaded; the message says why and what to do."""


class CardRow(NamedTuple):
    """One row; the six months oldest first, amounts in whole dollars."""

    number: int
    limit: int
    statuses: tuple[int, ...]
    balances: tuple[int, ...]
    received: tuple[int, ...]


class Month(NamedTuple):
    """The dates of one month's statement."""

    statement_on: date
    due_on: date


def read_rows(path: Path) -> Iterator[CardRow]:
    """The rows of the file (CSV, gzipped or not), in its order.

    Raises:
        LoadRefused: it cannot be read, a column is missing, or a field is not a whole number.
    """
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8", newline="")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8", newline="") as file
        ):
            for record in csv.DictReader(file):
                yield CardRow(
                    _whole(record["ID"]),
                    _whole(record["LIMIT_BAL"]),
                    tuple(_whole(record[name]) for name in _STATUSES),
                    tuple(_whole(record[f"BILL_AMT{n}"]) for n in _MONTHS),
                    tuple(_whole(record[f"PAY_AMT{n}"]) for n in _MONTHS),
                )
    except KeyError as error:
        raise LoadRefused(
            _("{file} has no column {column}: is it the card accounts' file?").format(file=path, column=error)
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise LoadRefused(_("{file} cannot be read: {error}").format(file=path, error=error)) from error


def _whole(text: str) -> int:
    """A whole number; the file writes some round ones as 1E+05."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        value = Decimal("NaN")
    if not value.is_finite() or value != value.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def calendar(last_due_on: date) -> list[Month]:
    """The six months, oldest first, shifted as a whole so that the last bill is due on `last_due_on`."""
    shift = last_due_on - (STATEMENTS[-1] + DUE_AFTER)
    return [Month(day + shift, day + DUE_AFTER + shift) for day in STATEMENTS]


def account_of(row: CardRow, months: Sequence[Month], person: Person, ref: str, *, last: int = 0) -> AccountFact:
    """The row as an account: all its bills and payments add up to the last balance, less what came for the last bill.

    What was received in a month lies between two statements; it is put on the due date of the first of them. `last` came on
    the last due date, of which the real rows say nothing.
    """
    account = AccountFact(ref=ref, person=person, credit_limit=row.limit * 100)
    for n, month in enumerate(months):
        paid = row.received[n] if n else 0
        if paid:
            account.payments.append(PaymentFact(f"{ref}-P{n + 1}", months[n - 1].due_on, paid * 100, PAYMENT))
        own = row.balances[n] - ((row.balances[n - 1] - paid) if n else 0)
        if own > 0:
            account.bills.append(BillFact(f"{ref}-{n + 1}", month.statement_on, month.due_on, own * 100))
        elif own < 0:
            account.payments.append(PaymentFact(f"{ref}-C{n + 1}", month.statement_on, -own * 100, CREDIT))
    if last:
        account.payments.append(PaymentFact(f"{ref}-P{len(months) + 1}", months[-1].due_on, last * 100, PAYMENT))
    return account


def ref_of(number: int) -> str:
    """The reference of a row's account."""
    return f"{PREFIX}-{number:06d}"


def load_rows(
    rows: Sequence[CardRow],
    *,
    prefix: str,
    seed: int,
    origin: str,
    actor: SystemActor,
    last: Sequence[int] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]:
    """Load rows as revolving accounts whose last bill was due yesterday; people are made. `last`: see `account_of`."""
    months = calendar(clock.today() - timedelta(days=1))
    refs = [f"{prefix}-{row.number:06d}" for row in rows]
    people = make_people((f"{ref}-C" for ref in refs), seed)
    return load_accounts(
        actor=actor,
        accounts=[
            account_of(row, months, person, ref, last=paid)
            for row, ref, person, paid in zip(rows, refs, people, last or [0] * len(rows), strict=True)
        ],
        product_code=PRODUCT,
        currency=CURRENCY,
        account_origin=origin,
        on_progress=on_progress,
    )


def load_uci(path: Path, *, on_progress: Callable[[int, int], None] | None = None) -> dict[str, int] | None:
    """Load the whole file; None, and nothing changed, when it is in the book already.

    Raises:
        LoadRefused: the file is bad, or the book holds a part of it.
    """
    rows = list(read_rows(path))
    if not rows:
        raise LoadRefused(_("{file} holds no accounts.").format(file=path))
    there = Account.objects.filter(ref__in=[ref_of(row.number) for row in rows]).count()
    if there == len(rows):
        return None
    if there:
        raise LoadRefused(
            _("{there} of the {count} accounts of {file} are in the book already. Nothing was changed.").format(
                there=there, count=len(rows), file=path
            )
        )
    return load_rows(
        rows, prefix=PREFIX, seed=PEOPLE_SEED, origin=Origin.IMPORTED, actor=ACTOR, on_progress=on_progress
    )
