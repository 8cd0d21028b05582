"""A plan that waits for a decision, with what of the book speaks for or against it, read at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, JSONObject

from accounts.models import Acceleration
from restructuring.models import LIVE, Plan, PlanInstalment, PlanTarget
from restructuring.selectors.position import opens_after
from runs.models import BusinessDay


class Proposed(NamedTuple):
    """`live`: another plan of the account, which runs; `called_due_on`: from when its whole balance is called due; `open_on`: the
    open business day; `taken_over`: of each bill (None: the late fees), its reference and how much the plan takes over."""

    plan: Plan
    live: str | None
    called_due_on: date | None
    first_due_on: date
    open_on: date
    taken_over: dict[int | None, tuple[str, Decimal]]


def proposed(plans: QuerySet[Plan]) -> Proposed | None:
    """The first of these plans, with its account and rule; None where there is none. One query."""
    of_account = {"account": OuterRef("account")}
    live = Plan.objects.filter(**of_account, status__in=LIVE)
    called = Acceleration.objects.filter(**of_account, withdrawn_at__isnull=True)
    instalments = PlanInstalment.objects.filter(plan=OuterRef("pk")).order_by("due_on")
    # As text: an amount of JSON would be read as a float.
    target: Any = JSONObject(bill="bill_id", ref="bill__ref", amount=Cast("amount", CharField()))
    targets = PlanTarget.objects.filter(plan=OuterRef("pk")).order_by("pk").values_list(target)
    found: Any = (
        plans.select_related("account", "rule")
        .annotate(
            live_ref=Subquery(live.order_by("-pk").values("ref")[:1]),
            called_due_on=Subquery(called.order_by("pk").values("due_on")[:1]),
            first_due_on=Subquery(instalments.values("due_on")[:1]),
            closed_on=Subquery(BusinessDay.objects.order_by("-date").values("date")[:1]),
            taken_over=ArraySubquery(targets),
        )
        .first()
    )
    if found is None:
        return None
    parts = {one["bill"]: (one["ref"] or "", Decimal(one["amount"])) for one in found.taken_over}
    return Proposed(found, found.live_ref, found.called_due_on, found.first_due_on, opens_after(found.closed_on), parts)
