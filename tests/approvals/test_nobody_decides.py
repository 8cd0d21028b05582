"""What nobody may decide cannot be asked for: one place for every kind of request there is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from accounts.errors import Conflict
from accounts.models import Account
from approvals import kinds, services
from approvals.models import Request
from staff.models import AuthorityLimit, Role, User
from tests.factories import MOMENT, UserFactory

# Those that the project has as it starts; tests add theirs later.
KINDS = [kind.code for kind in kinds.registered()]
MUST_BE = {"deferral", "freeze", "restructuring", "reversal", "strategy-activation", "template-version", "waiver"}


def ask(by: User, account: Account, code: str) -> Request:
    """As if what is asked for fitted the present."""
    kind = kinds.get(code)
    values: dict[str, Any] = {"payload": {}, "preview": {}, "reason": "x"}
    if kind.limit:
        values |= {"amount": Decimal(3), "currency": "" if kinds.is_in_days(code) else "CNY"}
    with patch.object(type(kind), "check"):
        return services.ask(actor=by, kind=code, subject=account, customer=account.customer, **values)


@pytest.mark.parametrize("code", KINDS)
def test_it_is_asked_for_only_while_somebody_may_decide_it(code: str, account: Account, now: object) -> None:
    kind = kinds.get(code)
    app, codename = kind.decide_permission.split(".")
    role = Role.objects.filter(permissions__content_type__app_label=app, permissions__codename=codename).earliest("pk")
    author = UserFactory(role="", is_superuser=True)
    with pytest.raises(Conflict, match="Nobody may decide this at the moment"):
        ask(author, account, code)
    assert not Request.objects.exists()
    decider = UserFactory(role=role.code)
    if kind.limit:
        AuthorityLimit.objects.filter(kind=kind.limit).delete()
        with pytest.raises(Conflict, match="Nobody may decide this at the moment"):
            ask(author, account, code)
        row = {"role": role, "kind": kind.limit, "currency": "" if kinds.is_in_days(code) else "CNY", "source": "x"}
        AuthorityLimit.objects.create(most=2, effective_from=date(2021, 1, 1), **row)
        with pytest.raises(Conflict, match="Nobody may decide this at the moment"):
            ask(author, account, code)
        AuthorityLimit.objects.create(most=3, effective_from=MOMENT.date(), **row)
    request = ask(author, account, code)
    services.send_back(actor=decider, request_id=request.pk, seen_version=1, comment="x")
    User.objects.filter(pk=decider.pk).update(is_active=False)
    again = {"payload": {}, "preview": {}, "reason": "x", "amount": request.amount}
    with patch.object(type(kind), "check"), pytest.raises(Conflict, match="Nobody may decide this at the moment"):
        services.resubmit(actor=author, request_id=request.pk, seen_version=2, **again)


def test_these_are_among_them() -> None:
    assert set(KINDS) >= MUST_BE, MUST_BE - set(KINDS)
