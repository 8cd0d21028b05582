"""Too many failures lock a name out at an address for a while; wrong codes count like wrong passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.models import Event
from staff import services
from staff.models import User
from tests.factories import UserFactory
from tests.staff.doors import enrolled, give_password, is_in, present_code, wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    return UserFactory(username="lin")


def fail(client: Client, user: User, times: int, **headers: str) -> int:
    """The last answer's status."""
    for _ in range(times):
        values = {"username": user.username, "password": "wrong"}
        answer = client.post("/login/", values, **headers)  # type: ignore[arg-type]
    return answer.status_code


def test_five_failures_lock_the_name_and_the_page_says_for_how_long(client: Client, lin: User, settings) -> None:
    assert fail(client, lin, settings.AXES_FAILURE_LIMIT - 1) == 200
    assert fail(client, lin, 1) == 429
    answer = give_password(client, lin)
    assert answer.status_code == 429
    assert "15 minutes" in answer.content.decode()
    assert "administrator" in answer.content.decode()
    assert Event.objects.filter(verb="user.locked-out", subject_id=lin.pk).count() == 1


def test_a_lockout_is_of_the_name_at_the_address(client: Client, lin: User) -> None:
    fail(client, lin, 5)
    assert give_password(client, UserFactory()).status_code == 302
    elsewhere = client.post("/login/", {"username": "lin", "password": "correct horse"}, REMOTE_ADDR="10.0.0.9")
    assert elsewhere.status_code == 302


def test_the_lock_opens_when_the_time_has_passed(client: Client, lin: User) -> None:
    fail(client, lin, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert give_password(client, lin).status_code == 302


def test_trying_while_locked_does_not_make_it_longer(client: Client, lin: User) -> None:
    fail(client, lin, 5)
    begun = AccessAttempt.objects.get().attempt_time
    fail(client, lin, 3)
    assert AccessAttempt.objects.get().attempt_time == begun


def test_wrong_codes_lock_too_and_a_right_password_forgives_none(client: Client, lin: User) -> None:
    device = enrolled(lin)
    for _ in range(4):
        give_password(client, lin)
        TOTPDevice.objects.update(throttling_failure_timestamp=None)
        assert client.post("/login/code/", {"code": wrong_code(device)}).status_code == 200
    give_password(client, lin)
    TOTPDevice.objects.update(throttling_failure_timestamp=None)
    assert client.post("/login/code/", {"code": wrong_code(device)}).status_code == 429
    assert client.post("/login/code/", {"code": present_code(device)}).status_code == 429
    assert client.get("/login/code/").status_code == 429
    assert not is_in(client)


def test_signing_in_forgets_earlier_failures(client: Client, lin: User) -> None:
    device = enrolled(lin)
    fail(client, lin, 4)
    give_password(client, lin)
    client.post("/login/code/", {"code": present_code(device)})
    assert is_in(client)
    assert not AccessAttempt.objects.exists()


def test_an_administrator_lifts_a_lockout(client: Client, lin: User) -> None:
    fail(client, lin, 5)
    assert services.lift_lockout(actor=UserFactory(role="administrator"), user=lin) == 1
    assert give_password(client, lin).status_code == 302
    assert services.lift_lockout(actor=UserFactory(role="administrator"), user=lin) == 0
    assert Event.objects.filter(verb="user.lockout-lifted", subject_id=lin.pk).count() == 1


def test_nothing_that_was_typed_is_kept_but_the_name(client: Client, lin: User) -> None:
    device = enrolled(lin)
    client.post("/login/?next=/cases/K-1/", {"username": "lin", "password": "my other one", "next": "/cases/K-1/"})
    give_password(client, lin)
    code = wrong_code(device)
    client.post("/login/code/", {"code": code})
    for attempt in AccessAttempt.objects.all():
        for typed in ("my other one", code, "K-1"):
            assert typed not in attempt.post_data + attempt.get_data


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(client: Client, lin: User, settings) -> None:
    settings.BEHIND_PROXY = True
    for number in range(5):
        status = fail(client, lin, 1, HTTP_X_FORWARDED_FOR=f"10.9.9.{number}, 192.0.2.7")
    assert status == 429
    assert AccessAttempt.objects.get().ip_address == "192.0.2.7"
