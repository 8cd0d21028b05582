"""A small book at the end of March 2026 in which every step of a close has several batches of work."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from accounts.models import BillKind
from accounts.services import customers, posting
from audit.services import SystemActor
from cases.models import Case
from cases.services.promises import take_promise
from freezing.core import DONE, Answer
from freezing.models import FreezePolicy
from freezing.services.commands import command
from freezing.services.sending import settle
from runs import clock
from staff.models import User
from strategy.models import Proposal, Rule
from tests.factories import PlanFactory, PortfolioFactory, UserFactory
from waivers.models import ReasonCode
from waivers.selectors import Wanted
from waivers.services.asking import ask

ACTOR = SystemActor("test")
NOON = datetime(2026, 3, 30, 4, 0, tzinfo=UTC)
OPENING = date(2026, 3, 29)
FIRST = date(2026, 3, 30)
# The end of a month: late fees are posted on it.
DAY = date(2026, 3, 31)

NEWLY_LATE_ON_DAY = 7
# Of them so many with an instalment of a plan, which is at risk then.
IN_PLANS = 5
MOVING_ON_DAY = 5


def make_book() -> None:
    """Imported at noon on 30 March. On the 31st seven accounts become late; five move to M2, break a promise, lose a waiver that
    waited for a payment, and are frozen by the policy; one is cured, and unfrozen."""
    supervisor = UserFactory(username="supervisor", role="supervisor")
    PortfolioFactory()
    FreezePolicy.objects.update(freezes=True, unfreezes=True, days_late=31)
    with clock.frozen(NOON):
        for number in range(NEWLY_LATE_ON_DAY):
            owe(f"new{number}", due_on=date(2026, 3, 30), in_plan=number < IN_PLANS)
        for number in range(MOVING_ON_DAY):
            old = owe(f"old{number}", due_on=date(2026, 2, 28))
            promise(old, by=supervisor)
            waive_once_paid(old, by=supervisor)
            Proposal.objects.create(
                account_id=old, kind="freeze", rule=Rule.objects.earliest("pk"), business_day=OPENING
            )
        cured = owe("cured", due_on=date(2026, 3, 10))
        (frozen,) = command(actor=ACTOR, account_ids=[cured], verb="freeze", reason="Late")
        settle(frozen.pk, Answer(DONE))
        posting.post_payment(actor=ACTOR, account_id=cured, ref="P-cured", amount=Decimal("300.00"), effective_on=DAY)
        owe("ahead", due_on=date(2026, 4, 20))


def owe(name: str, *, due_on: date, in_plan: bool = False) -> int:
    """A customer who may be written to, with one account and one bill, of a plan if so; the account's key."""
    customer = customers.register_customer(actor=ACTOR, ref=f"C-{name}", name="王小明")
    customers.add_contact_point(
        actor=ACTOR,
        customer_id=customer.pk,
        kind="email",
        value=f"{name}@example.com",
        source="contract",
        relationship="own",
        permitted=True,
        verification="verified",
    )
    account = posting.open_account(
        actor=ACTOR, ref=f"A-{name}", customer_id=customer.pk, product_code="instalment", currency="CNY"
    )
    bill = posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref=f"B-{name}",
        statement_on=due_on - timedelta(days=20),
        due_on=due_on,
        principal=Decimal("200.00"),
        kind=BillKind.PLAN if in_plan else BillKind.STATEMENT,
    )
    if in_plan:
        PlanFactory(
            ref=f"R-{name}",
            account=account,
            status="running",
            starts_on=bill.statement_on,
            running_on=bill.statement_on,
            terms={"kind": "settlement", "first_due_on": due_on.isoformat()},
            bill=bill,
        )
    return account.pk


def waive_once_paid(account_id: int, *, by: User) -> None:
    """A late fee that her policy waives if she pays by the 31st; no money comes."""
    agreed = {"condition_amount": Decimal("50.00"), "condition_on": DAY}
    waiver = ask(actor=by, wanted=Wanted(account_id, ReasonCode.FIRST, **agreed), reason="Her first time")
    assert waiver.status == "waiting"


def promise(account_id: int, *, by: User) -> None:
    """A promise to pay by the 30th, which the money of the 31st still keeps; there is none."""
    case = Case.objects.get(customer__accounts=account_id)
    take_promise(
        actor=by, case_id=case.pk, seen_version=case.version, instalments=[(date(2026, 3, 30), Decimal("50.00"))]
    )
