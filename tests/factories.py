"""Rows for tests, made straight in the database: for pages and reads, where the way they came about does not matter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from accounts import vault
from accounts.models import (
    Account,
    Bill,
    ContactPoint,
    Customer,
    EntryKind,
    Hold,
    LedgerEntry,
    Payment,
    Product,
    Reversal,
    Standing,
    StandingChange,
)
from audit.models import Event
from cases.models import Case
from compliance.models import Complaint, Contact, ContactDecision
from reminders.models import Message
from restructuring.models import Plan, PlanInstalment, PlanRule
from runs.models import BusinessDay, DayClose, JobRun
from staff.models import Portfolio, Role, Team, User
from strategy.models import Simulation, Version

DAY = date(2026, 11, 22)
MOMENT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team
        django_get_or_create = ("name",)

    name = "Team 1"


class PortfolioFactory(DjangoModelFactory[Portfolio]):
    class Meta:
        model = Portfolio

    team = factory.SubFactory(TeamFactory)
    name = "Everything"


class UserFactory(DjangoModelFactory[User]):
    """A collector of the one team, unless told: `role="supervisor"`, `team=None`, `role=""` for no role at all."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"collector{n}")
    display_name = "Lin"
    is_staff = True
    team = factory.SubFactory(TeamFactory)

    @factory.post_generation
    def role(self, create: bool, extracted: str | None, **kwargs: object) -> None:
        code = "collector" if extracted is None else extracted
        if create and code:
            self.groups.add(Role.objects.get(code=code))

    password = factory.django.Password("correct horse")


class BusinessDayFactory(DjangoModelFactory[BusinessDay]):
    class Meta:
        model = BusinessDay
        django_get_or_create = ("date",)

    date = DAY
    opened_at = closed_at = MOMENT


class DayCloseFactory(DjangoModelFactory[DayClose]):
    class Meta:
        model = DayClose

    date = DAY
    step = "age"
    position = 1
    status = "done"
    total = done = 1200
    started_at = MOMENT
    finished_at = MOMENT + timedelta(seconds=83)


class JobRunFactory(DjangoModelFactory[JobRun]):
    class Meta:
        model = JobRun

    kind = "import-book"
    function = "accounts.jobs.import_book"
    created_at = MOMENT


class SimulationFactory(DjangoModelFactory[Simulation]):
    """Of the installed strategy, not done yet."""

    class Meta:
        model = Simulation

    version = champion = factory.LazyFunction(lambda: Version.objects.get(number=1))
    edits = 1
    first_day = DAY - timedelta(days=2)
    last_day = DAY
    run = factory.SubFactory(JobRunFactory, kind="strategy-simulation")
    asked_by_name = "Lin"
    asked_at = MOMENT


class CustomerFactory(DjangoModelFactory[Customer]):
    class Meta:
        model = Customer

    ref = factory.Sequence(lambda n: f"C{n:06d}")
    name = factory.Sequence(lambda n: f"{'王李陈赵刘孙周吴郑'[n % 9]}{'小晓建秀玉'[n % 5]}{'明华洋琳涛英'[n % 6]}")
    id_number_cipher = factory.LazyFunction(lambda: vault.encrypt("110101199003072046"))
    recorded_at = MOMENT


class ContactPointFactory(DjangoModelFactory[ContactPoint]):
    class Meta:
        model = ContactPoint
        exclude = ("clear",)

    customer = factory.SubFactory(CustomerFactory)
    kind = "email"
    clear = factory.Sequence(lambda n: f"person{n}@example.com")
    value_cipher = factory.LazyAttribute(lambda made: vault.encrypt(made.clear))
    value_index = factory.LazyAttribute(lambda made: vault.blind_index(made.kind, made.clear))
    source = "contract"
    relationship = "own"
    permitted = True
    verification = "verified"
    recorded_at = MOMENT


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product
        django_get_or_create = ("code",)

    code = "plain"
    name = "Plain"


class AccountFactory(DjangoModelFactory[Account]):
    class Meta:
        model = Account

    ref = factory.Sequence(lambda n: f"A{n:06d}")
    customer = factory.SubFactory(CustomerFactory)
    product = factory.SubFactory(ProductFactory)
    currency = "CNY"
    credit_limit = Decimal(20000)
    recorded_at = MOMENT


class BillFactory(DjangoModelFactory[Bill]):
    class Meta:
        model = Bill

    account = factory.SubFactory(AccountFactory)
    ref = factory.Sequence(lambda n: f"B{n:07d}")
    due_on = DAY - timedelta(days=78)
    statement_on = factory.LazyAttribute(lambda made: made.due_on - timedelta(days=20))
    principal = Decimal("3310.00")
    minimum_given = minimum_due = Decimal("2310.00")
    recorded_at = MOMENT


class PaymentFactory(DjangoModelFactory[Payment]):
    class Meta:
        model = Payment

    account = factory.SubFactory(AccountFactory)
    ref = factory.Sequence(lambda n: f"P{n:07d}")
    amount = Decimal("1000.00")
    effective_on = DAY - timedelta(days=14)
    recorded_at = MOMENT - timedelta(days=14)
    channel = "bank transfer"


class ReversalFactory(DjangoModelFactory[Reversal]):
    class Meta:
        model = Reversal

    payment = factory.SubFactory(PaymentFactory)
    effective_on = DAY - timedelta(days=10)
    recorded_at = MOMENT - timedelta(days=10)
    reason = "Returned by the bank"


