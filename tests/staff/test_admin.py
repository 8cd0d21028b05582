"""People, teams and roles on the data-entry pages: every change recorded, and what must follow follows."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.models import Event
from staff import reactions
from staff.models import Role, Team, User
from tests.clients import signed_in
from tests.factories import CustomerFactory, PortfolioFactory, TeamFactory, UserFactory
from tests.staff.doors import enrolled, give_password, is_in

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/staff/user/"


@pytest.fixture
def boss() -> Client:
    return signed_in(role="administrator", username="boss")


def form_of(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    """What the form at `address` would send unchanged, with `changes`."""
    context = client.get(address).context
    forms = [
        context["adminform"].form,
        *(inline.formset.management_form for inline in context["inline_admin_formsets"]),
    ]
    forms += [form for inline in context["inline_admin_formsets"] for form in inline.formset.initial_forms]
    values: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if hasattr(value, "strftime"):
                values[f"{bound.html_name}_0"], values[f"{bound.html_name}_1"] = (
                    f"{value:%Y-%m-%d}",
                    f"{value:%H:%M:%S}",
                )
            elif value is not None and value is not False:
                values[bound.html_name] = (
                    [getattr(one, "pk", one) for one in value] if isinstance(value, list) else value
                )
    return {**values, **changes}


def act(client: Client, action: str, *people: User, **values: str) -> HttpResponse:
    chosen = {"action": action, "_selected_action": [user.pk for user in people]}
    return client.post(PEOPLE, chosen | values)  # type: ignore[return-value]


def test_keys_groups_and_failures_have_no_pages() -> None:
    for model in (Group, TOTPDevice, StaticDevice):
        assert not admin.site.is_registered(model)
    assert not any(model._meta.app_label in ("axes", "otp_totp", "otp_static") for model in admin.site._registry)


@pytest.mark.parametrize("page", ["user", "team", "role"])
def test_people_teams_and_roles_are_for_administrators(boss: Client, page: str) -> None:
    for role in ("collector", "supervisor", "data-entry"):
        assert signed_in(role=role).get(f"/admin/staff/{page}/").status_code == 403
    for address in (f"/admin/staff/{page}/", f"/admin/staff/{page}/add/"):
        assert boss.get(address).status_code == 200


def test_a_new_person_gets_a_team_and_a_role_and_must_change_the_password(boss: Client) -> None:
    team, role = TeamFactory(), Role.objects.get(code="collector")
    values = {
        "username": "wang",
        "usable_password": "true",
        "password1": "seven lamps over water",
        "password2": "seven lamps over water",
        "display_name": "Wang",
        "is_staff": "on",
        "team": team.pk,
        "groups": [role.pk],
    }
    offered = boss.get(f"{PEOPLE}add/").context["adminform"].form
    assert offered["is_staff"].initial, "who is added works here unless it is said that she does not"
    assert boss.post(f"{PEOPLE}add/", values).status_code == 302
    user = User.objects.get(username="wang")
    assert user.must_change_password
    assert [group.role for group in user.groups.all()] == [role]
    after = Event.objects.get(verb="user.added").after
    assert (after["team"], after["roles"]) == ("Team 1", ["collector"])
    assert "Wang" not in str(after)


def test_nobody_shuts_herself_out_or_gives_herself_a_role(boss: Client) -> None:
    user = User.objects.get(username="boss")
    address = f"{PEOPLE}{user.pk}/change/"
    assert not {"is_active", "is_staff", "groups"} & set(boss.get(address).context["adminform"].form.fields)
    senior = Role.objects.get(code="supervisor")
    changes = {**form_of(boss, address), "display_name": "Boss", "is_active": "", "is_staff": "", "groups": [senior.pk]}
    assert boss.post(address, changes).status_code == 302
    user.refresh_from_db()
    assert (user.display_name, user.is_active, user.is_staff) == ("Boss", True, True)
    assert [group.role.code for group in user.groups.all()] == ["administrator"]


def test_a_change_of_team_is_recorded_with_what_it_was(boss: Client) -> None:
    user, other = UserFactory(), TeamFactory(name="Team 2")
    address = f"{PEOPLE}{user.pk}/change/"
    assert boss.post(address, form_of(boss, address, team=other.pk)).status_code == 302
    event = Event.objects.get(verb="user.changed")
    assert (event.before, event.after) == ({"team": "Team 1"}, {"team": "Team 2"})
    assert (event.actor_name, event.subject_id) == ("Lin", user.pk)


def test_who_is_deactivated_is_out_at_once(boss: Client) -> None:
    user = UserFactory()
    client = signed_in(user)
    address = f"{PEOPLE}{user.pk}/change/"
    values = form_of(boss, address)
    del values["is_active"]
    assert boss.post(address, values).status_code == 302
    assert not is_in(client)
    assert Event.objects.filter(verb="user.sessions-ended", subject_id=user.pk).exists()


def test_nobody_is_removed(boss: Client) -> None:
    user = UserFactory()
    assert boss.post(f"{PEOPLE}{user.pk}/delete/", {"post": "yes"}).status_code == 403
    act(boss, "delete_selected", user)
    assert User.objects.filter(pk=user.pk).exists()


def test_an_administrator_makes_no_superuser_and_changes_none(boss: Client) -> None:
    user, root = UserFactory(), UserFactory(is_superuser=True)
    address = f"{PEOPLE}{user.pk}/change/"
    rights = [Permission.objects.get(codename="view_event").pk]
    boss.post(address, form_of(boss, address, is_superuser="on", user_permissions=rights))
    user.refresh_from_db()
    assert not user.is_superuser
    assert not user.user_permissions.exists()
    assert boss.post(f"{PEOPLE}{root.pk}/change/", {"username": "root"}).status_code == 403
    assert boss.get(f"{PEOPLE}{root.pk}/password/").status_code == 403
    enrolled(root)
    act(boss, "reset_second_factor", root, confirmed="1", reason="x")
    assert TOTPDevice.objects.filter(user=root).exists()


def test_rights_come_with_roles_and_what_was_given_beside_them_can_only_be_taken_away() -> None:
    root, user = signed_in(UserFactory(is_superuser=True)), UserFactory()
    address = f"{PEOPLE}{user.pk}/change/"
    given, other = Permission.objects.get(codename="view_event"), Permission.objects.get(codename="view_message")
    assert "user_permissions" not in root.get(address).content.decode()
    root.post(address, form_of(root, address, user_permissions=[given.pk]))
    assert not user.user_permissions.exists()
    user.user_permissions.add(given)
    page = root.get(address).content.decode()
    assert ("Rights beside the roles" in page, f'value="{given.pk}"' in page) == (True, True)
    answer = root.post(address, form_of(root, address, user_permissions=[given.pk, other.pk]))
    assert answer.status_code == 200, "it is no choice"
    assert list(user.user_permissions.all()) == [given]
    assert root.post(address, form_of(root, address, user_permissions=[])).status_code == 302
    assert not user.user_permissions.exists()
    event = Event.objects.get(verb="user.changed", subject_id=user.pk)
    assert (event.before, event.after) == ({"permissions": ["view_event"]}, {"permissions": []})


def test_a_password_set_here_must_be_changed_and_ends_the_sessions(boss: Client) -> None:
    user = UserFactory()
    client = signed_in(user)
    values = {"password1": "seven lamps over water", "password2": "seven lamps over water", "usable_password": "true"}
    assert boss.post(f"{PEOPLE}{user.pk}/password/", values).status_code == 302
    user.refresh_from_db()
    assert user.must_change_password
    assert user.check_password("seven lamps over water")
    assert not is_in(client)
    assert Event.objects.filter(verb="user.password-set", subject_id=user.pk).count() == 1


def test_a_weak_password_is_not_set_here_either(boss: Client) -> None:
    user = UserFactory()
    client = signed_in(user)
    values = {"password1": "short", "password2": "short", "usable_password": "true"}
    assert boss.post(f"{PEOPLE}{user.pk}/password/", values).status_code == 200
    assert is_in(client)
    user.refresh_from_db()
    assert not user.must_change_password


def test_actions_reset_the_second_factor_lift_lockouts_and_end_sessions(boss: Client) -> None:
    user = UserFactory()
    enrolled(user)
    client, door = signed_in(user), Client()
    act(boss, "end_sessions", user)
    assert not is_in(client)
    for _ in range(5):
        give_password(door, user, "wrong")
    act(boss, "lift_lockout", user)
    assert give_password(door, user)["Location"] == "/login/code/"
    assert "Make sure who is asking" in act(boss, "reset_second_factor", user).content.decode()
    assert TOTPDevice.objects.filter(user=user).exists()
    act(boss, "reset_second_factor", user, confirmed="1", reason="New telephone, known by voice")
    assert give_password(door, user)["Location"] == "/login/enrol/"
    verbs = set(Event.objects.filter(subject_id=user.pk).values_list("verb", flat=True))
    assert {"user.sessions-ended", "user.lockout-lifted", "user.second-factor-reset"} <= verbs


def test_a_collector_cannot_use_the_actions() -> None:
    user = UserFactory()
    enrolled(user)
    act(signed_in(), "reset_second_factor", user, confirmed="1", reason="x")
    assert TOTPDevice.objects.filter(user=user).exists()


def test_a_changed_portfolio_is_recorded_and_moves_the_cases_after_the_commit(
    boss: Client, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    told: list[str] = []
    monkeypatch.setattr(reactions, "_reactions", [])

    @reactions.on_portfolios_changed
    def tell(*, actor: object) -> None:
        told.append(str(actor))

    portfolio = PortfolioFactory(buckets=["M1"])
    address = f"/admin/staff/team/{portfolio.team_id}/change/"
    with django_capture_on_commit_callbacks() as waiting:
        values = form_of(boss, address, **{"portfolios-0-buckets": "M1,M2"})
        assert boss.post(address, values).status_code == 302
    assert not told
    for callback in waiting:
        callback()
    assert told == ["Lin"]
    event = Event.objects.get(verb="team.changed")
    assert event.before["portfolios"][0]["buckets"] == ["M1"]
    assert event.after["portfolios"][0]["buckets"] == ["M1", "M2"]
    with django_capture_on_commit_callbacks() as waiting:
        boss.post(address, form_of(boss, address, name="The early ones"))
    assert not waiting
    assert Team.objects.get().name == "The early ones"


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("products", "nonsense, plain", "Not known: nonsense. Choose among: "),
        ("buckets", "M1,X9", "Not known: X9. Choose among: M0, M1, "),
        ("customers", "K-1, nobody", "No customer has the reference: nobody."),
    ],
)
def test_a_portfolio_names_only_what_there_is(boss: Client, field: str, given: str, said: str) -> None:
    CustomerFactory(ref="K-1")
    portfolio = PortfolioFactory(buckets=["M1"])
    address = f"/admin/staff/team/{portfolio.team_id}/change/"
    page = boss.post(address, form_of(boss, address, **{f"portfolios-0-{field}": given}))
    assert page.status_code == 200
    assert said in html.unescape(page.content.decode())
    portfolio.refresh_from_db()
    assert (portfolio.buckets, portfolio.products, portfolio.customers) == (["M1"], [], [])
    good = {"portfolios-0-products": "plain", "portfolios-0-buckets": "M0,M2", "portfolios-0-customers": "K-1"}
    assert boss.post(address, form_of(boss, address, **good)).status_code == 302
    portfolio.refresh_from_db()
    assert (portfolio.buckets, portfolio.products, portfolio.customers) == (["M0", "M2"], ["plain"], ["K-1"])


def test_a_roles_rights_and_limits_are_adjusted_and_recorded(boss: Client) -> None:
    role = Role.objects.get(code="collector")
    address = f"/admin/staff/role/{role.pk}/change/"
    right = Permission.objects.get(codename="view_recording")
    values = form_of(boss, address)
    count = role.limits.count()
    values |= {
        "permissions": [*values["permissions"], right.pk],
        "limits-TOTAL_FORMS": str(count + 1),
        f"limits-{count}-kind": "promise-days",
        f"limits-{count}-most": "21",
        f"limits-{count}-effective_from": "2026-11-25",
        f"limits-{count}-source": "The board, 24 November 2026",
        f"limits-{count}-role": str(role.pk),
    }
    values.pop("code", None)
    assert boss.post(address, values).status_code == 302
    assert right in role.permissions.all()
    assert role.limits.count() == count + 1
    event = Event.objects.get(verb="role.changed")
    assert set(event.after) == {"permissions", "limits"}
    assert "compliance.view_recording" in event.after["permissions"]


@pytest.mark.parametrize("reader", ["administrator", "auditor"])
def test_a_roles_page_has_its_limits_first_and_its_rights_by_area(reader: str, client: Client) -> None:
    client.force_login(UserFactory(role=reader))
    role = Role.objects.get(code="senior-collector")
    page = client.get(f"/admin/staff/role/{role.pk}/change/").content.decode()
    limits, rights = page.index('id="limits-group"'), page.index('class="rights"')
    assert limits < rights
    assert page.count('id="limits-group"') == 1
    areas = re.findall(r"<summary>(.+?) <span", page)
    assert {"Cases", "Compliance"} <= set(areas)
    assert "<details open" not in page
    assert "Recording · Can see" in page[rights:]
    boxes = page.count('type="checkbox" name="permissions"')
    if reader == "administrator":
        assert boxes > role.permissions.count()
        assert len(re.findall(r'name="permissions"[^>]* checked', page)) == role.permissions.count()
    else:
        assert (boxes, page[rights:].count("<li>")) == (0, role.permissions.count())


def test_an_installed_role_is_not_removed_and_rights_on_the_machinery_are_not_offered(boss: Client) -> None:
    role = Role.objects.get(code="collector")
    assert boss.post(f"/admin/staff/role/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    page = boss.get(f"/admin/staff/role/{role.pk}/change/")
    offered = page.context["adminform"].form.fields["permissions"].queryset
    assert not offered.filter(content_type__app_label__in=["auth", "otp_totp", "sessions", "admin"]).exists()
    assert offered.filter(codename="view_recording").exists()


@pytest.mark.parametrize("page", ["staff_user", "staff_team", "staff_role"])
def test_a_list_asks_no_more_for_twenty_rows_than_for_two(page: str, boss: Client, django_assert_num_queries) -> None:
    address = reverse(f"admin:{page}_changelist")

    def grow(count: int) -> None:
        for _ in range(count):
            UserFactory(team=TeamFactory(name=f"Team {User.objects.count()}"))

    def asked() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as found:
            assert boss.get(address).status_code == 200
        return len(found)

    grow(2)
    asked()
    few = asked()
    grow(18)
    assert asked() == few
    assert few <= 15


def test_rights_are_chosen_in_the_readers_words(boss: Client) -> None:
    boss.cookies["django_language"] = "zh-hans"
    page = boss.get(reverse("admin:staff_role_add")).content.decode()
    assert "案件 · 可以领取并处理案件" in page
    assert "· 可以查看" in page
    assert "Can " not in page


def test_the_limits_in_force_are_shown_with_their_thousands_apart(boss: Client) -> None:
    role = Role.objects.get(code="supervisor")
    role.limits.create(
        kind="restructuring", currency="CNY", most=1234567, effective_from=date(2026, 11, 1), source="The board"
    )
    page = boss.get(f"/admin/staff/role/{role.pk}/change/").content.decode()
    assert "<p>1,234,567.00</p>" in page
    assert "column-money-most" in page
    assert "1234567" not in page
