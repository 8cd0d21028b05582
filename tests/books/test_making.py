"""A made book equals what the posting path makes of the same inputs, and leaves the schema as it was."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account, Bill, Customer, LedgerEntry, Payment, Standing
from accounts.selectors.verify import account_range, differences
from accounts.services.customers import register_customer
from accounts.services.posting import open_account, post_bill, post_payment
from audit.services import SystemActor
from delinquency.books.making import BookNotEmpty, make_book, schema
from runs import clock, selectors
from tests.nights import close_night
from tests.sizes import sized

pytestmark = pytest.mark.django_db(transaction=True)
TESTER = SystemActor("test")


def catalogue() -> list[tuple[Any, ...]]:
    """Everything that hangs on the tables of the book, by name and definition."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
                      || is_identity || coalesce(identity_generation, '') || ordinal_position FROM information_schema.columns
                WHERE table_schema = 'public'
               UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
               UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) || convalidated
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
               UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) || tgenabled::text
                 FROM pg_trigger WHERE NOT tgisinternal
               UNION ALL SELECT 'sequence', sequencename, schemaname, data_type::text FROM pg_sequences
                WHERE schemaname = 'public'
               ORDER BY 1, 2, 3, 4"""
        )
        return cursor.fetchall()


def inputs(ref: str) -> dict[str, Any]:
    account = Account.objects.select_related("product").get(ref=ref)
    return {
        "ref": ref,
        "product_code": account.product.code,
        "bills": list(
            account.bills.order_by("due_on").values(
                "ref", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_given"
            )
        ),
        "payments": list(account.payments.values("ref", "amount", "effective_on", "recorded_at", "channel")),
    }


def outcome(ref: str) -> dict[str, Any]:
    """All that is kept of an account, without keys and moments; derived entries as sums of their day."""
    account = Account.objects.get(ref=ref)
    caches = ("ref", "minimum_due", "rolled_in", "rolled_out", "allocated", "missed")
    entries: Counter[tuple[Any, ...]] = Counter()
    for kind, on, bill, payment, amount in LedgerEntry.objects.filter(account=account).values_list(
        "kind", "effective_on", "bill__ref", "payment__ref", "amount"
    ):
        entries["late-fee" if kind == "adjustment" else kind, on, bill, payment] += amount
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.kind, e.effective_on, eb.ref, ep.ref, b.ref, al.component, al.rule_version, sum(al.amount)
                 FROM accounts_allocation al JOIN accounts_ledgerentry e ON e.id = al.entry_id
                 LEFT JOIN accounts_bill eb ON eb.id = e.bill_id LEFT JOIN accounts_payment ep ON ep.id = e.payment_id
                 LEFT JOIN accounts_bill b ON b.id = al.bill_id
                WHERE al.account_id = %s GROUP BY 1, 2, 3, 4, 5, 6, 7""",
            (account.pk,),
        )
        allocations = sorted(map(str, cursor.fetchall()))
    return {
        "bills": list(account.bills.order_by("ref").values_list(*caches)),
        "entries": {key: amount for key, amount in entries.items() if amount},
        "allocations": allocations,
        "standing": Standing.objects.filter(account=account).values().first(),
        "wakes_on": account.wakes_on,
    }


def post(given: dict[str, Any], draw: Random) -> None:
    """Post an account's inputs one by one, payments and bills in any order."""
    customer = register_customer(actor=TESTER, ref=f"P-{given['ref']}", name="某某")
    account = open_account(
        actor=TESTER, ref=given["ref"], customer_id=customer.pk, product_code=given["product_code"], currency="CNY"
    )
    steps = [("bill", bill) for bill in given["bills"]] + [("payment", payment) for payment in given["payments"]]
    draw.shuffle(steps)
    for what, values in steps:
        if what == "bill":
            minimum = values.pop("minimum_given")
            post_bill(actor=TESTER, account_id=account.pk, minimum_due=minimum, **values)
        else:
            post_payment(actor=TESTER, account_id=account.pk, **values)


