"""Walks by chance over everything that is asked for, decided, paid, taken back, judged by the days and told the core system:
whatever comes, the book proves itself, no account is in two plans, and nobody decides her own.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import Account
from accounts.services import posting
from staff.models import User
from tests.accounts.strategies import examples
from tests.factories import UserFactory
from tests.restructuring.deeds import ACTOR, bill
from tests.restructuring.walking import Deeds
from tests.sizes import sized

# What must have happened for a run to have shown anything.
NEEDED = sized(
    {"plan-asked", "waiver-asked", "freeze-asked", "approved", "rejected", "paid", "reversed", "day-passed", "told"},
    {
        *("plan-asked", "waiver-asked", "waiver-back-asked", "reversal-asked", "write-off-asked", "freeze-asked"),
        *("approved", "rejected", "sent-back", "paid", "reversed", "day-passed", "told"),
    },
)
STEPS = sized(25, 50)


@pytest.mark.long
@pytest.mark.django_db
def test_whatever_happens_the_book_proves_itself(account: Account, lin: User, chen: User) -> None:
    other = posting.open_account(
        actor=ACTOR, ref="A2", customer_id=account.customer_id, product_code="instalment", currency="CNY"
    )
    bill(other, "B9", date(2025, 11, 20), date(2025, 12, 10), "400")
    Deeds.accounts, Deeds.people = [account, other], {"lin": lin, "chen": chen, "wang": UserFactory(role="supervisor")}
    Deeds.did = set()
    # Making a failure shorter takes minutes: for a night.
    phases = sized([Phase.generate], [Phase.generate, Phase.shrink])
    run_state_machine_as_test(
        Deeds, settings=settings(examples(sized(12, 20)), stateful_step_count=STEPS, phases=phases)
    )
    assert Deeds.did >= NEEDED, NEEDED - Deeds.did
