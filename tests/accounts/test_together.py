"""What is posted together stands as if it had been posted one by one: the book, who is told, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import BookError, Conflict, Invalid
from accounts.models import Account, Allocation, Bill, LedgerEntry, Relief, Standing, StandingChange
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, posting, reactions
from accounts.services.posting import NewBill, post_bill, post_bills
from accounts.services.re_aging import together
from accounts.services.relief import Grant, TakingBack, grant, grant_many, take_back, take_back_many
from audit.models import Event
from audit.services import SystemActor
from runs import clock
from tests.accounts.strategies import examples

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def accounts() -> Any:
    """Two of one customer, of different products, with nothing on them."""
    with clock.frozen(NOON):
        customer = customers.register_customer(actor=ACTOR, ref="K1", name="王小明")
        yield [
            posting.open_account(actor=ACTOR, ref=ref, customer_id=customer.pk, product_code=product, currency="CNY")
            for ref, product in (("A1", "instalment"), ("A2", "revolving"))
        ]


# Few days and few amounts, so that they meet; the open day among them, and a day ahead.
DAYS = [TODAY - timedelta(days=back) for back in (60, 45, 30, 15, 1, 0, 0, -3)]
which = st.integers(0, 1)
amounts = st.sampled_from(["5", "60", "100", "100", "240"]).map(Decimal)
money = st.lists(st.tuples(which, st.sampled_from(DAYS), amounts), max_size=3)
new_bills = st.lists(
    st.tuples(st.sampled_from(DAYS[:6]), st.integers(0, 20), amounts, st.sampled_from(["statement", "plan"])),
    max_size=3,
)
# An account, the place of a bill (3: late fees), a day, an amount, a kind, and whether it is taken back again.
wanted = st.lists(
    st.tuples(
        which, st.integers(0, 3), st.sampled_from(DAYS), amounts,
        st.sampled_from(["waiver", "closure", "void", "discount"]), st.sampled_from([None, 0, 0, 20]),
    ),
    max_size=4,
)  # fmt: skip


def test_many_are_as_one_by_one(accounts: list[Account]) -> None:
    done: list[bool] = []

    @given(payments=money, more=new_bills, reliefs=wanted, fitting=st.sampled_from([True, True, True, False]))
    @examples(12)
    def prove(payments: Any, more: Any, reliefs: Any, fitting: bool) -> None:
        done.append(_are_the_same(accounts, payments, more, reliefs, fitting=fitting))

    prove()
    assert done.count(True) > 2


def _are_the_same(accounts: list[Account], payments: Any, more: Any, reliefs: Any, *, fitting: bool) -> bool:
    """Whether what was to be posted was, by either way alike. With `fitting` of the reliefs only those that can be granted."""
    with undone():
        for account in accounts:
            post_bills(actor=ACTOR, account_id=account.pk, bills=_first(account))
        for number, (n, day, amount) in enumerate(payments):
            given = {"account_id": accounts[n].pk, "ref": f"P{number}", "amount": amount, "effective_on": day}
            posting.post_payment(actor=ACTOR, **given)
        bills = [
            NewBill(f"N{n}", day, day + timedelta(days=due), amount, kind=kind)
            for n, (day, due, amount, kind) in enumerate(more)
        ]
        # In the order in which reliefs take off, which is by day and reference.
        grants = sorted(
            (
                Grant(accounts[n].pk, f"R{number}", kind, amount, day, _bill(accounts[n], place), "Agreed")
                for number, (n, place, day, amount, kind, _) in enumerate(reliefs)
            ),
            key=lambda one: (one.effective_on, one.ref),
        )
        back = {f"R{number}": days for number, (*_, days) in enumerate(reliefs) if days is not None}

        def bill() -> None:
            for one in bills:
                post_bill(actor=ACTOR, account_id=accounts[0].pk, **vars(one))

        if fitting:
            with undone():
                bill()
                grants = [one for one in grants if _fits(one)]

        def one_by_one() -> None:
            bill()
            granted = [grant(actor=ACTOR, **vars(one)) for one in grants]
            for one in _taken_back(granted, back):
                take_back(actor=ACTOR, **vars(one))

        def many() -> None:
            post_bills(actor=ACTOR, account_id=accounts[0].pk, bills=bills)
            granted = grant_many(actor=ACTOR, grants=grants)
            take_back_many(actor=ACTOR, wanted=_taken_back(granted, back))

        def at_once() -> None:
            with together(actor=ACTOR, cause="relief"):
                post_bills(actor=ACTOR, account_id=accounts[0].pk, bills=bills)
                granted = grant_many(actor=ACTOR, grants=grants)
            with together(actor=ACTOR, cause="relief"):
                take_back_many(actor=ACTOR, wanted=_taken_back(granted, back))

        expected = outcome(one_by_one)
        assert outcome(many) == expected
        assert outcome(at_once) == expected
        return expected is not None


def _fits(one: Grant) -> bool:
    try:
        grant(actor=ACTOR, **vars(one))
    except BookError:
        return False
    return True


def _first(account: Account) -> list[NewBill]:
    days = ((date(2025, 12, 20), 22), (date(2026, 1, 20), 21), (date(2026, 2, 20), 20))
    return [
        NewBill(f"{account.ref}-{n}", day, day + timedelta(days=due), Decimal(100), Decimal(n))
        for n, (day, due) in enumerate(days)
    ]


def _bill(account: Account, place: int) -> int | None:
    return None if place == 3 else Bill.objects.get(ref=f"{account.ref}-{place}").pk


def _taken_back(granted: list[Relief], back: dict[str, int]) -> list[TakingBack]:
    return [
        TakingBack(relief.pk, "No", relief.effective_on + timedelta(days=back[relief.ref]))
        for relief in granted
        if relief.ref in back
    ]


class undone(transaction.Atomic):  # noqa: N801  # used as a function
    """A block of which nothing is left."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __exit__(self, *given: Any) -> None:
        transaction.set_rollback(True)
        super().__exit__(*given)


