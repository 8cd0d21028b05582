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
from restructuring.selectors.proposed import Proposed, proposed
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
        here = proposed(Plan.objects.filter(pk=request.payload["plan"]))
        assert here is not None, "a plan that was asked for stays"
        _check(here)

    def check_shown(self, request: Request, present: Mapping[str, Any] | None) -> None:
        here = _shown(request)
        assert here is not None, "what is shown was asked for"
        _check(here, present["changes"] if present else [])

    def apply(self, request: Request, *, actor: User) -> None:
        take_over(actor=actor, plan_id=request.payload["plan"])

    def ended(self, request: Request, *, actor: Actor) -> None:
        cancel_asked(actor, request)

    def present(self, request: Request) -> dict[str, Any] | None:
        here = _shown(request)
        changes = moved(here) if here is not None and here.plan.status in PROPOSED else []
        return {"plan": here.plan, "changes": changes} if here is not None and changes else None

    def shown(self, request: Request) -> dict[str, Any]:
        here = _shown(request)
        return {"plan": here.plan if here else None}

    def url(self, request: Request) -> str:
        return reverse("plan", args=[request.preview["plan"]])

    def change_url(self, request: Request) -> str:
        return reverse("plan-new", args=[request.subject_ref])


def _shown(request: Request) -> Proposed | None:
    """The plan of a request that is shown, read once: it stays with the row that the page read."""
    if not hasattr(request, "_shown_plan"):
        request._shown_plan = proposed(request.plans.all())  # type: ignore[attr-defined]  # no field
    return request._shown_plan  # type: ignore[attr-defined]


def _check(here: Proposed, changes: Sequence[Change] | None = None) -> None:
    # Its request is written on it once it has been asked for: from then on a check is part of a decision.
    check_proposed(here, deciding=here.plan.request_id is not None, changes=changes)
