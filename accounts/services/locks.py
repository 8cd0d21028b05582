"""Locks of the book, always in the same order: customer → account → what hangs on it (docs/locking.md)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from accounts.models import Account, Customer

# `no_key`: rows that refer to a locked one may still be written; nobody changes keys here.
_LOCK_CUSTOMERS = "SELECT FROM accounts_customer WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"


def lock_customer(customer_id: int) -> Customer:
    """Lock one customer for the rest of the transaction."""
    return Customer.objects.select_for_update(no_key=True).get(pk=customer_id)


def lock_customers(customer_ids: Iterable[int]) -> None:
    """Lock customers, by key, for the rest of the transaction. One statement, however many."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CUSTOMERS, (list(customer_ids),))


def lock_account(account_id: int) -> Account:
    """Lock one account, its customer first, for the rest of the transaction; what is returned is fresh."""
    lock_customer(Account.objects.values_list("customer_id", flat=True).get(pk=account_id))
    return Account.objects.select_for_update(no_key=True, of=("self",)).select_related("product").get(pk=account_id)


def lock_accounts(account_ids: Iterable[int]) -> dict[int, Account]:
    """Lock accounts, their customers first, each by key, for the rest of the transaction; fresh, by key."""
    accounts = Account.objects.filter(pk__in=set(account_ids))
    lock_customers(set(accounts.values_list("customer_id", flat=True)))
    locked = accounts.select_for_update(no_key=True, of=("self",)).select_related("product").order_by("pk")
    return {account.pk: account for account in locked}
