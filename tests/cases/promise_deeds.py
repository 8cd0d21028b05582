"""What people and money do to promises, on a debtor of one case, from the same day on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from accounts.models import Account, Payment
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, posting
from audit.models import Event
from audit.services import SystemActor
from cases.models import Case, Dispute, Promise
from cases.services.disputes import close_dispute, open_dispute
from cases.services.promises import take_promise
from delinquency.close_of_day import close_day
from runs import clock
from staff.models import User
from tests.factories import TeamFactory, UserFactory

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 10)


def at(day: date, hour: int = 4) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


def late_account(
    ref: str = "A1", amount: str = "1000.00", currency: str = "CNY", customer_id: int | None = None
) -> Account:
    """An account whose one bill has been late since 1 March; the first has a case, the team's."""
    if customer_id is None:
        customer_id = customers.register_customer(actor=ACTOR, ref=f"K-{ref}", name="王小明").pk
    account = posting.open_account(
        actor=ACTOR, ref=ref, customer_id=customer_id, product_code="plain", currency=currency
    )
    posting.post_bill(
        actor=ACTOR, account_id=account.pk, ref=f"B-{ref}", statement_on=date(2026, 2, 9), due_on=date(2026, 3, 1),
        principal=Decimal(amount),
    )  # fmt: skip
    Case.objects.update(team=TeamFactory())
    return account


def pay(account: Account, amount: str, on: date, ref: str | None = None) -> Payment:
    return posting.post_payment(
        actor=ACTOR,
        account_id=account.pk,
        ref=ref or f"P{Payment.objects.count()}",
        amount=Decimal(amount),
        effective_on=on,
    )


def promise(*parts: tuple[int, str], by: User | None = None, **options: object) -> Promise:
    """So many days ahead, so much."""
    case = Case.objects.get()
    return take_promise(
        actor=by or UserFactory(role="supervisor"),
        case_id=case.pk,
        seen_version=case.version,
        instalments=[(days(ahead), Decimal(amount)) for ahead, amount in parts],
        **options,
    )


def close_through(day: date) -> None:
    with clock.frozen(at(day, 15)):
        close_day(actor=ACTOR, through=day)


def verdict(of: Promise) -> tuple[str, Decimal, list[str]]:
    of.refresh_from_db()
    return of.status, of.got, list(of.instalments.order_by("number").values_list("status", flat=True))


def verbs(of: Promise) -> list[str]:
    return list(
        Event.objects.filter(subject_type="promise", subject_id=of.pk).order_by("pk").values_list("verb", flat=True)
    )


def everything_agrees() -> None:
    assert list(differences(*account_range())) == []


def take(account: Account, *parts: tuple[int, str], **options: object) -> Promise:
    case = Case.objects.get(customer_id=account.customer_id)
    return take_promise(
        actor=UserFactory(role="supervisor"),
        case_id=case.pk,
        seen_version=case.version,
        instalments=[(days(ahead), Decimal(amount)) for ahead, amount in parts],
        **options,
    )


def dispute(reason: str = "paid", account: Account | None = None) -> Dispute:
    case = Case.objects.get()
    return open_dispute(
        actor=UserFactory(role="supervisor"),
        case_id=case.pk,
        seen_version=case.version,
        reason=reason,
        statement="Paid at the counter",
        account_id=account.pk if account else None,
    )


def answer(disputed: Dispute, status: str = "rejected") -> None:
    close_dispute(
        actor=UserFactory(role="supervisor"),
        dispute_id=disputed.pk,
        seen_version=Case.objects.get().version,
        status=status,
        answer="Looked for it",
    )


def open_or_answer() -> None:
    disputed = Dispute.objects.filter(status="open").first()
    if disputed is None:
        dispute()
    else:
        answer(disputed)