class EntryFactory(DjangoModelFactory[LedgerEntry]):
    class Meta:
        model = LedgerEntry

    account = factory.SubFactory(AccountFactory)
    kind = EntryKind.CHARGE
    amount = Decimal("3310.00")
    effective_on = DAY - timedelta(days=98)
    recorded_at = MOMENT


class HoldFactory(DjangoModelFactory[Hold]):
    class Meta:
        model = Hold

    account = factory.SubFactory(AccountFactory)
    kind = "fees"
    starts_on = DAY - timedelta(days=5)
    reason = "Complaint under review"
    known_from = recorded_at = MOMENT


class StandingFactory(DjangoModelFactory[Standing]):
    class Meta:
        model = Standing

    account = factory.SubFactory(AccountFactory)
    overdue_since = DAY - timedelta(days=78)
    late_on = factory.LazyAttribute(lambda made: made.overdue_since + timedelta(days=1))
    clock_from_on = factory.SelfAttribute("overdue_since")
    bucket = "M3"
    kind = "multiple"
    risk_class = "special-mention"
    overdue_amount = Decimal("10480.55")


class StandingChangeFactory(DjangoModelFactory[StandingChange]):
    class Meta:
        model = StandingChange

    account = factory.SubFactory(AccountFactory)
    business_day = DAY
    cause = "day"
    from_bucket = "M2"
    to_bucket = "M3"
    to_kind = "multiple"
    to_risk_class = "special-mention"
    to_overdue_amount = Decimal("10480.55")
    recorded_at = MOMENT


class CaseFactory(DjangoModelFactory[Case]):
    class Meta:
        model = Case

    ref = factory.Sequence(lambda n: f"K2026-{n:06d}")
    customer = factory.SubFactory(CustomerFactory)
    opened_on = DAY - timedelta(days=77)
    opened_at = MOMENT - timedelta(days=77)
    bucket = "M3"
    risk_class = "special-mention"
    currency = "CNY"
    overdue_amount = Decimal("10480.55")
    clock_from_on = DAY - timedelta(days=78)
    team = factory.SubFactory(TeamFactory)


class DecisionFactory(DjangoModelFactory[ContactDecision]):
    class Meta:
        model = ContactDecision

    customer = factory.SubFactory(CustomerFactory)
    channel = "email"
    purpose = "reminder"
    at = decided_at = MOMENT
    actor_name = "close of day"
    allowed = True
    rule = "contact-hours"
    rule_version = 1


class MessageFactory(DjangoModelFactory[Message]):
    class Meta:
        model = Message

    customer = factory.SubFactory(CustomerFactory)
    key = factory.LazyAttribute(lambda made: f"first-late:{made.customer.pk}:{made.business_day}")
    contact_point = factory.SubFactory(ContactPointFactory, customer=factory.SelfAttribute("..customer"))
    decision = factory.SubFactory(
        DecisionFactory,
        customer=factory.SelfAttribute("..customer"),
        contact_point=factory.SelfAttribute("..contact_point"),
    )
    channel = "email"
    purpose = "reminder"
    template = "first-late"
    language = "en"
    business_day = DAY
    status = "sent"
    send_after = created_at = sent_at = MOMENT
    header_id = factory.Sequence(lambda n: f"<{n}@delinquency.example>")
    attempts = 1
    subject = "A payment is late"
    body = "Dear customer,\n\na payment of yours is late."


class PlanFactory(DjangoModelFactory[Plan]):
    """A plan that is asked for, of one instalment."""

    class Meta:
        model = Plan
        skip_postgeneration_save = True

    ref = factory.Sequence(lambda n: f"R{n:08d}")
    account = factory.SubFactory(AccountFactory)
    customer = factory.SelfAttribute("account.customer")
    rule = factory.LazyFunction(lambda: PlanRule.objects.earliest("effective_from"))
    kind = "settlement"
    currency = "CNY"
    starts_on = DAY
    terms = {"kind": "settlement", "first_due_on": "2026-12-22"}
    principal = total = present_value = Decimal(1000)
    interest = service_fee = late_fee = Decimal(0)
    grace_days = 3
    breach_after = 1
    breach_terms = "restore"
    asked_at = MOMENT
    asked_by_name = "Lin"

    @factory.post_generation
    def bill(self, create: bool, extracted: Bill | None, **kwargs: object) -> None:
        due_on = extracted.due_on if extracted else DAY + timedelta(days=30)
        amount = extracted.principal if extracted else self.total
        PlanInstalment.objects.create(
            plan=self, number=1, due_on=due_on, principal=amount, interest=0, fee=0, bill=extracted
        )


class EventFactory(DjangoModelFactory[Event]):
    class Meta:
        model = Event

    at = MOMENT
    actor_name = "close of day"
    verb = "case.opened"
    subject_type = "case"
    subject_ref = "K2026-000001"
    after = {"bucket": "M1"}


class ContactFactory(DjangoModelFactory[Contact]):
    class Meta:
        model = Contact

    customer = factory.SubFactory(CustomerFactory)
    decision = factory.SubFactory(
        DecisionFactory, customer=factory.SelfAttribute("..customer"), channel="voice", purpose="collection"
    )
    channel = "voice"
    outcome = "no-answer"
    at = recorded_at = MOMENT
    actor_name = "Lin"


class ComplaintFactory(DjangoModelFactory[Complaint]):
    class Meta:
        model = Complaint

    ref = factory.Sequence(lambda n: f"CP{n:08d}")
    customer = factory.SubFactory(CustomerFactory)
    reason = "hours"
    channel = "voice"
    received_on = DAY
    due_on = DAY + timedelta(days=15)
    text = "Called at night"
    recorded_at = MOMENT
    recorded_by_name = "Lin"
