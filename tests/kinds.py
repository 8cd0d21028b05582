"""A kind of request for tests: another credit limit for an account."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from accounts.errors import Conflict
from accounts.models import Account
from accounts.services.locks import lock_account
from approvals import services
from approvals.kinds import Kind
from approvals.models import Request
from staff.models import User


class CreditLimit(Kind):
    code = "credit-limit"
    label = "Credit limit"
    ask_permission = "accounts.add_hold"
    decide_permission = "accounts.change_hold"
    template = "credit_limit.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        present = str(Account.objects.values_list("credit_limit", flat=True).get(pk=request.subject_id))
        if present != request.preview["before"]:
            raise Conflict(f"The limit is {present} by now, no longer {request.preview['before']}.")

    def apply(self, request: Request, *, actor: User) -> None:
        account = lock_account(request.subject_id)
        account.credit_limit = Decimal(request.payload["limit"])
        account.save(update_fields=["credit_limit"])

    def url(self, request: Request) -> str:
        return "/worklist/"


class LimitedCreditLimit(CreditLimit):
    """The same, within an authority that no role has as installed."""

    code = "limited-credit-limit"
    label = "Limited credit limit"
    limit = "test-amount"


def asked(by: User, account: Account, limit: str = "30000.00", **fields: Any) -> Request:
    """A request of `by` for another limit of `account`, as if there had been somebody to decide it as she asked."""
    with patch("approvals.services.asking.needs_decider"):
        return services.ask(**wanted(by, account, limit, **fields))


def wanted(by: User, account: Account, limit: str = "30000.00", **fields: Any) -> dict[str, Any]:
    """What `asked` asks for."""
    before = str(Account.objects.values_list("credit_limit", flat=True).get(pk=account.pk))
    values: dict[str, Any] = {
        "actor": by,
        "kind": "credit-limit",
        "subject": account,
        "customer": account.customer,
        "payload": {"limit": Decimal(limit)},
        "preview": {"before": before, "after": limit},
        "reason": "She earns more now",
    }
    return values | fields