def outcome(deed: Callable[[], None]) -> Any:
    """What the book says after it, and what was recorded of it; None where it was refused, and then nothing changed. (Of several
    that do not fit, another one may be told.)"""
    with undone():
        last = Event.objects.latest("pk").pk
        try:
            with transaction.atomic():
                deed()
        except BookError:
            assert Event.objects.latest("pk").pk == last
            return None
        assert list(differences(*account_range())) == []
        return said(last)


def said(last: int) -> list[Any]:
    """Everything kept of the book, without keys and moments; of a ledger the sum of each day and cause, of which an adjustment is
    a part; of the record what was posted."""
    entries = LedgerEntry.objects.values_list("account", "effective_on", "bill__ref", "payment__ref", "relief__ref")
    return [
        sorted(
            Bill.objects.values_list("ref", "minimum_due", "rolled_in", "rolled_out", "allocated", "missed"), key=repr
        ),
        sorted((row for row in entries.annotate(sum=Sum("amount")) if row[-1]), key=repr),
        sorted(
            Allocation.objects.values_list(
                "account", "entry__payment__ref", "entry__relief__ref", "bill__ref", "component", "rule_version"
            ).annotate(sum=Sum("amount")),
            key=repr,
        ),
        list(Standing.objects.order_by("account").values()),
        list(Account.objects.order_by("pk").values_list("aged_on", "wakes_on")),
        sorted(
            Event.objects.filter(pk__gt=last)
            .exclude(subject_type__in=["account", "case"])
            .values_list("verb", "subject_ref", "account_id", "customer_id", "before", "after", "reason"),
            key=repr,
        ),
    ]


def test_of_what_is_posted_together_the_floors_above_are_told_once(accounts: list[Account], monkeypatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(reactions, "_standing_moved", [lambda actor, moved, in_bulk: told.append(len(moved))])
    monkeypatch.setattr(reactions, "_money_moved", [lambda actor, ids: told.append(list(ids))])
    with together(actor=ACTOR, cause="relief"):
        for account in accounts:
            bills = post_bills(actor=ACTOR, account_id=account.pk, bills=_first(account))
            grant_many(
                actor=ACTOR,
                grants=[Grant(account.pk, f"{account.ref}-W", "waiver", Decimal(10), TODAY, bills[0].pk, "Agreed")],
            )
        assert told == []
        assert not Standing.objects.exists()
    assert told == [2, [accounts[0].customer_id]]
    assert StandingChange.objects.count() == 2


def test_one_that_does_not_fit_refuses_all(accounts: list[Account]) -> None:
    (bill, *_), (other, *_) = (
        post_bills(actor=ACTOR, account_id=account.pk, bills=_first(account)) for account in accounts
    )
    fits = Grant(accounts[0].pk, "R1", "waiver", Decimal(10), TODAY, bill.pk, "Agreed")
    refused: list[tuple[type[BookError], str, Grant]] = [
        (Conflict, "Of bill A2-0 only", Grant(accounts[1].pk, "R2", "closure", Decimal(101), TODAY, other.pk)),
        (Conflict, "exists with another amount", Grant(accounts[0].pk, "R1", "waiver", Decimal(9), TODAY, bill.pk)),
        (Invalid, "belongs to another account", Grant(accounts[1].pk, "R2", "closure", Decimal(1), TODAY, bill.pk)),
        (Invalid, "is no amount", Grant(accounts[1].pk, "R2", "closure", Decimal(0), TODAY, other.pk)),
    ]
    before = said(0)
    for error, why, wrong in refused:
        with pytest.raises(error, match=why):
            grant_many(actor=ACTOR, grants=[fits, wrong])
        assert said(0) == before
    first, same = grant_many(actor=ACTOR, grants=[fits, fits])
    assert first.pk == same.pk
    with pytest.raises(Conflict, match="taken back already"):
        take_back_many(actor=ACTOR, wanted=[TakingBack(first.pk, "No"), TakingBack(first.pk, "No")])
