"""Plans as lists and pages show them: how far each is paid, by the bills' caches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, DecimalField, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Bill
from restructuring.models import Plan, PlanInstalment, PlanStatus

_MONEY = DecimalField(max_digits=14, decimal_places=2)


@dataclass(frozen=True)
class InstalmentRow:
    """One instalment and what came of it. `state`: paid, late, due or, before the plan is in the book, proposed."""

    instalment: PlanInstalment
    paid: Decimal
    state: str

    @property
    def left(self) -> Decimal:
        return self.instalment.total - self.paid


def with_progress(plans: QuerySet[Plan]) -> QuerySet[Plan]:
    """The plans with what came towards their bills (`paid`) and the next due date of what is not paid (`next_due_on`)."""
    bills = Bill.objects.filter(plan_instalment__plan=OuterRef("pk")).order_by().values("plan_instalment__plan")
    return plans.annotate(
        paid=Coalesce(
            Subquery(bills.annotate(sum=Sum("allocated")).values("sum")), Value(Decimal("0.00")), output_field=_MONEY
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
    credited to what it had taken over. One query."""
    rows = []
    for one in plan.instalments.select_related("bill"):
        paid = Decimal(0) if one.bill is None or _fell_back(plan) else one.bill.allocated
        if one.bill is None:
            state = "proposed"
        elif _fell_back(plan):
            state = "void"
        elif paid >= one.total:
            state = "paid"
        else:
            state = "late" if one.due_on < day else "due"
        rows.append(InstalmentRow(one, paid, state))
    return rows


def _fell_back(plan: Plan) -> bool:
    return plan.status == PlanStatus.BREACHED and plan.breach_terms == "restore"
