"""Default-deny: who comes in, and what forgetting something does."""

from __future__ import annotations

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from staff.middleware import StaffRequiredMiddleware
from staff.models import User
from staff.permissions import may_enter, require
from staff.sessions import SessionStore, verify
from tests.factories import UserFactory


def plain_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("inside")


@login_not_required
def open_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for all")


def answer(view, user: User | AnonymousUser, *, verified: bool = True, **headers: str) -> HttpResponse | None:
    request = RequestFactory().get("/somewhere/?page=2", headers=headers)
    request.user = user
    request.session = SessionStore()
    if verified:
        verify(request.session, device_id="otp_totp.totpdevice/1")
    return StaffRequiredMiddleware(lambda _: HttpResponse()).process_view(request, view, (), {})


def test_a_view_that_says_nothing_sends_a_stranger_to_the_login_page() -> None:
    refused = answer(plain_view, AnonymousUser())
    assert refused is not None
    assert refused.status_code == 302
    assert refused["Location"].endswith("/login/?next=/somewhere/%3Fpage%3D2")


@pytest.mark.django_db
def test_who_is_logged_in_but_not_staff_gets_no_further() -> None:
    with pytest.raises(PermissionDenied):
        answer(plain_view, UserFactory(is_staff=False))


@pytest.mark.django_db
def test_staff_come_in_and_an_open_view_lets_everyone_in() -> None:
    assert answer(plain_view, UserFactory()) is None
    assert answer(open_view, AnonymousUser()) is None


@pytest.mark.django_db
def test_the_password_alone_opens_nothing() -> None:
    refused = answer(plain_view, UserFactory(), verified=False)
    assert refused is not None
    assert "/login/" in refused["Location"]


@pytest.mark.django_db
def test_a_part_of_a_page_is_refused_so_that_the_page_stays_with_what_was_typed() -> None:
    refused = answer(plain_view, AnonymousUser(), **{"HX-Request": "true"})
    assert refused is not None
    assert refused.status_code == 401
    assert not refused.content
    assert "HX-Redirect" not in refused


@pytest.mark.django_db
def test_a_form_that_was_sent_after_the_session_ended_comes_back_to_be_sent_again(client: Client) -> None:
    typed = {"text": 'He said "later"\nand <hung up>', "seen_version": "1", "old_password": "correct horse"}
    answered = client.post("/cases/K-1/note/?a=1", typed)
    page = answered.content.decode()
    assert answered.status_code == 401
    assert 'action="/cases/K-1/note/?a=1"' in page
    assert 'name="text" value="He said &quot;later&quot;\nand &lt;hung up&gt;"' in page
    assert 'href="/login/" target="_blank"' in page
    assert "correct horse" not in page


@pytest.mark.django_db
def test_the_whole_site_refuses_who_is_not_staff(client: Client) -> None:
    client.force_login(UserFactory(is_staff=False))
    assert client.get("/").status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "expected"), [({}, True), ({"is_staff": False}, False), ({"is_active": False}, False)]
)
def test_only_active_staff_may_enter(fields: dict[str, bool], expected: bool) -> None:
    assert may_enter(UserFactory(**fields)) is expected


@pytest.mark.django_db
def test_a_permission_is_required_by_name() -> None:
    user = UserFactory()
    with pytest.raises(PermissionDenied):
        require(user, "audit.view_event")
    with pytest.raises(PermissionDenied):
        require(AnonymousUser(), "audit.view_event")
    user.user_permissions.add(Permission.objects.get(codename="view_event"))
    require(User.objects.get(pk=user.pk), "audit.view_event")


@pytest.mark.django_db
def test_the_admin_pages_of_users_and_records_open(admin_client: Client) -> None:
    UserFactory()
    for path in (
        "staff/user/",
        "staff/user/add/",
        "audit/event/",
        "runs/dayclose/",
        "runs/businessday/",
        "runs/jobrun/",
    ):
        assert admin_client.get(f"/admin/{path}").status_code == 200, path
    assert admin_client.get("/admin/audit/event/add/").status_code == 403
    assert admin_client.get("/admin/runs/dayclose/add/").status_code == 403
