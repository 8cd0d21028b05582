"""What of waivers is asked for and decided by another."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.kinds import Kind
from approvals.models import Request
from staff.models import LimitKind, User
from waivers.models import Waiver
from waivers.permissions import ASK, DECIDE
from waivers.services import granting
from waivers.services.asking import KIND


class _OfWaiver(Kind):
    """About one waiver, within the decider's authority to waive."""

    ask_permission = ASK
    decide_permission = DECIDE
    limit = LimitKind.WAIVER
    valid_for = timedelta(days=7)

    def url(self, request: Request) -> str:
        return reverse("waiver", args=[request.payload["waiver"]])


class GrantWaiver(_OfWaiver):
    """A late fee that shall not be paid, now or once an agreed payment has come."""

    code = KIND
    label = gettext_lazy("Waive a late fee")
    template = "waivers/_request.html"

    def change_url(self, request: Request) -> str:
        return reverse("waiver-again", args=[request.payload["waiver"]])

    def check(self, request: Request) -> None:
        granting.check_present(_waiver(request), request)

    def apply(self, request: Request, *, actor: User) -> None:
        granting.put_in_force(_waiver(request), actor=actor, reason=request.reason)


class TakeBackWaiver(_OfWaiver):
    """A waiver that shall not hold any more."""

    code = granting.TAKE_BACK
    label = gettext_lazy("Take a waiver back")
    template = "waivers/_back_request.html"

    def check(self, request: Request) -> None:
        granting.check_takeable(_waiver(request))

    def apply(self, request: Request, *, actor: User) -> None:
        granting.take_back(_waiver(request), actor=actor, reason=request.reason)


def _waiver(request: Request) -> Waiver:
    """The waiver, as it is now: the customer is locked."""
    found = Waiver.objects.select_related("account__product", "policy", "needs__request", "request", "relief")
    return found.get(pk=request.payload["waiver"])
