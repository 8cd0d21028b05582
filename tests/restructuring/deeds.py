"""What happens to plans in tests: bills, money, days, asking, signing, deciding."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from accounts.models import Account, Bill, LedgerEntry, Payment
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.services import posting
from approvals import services as approvals
from approvals.models import Request
from audit.services import SystemActor
from delinquency.close_of_day import close_day
from restructuring.models import Plan, PlanRule
from restructuring.services.asking import ask_plan
from restructuring.terms import Terms
from runs import clock
from runs.selectors import book_day
from staff.models import User

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 1)


def bill(account: Account, ref: str, statement: date, due: date, principal: str, **options: object) -> Bill:
    return posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref,
        statement_on=statement,
        due_on=due,
        principal=Decimal(principal),
        **options,
    )


def pay(account: Account, ref: str, amount: str | Decimal, day: date | None = None) -> Payment:
    return posting.post_payment(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref,
        amount=Decimal(amount),
        effective_on=day or clock.today(),
    )


def unsigned_plans() -> None:
    """Let plans be decided without a signature."""
    PlanRule.objects.update(needs_signature=False)


def ask(actor: User, account: Account, terms: Terms, **options: object) -> Plan:
    return ask_plan(actor=actor, account_id=account.pk, terms=terms, reason="Lost her job", **options)


def approve(actor: User, plan: Plan) -> Request:
    request = Request.objects.get(pk=plan.request_id)
    return approvals.approve(actor=actor, request_id=request.pk, seen_version=request.version)


def running(lin: User, chen: User, account: Account, terms: Terms) -> Plan:
    """A plan in the book."""
    unsigned_plans()
    plan = ask(lin, account, terms)
    approve(chen, plan)
    plan.refresh_from_db()
    return plan


def close_through(day: date) -> None:
    """Every day up to `day`, each at noon of the day after."""
    closed = book_day()
    assert closed is not None
    while closed < day:
        closed += timedelta(days=1)
        with clock.frozen(noon(closed + timedelta(days=1))):
            close_day(actor=ACTOR, day=closed)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def proved(*accounts: Account) -> Decimal:
    """That the book agrees with everything kept of it, and each ledger with what is owed; what is owed on these accounts in all,
    fees not posted included."""
    found = list(differences(*account_range()))
    assert found == [], found
    every = owed_now([account.pk for account in accounts])
    for key, owed in every.items():
        entries = LedgerEntry.objects.filter(account=key).exclude(kind="roll-over").values_list("amount", flat=True)
        assert sum(entries) == owed.total - owed.late_fee_not_posted - owed.waiting_credit
    return sum((owed.total - owed.waiting_credit for owed in every.values()), Decimal(0))