def empty_the_book() -> None:
    """Take everything out again, past the triggers that forbid it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        guarded = [table for (table,) in cursor.fetchall()]
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("TRUNCATE accounts_customer, accounts_account, audit_event, runs_businessday CASCADE")
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.long
def test_a_made_book_equals_what_posting_makes_of_the_same_inputs() -> None:
    make_book(accounts=400, seed=7, processes=1)
    assert list(differences(*account_range())) == []
    draw = Random(7)
    standings = Standing.objects.values_list("account__ref", flat=True)
    woken = Account.objects.filter(wakes_on__isnull=False).values_list("ref", flat=True)
    revolving = Account.objects.filter(product__code="revolving").values_list("ref", flat=True)
    everyone = sorted(Account.objects.values_list("ref", flat=True))
    some, late, few = sized((3, 3, 2), (15, 12, 5))
    chosen = {*draw.sample(everyone, some), *sorted(standings)[:late], *sorted(woken)[:few], *sorted(revolving)[:few]}
    kept = {ref: (inputs(ref), outcome(ref)) for ref in sorted(chosen)}
    empty_the_book()
    for given, _ in kept.values():
        post(given, draw)
    for ref, (_, made) in kept.items():
        posted = outcome(ref)
        for kept_of in (made, posted):
            if kept_of["standing"]:
                kept_of["standing"].pop("account_id")
        assert posted == made, ref


def test_the_same_seed_makes_the_same_book_and_several_processes_make_no_other() -> None:
    def book() -> list[Any]:
        bills = Bill.objects.order_by("ref").values_list("ref", "due_on", "principal", "allocated", "missed")
        return [*bills, *Payment.objects.order_by("ref").values_list("ref", "amount", "effective_on")]

    # Two slices, so that there is work for two.
    from delinquency.books.making import book as making

    whole, making.SLICE = making.SLICE, 100
    try:
        make_book(accounts=150, seed=3, bills=4, processes=2)
    finally:
        making.SLICE = whole
    first = book()
    empty_the_book()
    make_book(accounts=150, seed=3, bills=4, processes=1)
    assert book() == first
    empty_the_book()
    make_book(accounts=150, seed=4, bills=4, processes=1)
    assert book() != first


def test_the_schema_is_as_before_and_the_book_takes_more_rows() -> None:
    before = catalogue()
    make_book(accounts=60, seed=1, bills=3, processes=2)
    assert catalogue() == before
    account = Account.objects.order_by("-pk")[0]
    paid = post_payment(
        actor=TESTER, account_id=account.pk, ref="after", amount=Decimal("1.00"), effective_on=clock.today()
    )
    assert paid.pk == max(Payment.objects.values_list("pk", flat=True))
    with pytest.raises(BookNotEmpty):
        make_book(accounts=10, seed=1)
    with pytest.raises(CommandError, match="not empty"):
        call_command("make_book", accounts=10)


def test_a_crash_before_the_end_leaves_an_empty_book_and_the_next_run_makes_it(monkeypatch) -> None:
    before = catalogue()

    def crash(*args: object) -> None:
        raise RuntimeError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "take_place", crash)
        with pytest.raises(RuntimeError, match="the machine stopped"):
            make_book(accounts=40, seed=1, bills=3, processes=1)
    assert catalogue() == before
    assert (Account.objects.count(), Customer.objects.count()) == (0, 0)
    make_book(accounts=40, seed=1, bills=3, processes=1)
    assert Account.objects.count() == 40
    assert catalogue() == before


def test_about_a_twelfth_is_late_and_a_hundredth_changes_every_night() -> None:
    make_book(accounts=6_000, seed=1, bills=4, processes=1)
    assert 0.05 < Standing.objects.count() / 6_000 < 0.11
    opened = selectors.book_day()
    assert opened is not None
    for night in range(1, 4):
        result = close_night(opened + timedelta(days=night))
        age = result.steps[0].counts
        changes = age["became_late"] + age["cured"] + age["moved"]
        assert 0.005 < changes / 6_000 < 0.02, age
    first, _ = account_range()
    assert list(differences(first, first + 1_500)) == []
