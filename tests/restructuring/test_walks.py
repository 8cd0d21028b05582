"""Random walks over everything that happens to a plan: whatever comes, the book proves itself, and no account is in two plans."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from accounts.errors import BookError
from accounts.models import Payment, Relief
from accounts.selectors.owed import owed_now
from accounts.services import posting
from accounts.services.relief import grant, take_back
from restructuring.models import LIVE, PROPOSED, Plan
from restructuring.terms import CARRY, LEAVE, OVERDUE, WHOLE, Terms
from runs import clock
from runs.selectors import book_day
from tests.restructuring.deeds import ACTOR, approve, ask, bill, close_through, noon, proved, unsigned_plans

pytestmark = pytest.mark.django_db
STEPS = 24


@pytest.mark.parametrize("seed", range(6))
def test_the_book_proves_itself_after_every_step(seed: int, account, lin, chen) -> None:
    unsigned_plans()
    walk = Walk(Random(seed), account, lin, chen)
    for step in range(STEPS):
        with clock.frozen(noon(book_day() + timedelta(days=1))):
            name = walk.step(step)
            live = Plan.objects.filter(account=account, status__in=LIVE).count()
            assert live <= 1, name
            proved(account)
    assert walk.did >= {"ask", "pay", "pass_days"}


class Walk:
    """Deeds drawn by chance; what the book refuses is refused and nothing else happens."""

    def __init__(self, draw: Random, account, lin, chen) -> None:
        self.draw, self.account, self.lin, self.chen = draw, account, lin, chen
        self.did: set[str] = set()

    def step(self, number: int) -> str:
        deeds = [
            self.ask,
            self.decide,
            self.decide,
            self.pay,
            self.reverse,
            self.pass_days,
            self.waive,
            self.take_back,
            self.owe,
        ]
        deed = self.draw.choice(deeds)
        try:
            deed(number)
        except BookError:
            pass
        else:
            self.did.add(deed.__name__)
        return deed.__name__

    @property
    def day(self) -> date:
        return book_day() + timedelta(days=1)

    def ask(self, number: int) -> None:
        kind = self.draw.choice(["instalments", "instalments", "extension", "settlement"])
        ask(
            self.lin,
            self.account,
            Terms(
                kind=kind,
                first_due_on=self.day + timedelta(days=self.draw.randint(2, 25)),
                covers=self.draw.choice([OVERDUE, WHOLE]),
                late_fee=self.draw.choice([CARRY, LEAVE]),
                method=self.draw.choice(["equal-instalments", "equal-principal", "stepped", "balloon"]),
                count=self.draw.randint(1, 6),
                annual_rate=Decimal(self.draw.randint(0, 20)) / 100,
                step_every=2,
                step_rate=Decimal("0.1"),
                balloon=self.draw.randint(0, 20_000),
                discount=self.draw.randint(0, 20_000) if kind == "settlement" else 0,
            ),
        )

    def decide(self, number: int) -> None:
        plan = Plan.objects.filter(account=self.account, status__in=PROPOSED).first()
        if plan is not None:
            approve(self.chen, plan)
            self.did.add("approve")

    def pay(self, number: int) -> None:
        posting.post_payment(
            actor=ACTOR,
            account_id=self.account.pk,
            ref=f"P{number}",
            amount=Decimal(self.draw.choice([5_000, 30_000, 90_000, 250_000])) / 100,
            effective_on=self.day - timedelta(days=self.draw.choice([0, 0, 1, 9, 40])),
        )

    def reverse(self, number: int) -> None:
        payments = list(Payment.objects.filter(account=self.account, reversal=None).order_by("pk"))
        if payments:
            posting.reverse_payment(actor=ACTOR, payment_id=self.draw.choice(payments).pk, reason="returned")

    def pass_days(self, number: int) -> None:
        close_through(self.day + timedelta(days=self.draw.randint(0, 12)))

    def waive(self, number: int) -> None:
        fee = owed_now([self.account.pk])[self.account.pk].late_fee_now
        if fee:
            grant(
                actor=ACTOR,
                account_id=self.account.pk,
                ref=f"W{number}",
                kind="waiver",
                amount=min(fee, Decimal(3)),
                effective_on=self.day,
                reason="hardship",
            )

    def take_back(self, number: int) -> None:
        relief = Relief.objects.filter(kind="waiver", reversal=None).first()
        if relief is not None:
            take_back(actor=ACTOR, relief_id=relief.pk, reason="mistake")

    def owe(self, number: int) -> None:
        bill(self.account, f"N{number}", self.day, self.day + timedelta(days=15), "120")
