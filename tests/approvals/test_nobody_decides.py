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
from approvals.could import gaps
from approvals.models import Request
from staff.models import AuthorityLimit, Role, User
from tests.clients import signed_in
from tests.factories import MOMENT, TeamFactory, UserFactory
from tests.said import in_chinese

# Those that the project has as it starts; tests add theirs later.
KINDS = [kind.code for kind in kinds.registered()]
BOTH = ["senior-collector", "supervisor"]
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


def test_it_is_said_who_could_be_made_able_to(account: Account, now: object) -> None:
    author = UserFactory(role="supervisor")
    with pytest.raises(
        Conflict, match=r"sees these cases and has one of these roles: Senior collector, Supervisor\.$"
    ) as refused:
        ask(author, account, "waiver")
    assert in_chinese(refused).endswith("须由另一位能查看这些案件、具有以下角色之一的人员决定：高级催收员、主管。")
    AuthorityLimit.objects.filter(kind="waiver").update(most=2)
    with pytest.raises(Conflict, match=r"“Late-fee waiver, amount” of 3\.00 CNY or more for one of these roles: Sen"):
        ask(author, account, "waiver")
    for role in Role.objects.all():
        role.permissions.remove(*role.permissions.filter(codename="decide_waiver"))
    with pytest.raises(Conflict, match="No role has the right to decide this"):
        ask(UserFactory(role="", is_superuser=True), account, "waiver")


def of_waivers(team: Any) -> list[tuple[Any, list[str], str]]:
    found = [gap for gap in gaps() if gap.team == team and gap.kind.code == "waiver"]
    return [(gap.only, [role.code for role in gap.roles], gap.limit) for gap in found]


def test_teams_in_which_somebody_asks_for_what_nobody_decides_are_known_before(account: Account, now: object) -> None:
    team = TeamFactory(name="Far")
    assert of_waivers(team) == [(None, BOTH, "")]
    chen = UserFactory(role="supervisor", team=team)
    assert of_waivers(team) == [(chen, BOTH, "")], "what she asks for herself"
    assert "strategy-activation" in {gap.kind.code for gap in gaps() if gap.team is None and gap.only == chen}
    wang = UserFactory(role="supervisor", team=None)
    assert of_waivers(team) == [(chen, BOTH, "")], "she sees other cases"
    wang.supervises.add(team)
    assert of_waivers(team) == []
    AuthorityLimit.objects.filter(kind="waiver").update(most=0)
    assert of_waivers(team) == [(None, BOTH, "Late-fee waiver, amount")]


def test_who_manages_people_sees_them_in_one_place(
    account: Account, now: object, django_assert_max_num_queries
) -> None:
    client = signed_in(UserFactory(role="administrator"))
    UserFactory(role="supervisor", team=TeamFactory(name="Far"), display_name="Chen")
    for number in range(20):
        TeamFactory(name=f"T{number}")
    with django_assert_max_num_queries(15):
        page = client.get("/approvals/gaps/").content.decode()
    assert "Chen alone, not what Chen asks for" in page
    assert "T19" in page
    assert '"/approvals/gaps/"' in client.get("/approvals/").content.decode()
    assert '"/approvals/gaps/"' not in signed_in(UserFactory(role="supervisor")).get("/approvals/").content.decode()
