"""What of working cases is asked for and decided by another."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.kinds import Kind
from approvals.models import Request
from cases.selectors.matters import DEFERRAL, DEFERRAL_END
from cases.services import beyond, deferrals
from staff.models import LimitKind, User


class Deferral(Kind):
    """The hold that stops the days; as long as the decider may hold."""

    code = DEFERRAL
    label = gettext_lazy("Defer a debt")
    ask_permission = decide_permission = "accounts.place_deferral"
    limit = LimitKind.HOLD_DAYS
    template = "cases/_deferral_request.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        deferrals.check(request)

    def apply(self, request: Request, *, actor: User) -> None:
        deferrals.place(request, actor=actor)

    def url(self, request: Request) -> str:
        return reverse("case", args=[request.subject_ref])


class EndDeferral(Kind):
    """A deferral lifted: the days that it covered after its new end count again."""

    code = DEFERRAL_END
    label = gettext_lazy("Lift a deferral")
    ask_permission = decide_permission = "accounts.place_deferral"
    template = "cases/_deferral_end_request.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        deferrals.check_end(request)

    def apply(self, request: Request, *, actor: User) -> None:
        deferrals.end(request, actor=actor)

    def url(self, request: Request) -> str:
        return reverse("case", args=[request.preview["case"]])


class PromiseBeyond(Kind):
    """A promise to a later date than the asker may take; as far ahead as the decider may."""

    code = beyond.KIND
    label = gettext_lazy("Promise beyond the limit")
    ask_permission = "cases.add_promise"
    decide_permission = "cases.decide_promise"
    limit = LimitKind.PROMISE_DAYS
    template = "cases/_promise_request.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        beyond.check(request)

    def apply(self, request: Request, *, actor: User) -> None:
        beyond.take(request, actor=actor)

    def url(self, request: Request) -> str:
        return reverse("case", args=[request.subject_ref])
