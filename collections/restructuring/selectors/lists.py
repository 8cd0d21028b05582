"""Plans as lists and pages show them: how far each is paid, by the bills' caches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, Count, DecimalField, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.models import Bill, LedgerEntry, ReliefKind
from restructuring.models import Plan, PlanInstalment, PlanStatus

_MONEY = DecimalField(max_digits=14, decimal_places=2)


@dataclass(frozen=True)
class InstalmentRow:
    """One instalment and what was paid of it. `state`: paid, late, due, void, written-off or, before the plan is in the book,
    proposed."""

    instalment: PlanInstalment
    paid: Decimal
    state: str

    @property
    def left(self) -> Decimal:
        return self.instalment.total - self.paid


def with_progress(plans: QuerySet[Plan]) -> QuerySet[Plan]:
    """The plans with what was paid of their bills (`paid`), what was given up left out, and the next due date of what is not paid
    (`next_due_on`)."""
    given_up = _given_up().filter(account=OuterRef("account"), bill__plan_instalment__plan=OuterRef("pk"))
    bills = Bill.objects.filter(plan_instalment__plan=OuterRef("pk")).order_by().values("plan_instalment__plan")
    return plans.annotate(
        paid=Coalesce(
            Subquery(bills.annotate(sum=Sum("allocated")).values("sum")), Value(Decimal("0.00")), output_field=_MONEY
        )
        + Case(
            When(
                status=PlanStatus.WRITTEN_OFF,
                then=Subquery(
                    given_up.order_by().values("bill__plan_instalment__plan").annotate(sum=Sum("amount")).values("sum")
                ),
            ),
            default=Value(Decimal("0.00")),
            output_field=_MONEY,
        ),
        next_due_on=Subquery(
            bills.filter(allocated__lt=F("principal") + F("interest") + F("service_fee"))
            .annotate(first=Min("due_on"))
            .values("first")
        ),
    )


def counts_of(plans: QuerySet[Plan]) -> dict[str, int]:
    """How many plans are in each state. One query."""
    counted = plans.order_by().aggregate(**{str(one.name): Count("pk", filter=Q(status=one)) for one in PlanStatus})
    return {str(one): counted[one.name] for one in PlanStatus}


def instalments_of(plan: Plan, day: date) -> list[InstalmentRow]:
    """The schedule with what came of it, as of the book's day. A breached plan that fell back was paid nothing: what came was
    credited to what it had taken over. One query, two of a plan that was written off."""
    given_up = _given_up_of(plan) if plan.status == PlanStatus.WRITTEN_OFF else {}
    rows = []
    for one in plan.instalments.select_related("bill"):
        paid = Decimal(0) if one.bill is None or _fell_back(plan) else one.bill.allocated
        paid += given_up.get(one.bill_id or 0, Decimal(0))
        if one.bill is None:
            state = "proposed"
        elif _fell_back(plan):
            state = "void"
        elif paid >= one.total:
            state = "paid"
        elif one.bill_id in given_up:
            state = "written-off"
        else:
            state = "late" if one.due_on < day else "due"
        rows.append(InstalmentRow(one, paid, state))
    return rows


def _fell_back(plan: Plan) -> bool:
    return plan.status == PlanStatus.BREACHED and plan.breach_terms == "restore"


def _given_up() -> QuerySet[LedgerEntry]:
    """What write-offs took off, as (negative) entries."""
    return LedgerEntry.objects.filter(relief__kind=ReliefKind.WRITE_OFF)


def _given_up_of(plan: Plan) -> dict[int, Decimal]:
    of_plan = _given_up().filter(account=plan.account_id, bill__plan_instalment__plan=plan)
    return dict(of_plan.order_by().values_list("bill").annotate(sum=Sum("amount")))
