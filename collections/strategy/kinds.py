"""What of strategies is asked for and decided by another."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.kinds import Kind
from approvals.models import Request
from staff.models import User
from strategy.selectors import ACTIVATION
from strategy.services.activating import activate, check_activation
from strategy.services.versions import CHANGE


class ActivateStrategy(Kind):
    """A strategy, alone or beside another, in force from the close of a day on."""

    code = ACTIVATION
    label = gettext_lazy("Activate a strategy")
    ask_permission = CHANGE
    decide_permission = "strategy.activate_version"
    about_customers = False
    template = "strategy/_activation_request.html"
    valid_for = timedelta(days=30)

    def check(self, request: Request) -> None:
        check_activation(request.payload)

    def apply(self, request: Request, *, actor: User) -> None:
        activate(actor=actor, request_id=request.pk, payload=request.payload)

    def url(self, request: Request) -> str:
        return reverse("strategy-version", args=[request.preview["number"]])
