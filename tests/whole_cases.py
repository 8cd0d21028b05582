"""Cases with everything that hangs on one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from cases.models import Case
from staff.models import Portfolio
from tests.factories import (
    MOMENT,
    AccountFactory,
    BillFactory,
    CaseFactory,
    ContactPointFactory,
    DecisionFactory,
    EntryFactory,
    EventFactory,
    HoldFactory,
    MessageFactory,
    PaymentFactory,
    PortfolioFactory,
    ReversalFactory,
    StandingChangeFactory,
    StandingFactory,
)


def late_case(bills: int = 4, **case_fields: object) -> Case:
    """An open case with one late account: bills, a payment that came back, contact points, a message, a history."""
    case = CaseFactory(**case_fields)
    customer = case.customer
    account = AccountFactory(customer=customer)
    StandingFactory(
        account=account,
        bucket=case.bucket,
        clock_from_on=case.clock_from_on,
        overdue_since=case.clock_from_on,
        overdue_amount=case.overdue_amount,
    )
    for number in range(bills):
        bill = BillFactory(
            account=account,
            due_on=case.clock_from_on + timedelta(days=31 * number),
            allocated=Decimal("1000.00") if number == 0 else Decimal(0),
        )
        EntryFactory(account=account, bill=bill, amount=bill.principal, effective_on=bill.statement_on)
    PaymentFactory(account=account)
    ReversalFactory(payment=PaymentFactory(account=account, amount=Decimal("520.40"), channel="card"))
    ContactPointFactory(customer=customer, kind="mobile", clear="13800002046", verification="unverified")
    HoldFactory(account=account)
    StandingChangeFactory(account=account)
    MessageFactory(customer=customer)
    DecisionFactory(customer=customer, allowed=False, next_allowed_at=MOMENT + timedelta(hours=9))
    EventFactory(customer_id=customer.pk, account_id=account.pk, subject_ref=case.ref)
    return case


def workable_case(**case_fields: object) -> Case:
    """An open case as the services leave one, so that they can work it: a team's portfolio, one late account whose ledger adds
    up, a verified mobile of the debtor's and one of a contact person's."""
    if not Portfolio.objects.exists():
        PortfolioFactory()
    case = CaseFactory(overdue_amount=Decimal("6930.00"), **case_fields)
    account = AccountFactory(customer=case.customer)
    StandingFactory(account=account, overdue_amount=case.overdue_amount)
    for number in range(4):
        bill = BillFactory(account=account, due_on=case.clock_from_on + timedelta(days=31 * number))
        EntryFactory(account=account, bill=bill, amount=bill.principal, effective_on=bill.statement_on)
    ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002046")
    ContactPointFactory(customer=case.customer, kind="mobile", clear="13900003333", relationship="contact-person")
    return case
