"""Accounts of one customer each, staged by COPY and loaded by the one way in for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time

from django.db import connection, transaction

from accounts import vault
from accounts.models import (
    Account,
    AccountStatus,
    Bill,
    ContactKind,
    ContactPoint,
    Customer,
    Origin,
    Payment,
    Product,
    Relationship,
    Verification,
)
from accounts.rules.facts import BOOK_ZONE
from accounts.services.loading import create_staging, drop_staging, load_staged
from audit.services import Actor
from delinquency.books.facts import AccountFact
from delinquency.books.people import SOURCE
from runs import clock
from runs.bulk import copy_rows, money_text, reserve_keys


@transaction.atomic
def load_accounts(
    *,
    actor: Actor,
    accounts: Sequence[AccountFact],
    product_code: str,
    currency: str,
    account_origin: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]:
    """Load new accounts, each with its made customer, in one transaction. Returns how many rows of each kind.

    Bills are known from their statement day, payments from the day on which they count. References must be new.
    """
    with connection.cursor() as cursor:
        create_staging(cursor)
    now = clock.now()
    customers = reserve_keys(Customer, len(accounts))
    _stage_people(accounts, customers, now)
    keys = reserve_keys(Account, len(accounts))
    product_id = Product.objects.values_list("pk", flat=True).get(code=product_code)
    copy_rows(
        "staged_account",
        ("id", "ref", "customer_id", "product_id", "currency", "credit_limit", "status", "origin", "recorded_at"),
        (
            (
                key,
                account.ref,
                customer,
                product_id,
                currency,
                money_text(account.credit_limit),
                AccountStatus.ACTIVE.value,
                account_origin,
                now,
            )
            for key, customer, account in zip(keys, customers, accounts, strict=True)
        ),
    )
    _stage_money(accounts, keys)
    with connection.cursor() as cursor:
        counts = load_staged(cursor, actor=actor, on_progress=on_progress)
        drop_staging(cursor)
    return counts


def _stage_people(accounts: Sequence[AccountFact], customers: Sequence[int], now: datetime) -> None:
    copy_rows(
        "staged_customer",
        ("id", "ref", "name", "id_type", "locale", "time_zone", "origin", "recorded_at"),
        (
            (key, account.person.ref, account.person.name, "", "", "Asia/Shanghai", Origin.MADE.value, now)
            for key, account in zip(customers, accounts, strict=True)
        ),
    )
    points = [
        (customer, kind.value, value)
        for customer, account in zip(customers, accounts, strict=True)
        for kind, value in ((ContactKind.EMAIL, account.person.email), (ContactKind.MOBILE, account.person.mobile))
    ]
    columns = "id, customer_id, kind, value_cipher, value_index, source, relationship, permitted, verification, origin"
    copy_rows(
        "staged_contact_point",
        (*columns.split(", "), "recorded_at"),
        (
            (
                *(key, customer, kind, vault.encrypt(value), vault.blind_index(kind, value)),
                *(SOURCE, Relationship.OWN.value, True, Verification.VERIFIED.value, Origin.MADE.value, now),
            )
            for key, (customer, kind, value) in zip(reserve_keys(ContactPoint, len(points)), points, strict=True)
        ),
    )


def _stage_money(accounts: Sequence[AccountFact], keys: Sequence[int]) -> None:
    bills = [(key, bill) for key, account in zip(keys, accounts, strict=True) for bill in account.bills]
    copy_rows(
        "staged_bill",
        ("id", "account_id", "ref", "statement_on", "due_on", "principal", "interest", "service_fee", "recorded_at"),
        (
            (
                key,
                account,
                bill.ref,
                bill.statement_on,
                bill.due_on,
                money_text(bill.amount),
                0,
                0,
                midnight(bill.statement_on),
            )
            for key, (account, bill) in zip(reserve_keys(Bill, len(bills)), bills, strict=True)
        ),
    )
    payments = [(key, payment) for key, account in zip(keys, accounts, strict=True) for payment in account.payments]
    copy_rows(
        "staged_payment",
        ("id", "account_id", "ref", "amount", "effective_on", "recorded_at", "channel"),
        (
            (
                *(key, account, payment.ref, money_text(payment.amount), payment.effective_on),
                *(midnight(payment.effective_on), payment.channel),
            )
            for key, (account, payment) in zip(reserve_keys(Payment, len(payments)), payments, strict=True)
        ),
    )


def midnight(day: date) -> datetime:
    """The first moment of a day in the book's zone."""
    return datetime.combine(day, time(), BOOK_ZONE)
