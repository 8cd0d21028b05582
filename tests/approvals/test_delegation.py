"""Standing in: who may, for whom, with how much, and what is left behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from approvals import services
from approvals.climbing import climb_of, who_decides
from approvals.models import Delegation, Request
from approvals.permissions import visible_to
from approvals.selectors import inbox_of
from audit.models import Event
from runs import clock
from staff.models import AuthorityLimit, Role, User
from tests.factories import DAY, MOMENT, AccountFactory, CaseFactory, TeamFactory, UserFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def far(db: None, now: object) -> User:
    """The supervisor of another team, to whom nothing of Team 1 is shown."""
    return UserFactory(role="supervisor", display_name="Far", team=TeamFactory(name="Team 2"))


def allow(role: str, most: int | None) -> None:
    AuthorityLimit.objects.create(
        role=Role.objects.get(code=role), kind="test-amount", most=most, currency="CNY",
        effective_from=date(2021, 1, 1), source="Test",
    )  # fmt: skip


def near() -> Account:
    return AccountFactory(customer=CaseFactory().customer)


def limited(by: User, amount: str) -> Request:
    return asked(by, near(), kind="limited-credit-limit", amount=Decimal(amount), currency="CNY")


def away(who: User, deputy: User, actor: User | None = None, **fields: object) -> Delegation:
    values = {"starts_on": DAY, "ends_on": DAY + timedelta(days=6), "reason": "Leave", **fields}
    return services.delegate(actor=actor or who, delegator_id=who.pk, deputy_id=deputy.pk, **values)


def approve(actor: User, request: Request) -> Request:
    return services.approve(actor=actor, request_id=request.pk, seen_version=request.version)


def test_a_deputy_decides_what_the_absent_one_may_and_it_says_for_whom(lin, chen, far) -> None:
    request = asked(lin, near())
    with pytest.raises(PermissionDenied):
        approve(far, request)
    made = away(chen, far)
    assert list(inbox_of(far)) == [request]
    assert visible_to(far).contains(request)
    done = approve(far, request)
    assert (done.decided_by, done.decided_for, done.decided_for_name) == (far, chen, "Chen")
    assert Event.objects.get(verb="request.approved").after["decided_for"] == "Chen"
    event = Event.objects.get(verb="delegation.recorded")
    assert (event.subject_id, event.after["deputy"], event.reason) == (made.pk, "Far", "Leave")


def test_her_own_authority_comes_first(lin, chen, wang) -> None:
    away(chen, wang)
    assert approve(wang, asked(lin, near())).decided_for is None


def test_it_begins_and_ends_with_its_days_and_when_it_is_ended(lin, chen, far) -> None:
    request = asked(lin, near())
    made = away(chen, far, starts_on=DAY + timedelta(days=1), ends_on=DAY + timedelta(days=2))
    for days, there in ((0, False), (1, True), (2, True), (3, False)):
        with clock.frozen(MOMENT + timedelta(days=days)):
            assert inbox_of(far).contains(request) is there, days
    with clock.frozen(MOMENT + timedelta(days=1)):
        services.end_delegation(actor=chen, delegation_id=made.pk)
        assert not inbox_of(far).exists()
        with pytest.raises(PermissionDenied):
            approve(far, request)
        with pytest.raises(Conflict, match="over already"):
            services.end_delegation(actor=chen, delegation_id=made.pk)
    assert Event.objects.filter(verb="delegation.ended", actor_id=chen.pk).count() == 1


def test_nobody_decides_for_another_what_that_one_or_she_herself_asked_for(chen, wang, far) -> None:
    away(chen, far)
    of_chen, of_far = asked(chen, near()), asked(far, near())
    assert not inbox_of(far).exists()
    with pytest.raises(Conflict, match="Chen asked for this, and you would decide for Chen"):
        approve(far, of_chen)
    with pytest.raises(Conflict, match="You asked for this yourself"):
        approve(far, of_far)
    away(chen, wang)
    assert approve(wang, of_chen).decided_for is None, "with her own authority she may"


def test_postgresql_refuses_it_too(lin, chen, wang) -> None:
    request = asked(chen, near())
    decide = (
        "UPDATE approvals_request SET status = 'approved', decided_by_id = %s, decided_for_id = %s, decided_at = now()"
        " WHERE id = %s"
    )
    for by, instead_of in ((wang, chen), (wang, wang), (None, wang)):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(decide, [by and by.pk, instead_of.pk, request.pk])
    made = away(chen, wang)
    for statement in (
        "UPDATE approvals_delegation SET ends_on = ends_on + 1 WHERE id = %s",
        "UPDATE approvals_delegation SET deputy_id = delegator_id WHERE id = %s",
        "DELETE FROM approvals_delegation WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [made.pk])


def test_the_amount_is_measured_by_the_absent_ones_limit(lin, chen) -> None:
    allow("supervisor", 1000)
    senior = UserFactory(role="senior-collector", display_name="Sun")
    away(chen, senior)
    small, large = limited(lin, "1000"), limited(lin, "1000.01")
    assert list(inbox_of(senior)) == [small]
    with pytest.raises(Conflict, match="more than you may decide"):
        approve(senior, large)
    assert approve(senior, small).decided_for == chen


@pytest.mark.parametrize(
    "lose",
    [
        lambda chen, far: chen.groups.clear(),
        lambda chen, far: User.objects.filter(pk=chen.pk).update(is_active=False),
        lambda chen, far: far.groups.clear(),
    ],
    ids=["the right", "the job", "the right to stand in"],
)
def test_it_is_worth_what_the_absent_one_has_by_then(lin, chen, far, lose: Callable[[User, User], object]) -> None:
    request = asked(lin, near())
    away(chen, far)
    lose(chen, far)
    far = User.objects.get(pk=far.pk)
    assert not inbox_of(far).exists()
    with pytest.raises(PermissionDenied):
        approve(far, request)


def test_what_one_holds_for_another_is_not_passed_on(lin, chen, far) -> None:
    request = asked(lin, near())
    third = UserFactory(role="supervisor", display_name="Third", team=TeamFactory(name="Team 3"))
    away(chen, far)
    away(far, third)
    assert not inbox_of(third).exists()
    with pytest.raises(PermissionDenied):
        approve(third, request)


def test_it_may_be_for_some_kinds_alone(lin, chen, far) -> None:
    allow("supervisor", None)
    away(chen, far, kinds=["limited-credit-limit"])
    plain, large = asked(lin, near()), limited(lin, "5")
    assert list(inbox_of(far)) == [large]
    with pytest.raises(PermissionDenied):
        approve(far, plain)


def test_who_may_delegate_what_to_whom(lin, chen, wang) -> None:
    administrator = UserFactory(role="administrator", display_name="Root")
    for refused, words in (
        (lambda: away(chen, lin), "may not stand in"),
        (lambda: away(chen, chen), "may not stand in"),
        (lambda: away(chen, wang, reason=" "), "Say why"),
        (lambda: away(chen, wang, starts_on=DAY - timedelta(days=1)), "2026-11-21 is past"),
        (lambda: away(chen, wang, ends_on=DAY - timedelta(days=1)), "before the first"),
        (lambda: away(chen, wang, ends_on=DAY + timedelta(days=92)), "93 days are too many"),
        (lambda: away(chen, wang, kinds=["strategy-nonsense"]), "Nobody passes on more"),
        (lambda: away(chen, administrator, administrator), "Nobody takes the authority"),
    ):
        with pytest.raises(Invalid, match=words):
            refused()
    for who, actor in ((lin, lin), (chen, wang), (chen, lin)):
        with pytest.raises(PermissionDenied):
            away(who, UserFactory(role="supervisor"), actor)
    with pytest.raises(Conflict, match="decides no requests"):
        away(lin, wang, administrator)
    away(chen, wang, administrator)
    with pytest.raises(Conflict, match="already"):
        away(chen, wang, starts_on=DAY + timedelta(days=6), ends_on=DAY + timedelta(days=9))
    away(chen, wang, starts_on=DAY + timedelta(days=7), ends_on=DAY + timedelta(days=9))
    with pytest.raises(PermissionDenied):
        services.end_delegation(actor=lin, delegation_id=Delegation.objects.earliest("pk").pk)


# --- Up to whom it climbs


def test_who_may_decide_names_roles_people_and_deputies(lin, chen, wang, far) -> None:
    allow("senior-collector", 100)
    allow("supervisor", 1000)
    allow("auditor", None)  # decides nothing: without the permission the limit is worth nothing
    senior = UserFactory(role="senior-collector", display_name="Sun")
    away(chen, far)
    request = limited(lin, "500")
    climb = climb_of(request)
    assert [(rung.role.code, rung.most, rung.covers) for rung in climb.rungs] == [
        ("senior-collector", 100, False), ("supervisor", 1000, True),
    ]  # fmt: skip
    assert list(climb.people) == [chen, wang]
    assert [one.deputy for one in climb.deputies] == [far]
    assert set(climb_of(limited(lin, "100")).people) == {senior, chen, wang}
    assert climb_of(limited(lin, "1000.01")).is_stuck
    assert not climb_of(limited(chen, "500")).deputies, "he would decide for who asked for it"
    for person in (*climb.people, far):
        assert inbox_of(User.objects.get(pk=person.pk)).contains(request)
    assert set(who_decides("credit-limit", author_id=lin.pk).people) == {senior, chen, wang, far}, "about nobody"


def test_the_page_says_who_may_decide_and_that_nobody_may(lin, chen, client: Client) -> None:
    allow("supervisor", 1000)
    client.force_login(chen)
    page = client.get(f"/approvals/{limited(lin, '5').pk}/").content.decode()
    assert "Who may decide" in page
    assert "may decide</span>" in page
    page = client.get(f"/approvals/{limited(lin, '5000').pk}/").content.decode()
    assert "climbs further" in page
    assert "Nobody may decide this at the moment" in page


# --- Pages


def test_a_delegation_is_recorded_listed_and_ended_on_its_page(chen, wang, far, client: Client) -> None:
    client.force_login(chen)
    wrong = client.post("/approvals/delegations/", {"deputy": wang.pk, "starts_on": DAY, "ends_on": "", "reason": "x"})
    assert wrong.status_code == 422
    answer = client.post(
        "/approvals/delegations/",
        {"deputy": wang.pk, "starts_on": DAY, "ends_on": DAY + timedelta(days=3), "reason": "Leave"},
    )
    assert answer.status_code == 302
    page = client.get("/approvals/delegations/").content.decode()
    assert "Wang stands in for Chen from 2026-11-22 to 2026-11-25." in page
    assert "Wang stands in for you until 2026-11-25." in client.get("/approvals/").content.decode()
    other = Client()
    other.force_login(far)
    made = Delegation.objects.get()
    assert other.post(f"/approvals/delegations/{made.pk}/end/").status_code == 404
    mine = Client()
    mine.force_login(wang)
    assert "You stand in for Chen" in mine.get("/approvals/").content.decode()
    assert mine.post(f"/approvals/delegations/{made.pk}/end/").status_code == 302
    made.refresh_from_db()
    assert made.ended_by_name == "Wang"


def test_the_page_of_a_decision_says_for_whom(lin, chen, far, client: Client) -> None:
    request = asked(lin, near())
    away(chen, far)
    client.force_login(far)
    assert "You decide for Chen" in client.get(f"/approvals/{request.pk}/").content.decode()
    client.post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": 1})
    assert "Far (for Chen)" in client.get(f"/approvals/{request.pk}/").content.decode()
