"""Freezing and unfreezing, as they are asked for and decided by another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.kinds import Kind
from approvals.models import Request
from freezing.models import CommandVerb
from freezing.permissions import ASK, DECIDE
from freezing.services import commands
from staff.models import User


class FreezeAccounts(Kind):
    """Spending blocked, by a command to the core system."""

    code = CommandVerb.FREEZE.value
    label = gettext_lazy("Freeze an account")
    ask_permission = ASK
    decide_permission = DECIDE
    template = "freezing/_request.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        commands.check(request)

    def apply(self, request: Request, *, actor: User) -> None:
        commands.command(
            actor=actor,
            account_ids=request.payload["accounts"],
            verb=self.code,
            reason=request.reason,
            request=request,
        )

    def present(self, request: Request) -> dict[str, Any] | None:
        found = commands.changes(request)
        return {"changes": found} if found else None

    def change_url(self, request: Request) -> str:
        return self.url(request)

    def url(self, request: Request) -> str:
        return reverse("freeze", args=[request.subject_ref])


class UnfreezeAccounts(FreezeAccounts):
    """Spending allowed again, once cured."""

    code = CommandVerb.UNFREEZE.value
    label = gettext_lazy("Unfreeze an account")
