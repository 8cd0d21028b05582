"""Plans are asked for and decided by another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.kinds import Kind
from approvals.models import Request
from audit.services import Actor
from restructuring.models import PROPOSED, Plan
from restructuring.sentences import Change
from restructuring.services.asking import ASK, DECIDE, KIND, cancel_asked
from restructuring.services.taking_over import check_proposed, moved, take_over
from staff.models import LimitKind, User


class Restructure(Kind):
    """A plan for a late account, in force from the decision on."""

    code = KIND
    label = gettext_lazy("Plan for a late account")
    ask_permission = ASK
    decide_permission = DECIDE
    limit = LimitKind.RESTRUCTURING
    template = "restructuring/_request.html"
    valid_for = timedelta(days=14)

    def check(self, request: Request) -> None:
        _check(request)

    def check_shown(self, request: Request, present: Mapping[str, Any] | None) -> None:
        _check(request, present["changes"] if present else [])

    def apply(self, request: Request, *, actor: User) -> None:
        take_over(actor=actor, plan_id=request.payload["plan"])

    def ended(self, request: Request, *, actor: Actor) -> None:
        cancel_asked(actor, request)

    def present(self, request: Request) -> dict[str, Any] | None:
        plan = request.plans.select_related("account").filter(status__in=PROPOSED).first()
        changes = moved(plan) if plan is not None else []
        return {"plan": plan, "changes": changes} if changes else None

    def url(self, request: Request) -> str:
        return reverse("plan", args=[request.preview["plan"]])

    def change_url(self, request: Request) -> str:
        return reverse("plan-new", args=[request.subject_ref])


def _check(request: Request, changes: Sequence[Change] | None = None) -> None:
    plan = Plan.objects.select_related("account", "rule").get(pk=request.payload["plan"])
    # Its request is written on it once it has been asked for: from then on a check is part of a decision.
    check_proposed(plan, deciding=plan.request_id is not None, changes=changes)
