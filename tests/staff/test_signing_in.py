"""Name and password, then a code: nothing opens before both, and nobody gets by with one of them twice."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.models import Event
from staff import services
from staff.models import StaffSession, User
from staff.services import second_factor
from tests.factories import UserFactory
from tests.staff.doors import enrolled, give_password, is_in, present_code, wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    return UserFactory(username="lin", role="collector")


def may_try_again(user: User) -> None:
    """Let the time pass that a wrong code costs."""
    long_ago = timezone.now() - timedelta(hours=1)
    for devices in (TOTPDevice, StaticDevice):
        devices.objects.filter(user=user, throttling_failure_count__gt=0).update(throttling_failure_timestamp=long_ago)


def test_name_password_and_code_sign_in_and_lead_where_one_wanted_to_go(client: Client, lin: User) -> None:
    device = enrolled(lin)
    asked = client.get("/preferences/")
    assert asked["Location"] == "/login/?next=/preferences/"
    assert give_password(client, lin, next="/preferences/")["Location"] == "/login/code/"
    assert client.post("/login/code/", {"code": present_code(device)})["Location"] == "/preferences/"
    assert is_in(client)
    assert Event.objects.get(verb="user.signed-in").after == {"by": "app"}


def test_signing_in_leads_home_and_brings_ones_language_back(client: Client) -> None:
    user = UserFactory(language="zh-hans")
    device = enrolled(user)
    give_password(client, user, next="https://evil.example/")
    assert client.post("/login/code/", {"code": present_code(device)})["Location"] == "/home/"
    assert "偏好设置" in client.get("/preferences/").content.decode()


def test_the_password_alone_opens_nothing(client: Client, lin: User) -> None:
    enrolled(lin)
    give_password(client, lin)
    assert not is_in(client)
    assert client.get("/")["Location"].startswith("/login/")
    assert "_auth_user_id" not in client.session


def test_a_code_without_the_password_opens_nothing(client: Client, lin: User) -> None:
    device = enrolled(lin)
    for address in ("/login/code/", "/login/enrol/"):
        assert client.get(address)["Location"] == "/login/"
        assert client.post(address, {"code": present_code(device)})["Location"] == "/login/"
    assert not is_in(client)


def test_a_wrong_password_is_told_without_saying_which_part_is_wrong(client: Client, lin: User) -> None:
    for name in ("lin", "nobody"):
        page = client.post("/login/", {"username": name, "password": "wrong"}).content.decode()
        assert "That name and password do not go together" in page


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}])
def test_who_does_not_work_here_gets_no_further_than_a_wrong_password(client: Client, fields: dict[str, bool]) -> None:
    user = UserFactory(**fields)
    assert "do not go together" in give_password(client, user).content.decode()
    assert client.get("/login/enrol/")["Location"] == "/login/"


def test_a_wrong_code_is_refused_with_what_to_do_and_makes_one_wait(client: Client, lin: User) -> None:
    device = enrolled(lin)
    give_password(client, lin)
    assert "Wait for the next one" in client.post("/login/code/", {"code": wrong_code(device)}).content.decode()
    # The right code is not looked at before its time: otherwise guessing would cost nothing.
    assert "Too soon" in client.post("/login/code/", {"code": present_code(device)}).content.decode()
    assert not is_in(client)
    may_try_again(lin)
    client.post("/login/code/", {"code": present_code(device)})
    assert is_in(client)


def test_a_code_signs_in_once_only(client: Client, lin: User) -> None:
    device = enrolled(lin)
    code = present_code(device)
    give_password(client, lin)
    client.post("/login/code/", {"code": code})
    other = Client()
    give_password(other, lin)
    assert "used already" in other.post("/login/code/", {"code": code}).content.decode()
    assert not is_in(other)


def test_a_password_changed_between_the_steps_ends_the_first(client: Client, lin: User) -> None:
    device = enrolled(lin)
    give_password(client, lin)
    lin.set_password("another good one")
    lin.save()
    assert client.post("/login/code/", {"code": present_code(device)})["Location"] == "/login/"


def test_the_first_step_waits_ten_minutes_for_the_second(client: Client, lin: User, monkeypatch) -> None:
    device = enrolled(lin)
    give_password(client, lin)
    late = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr("staff.services.signing_in.time.time", late.timestamp)
    assert client.get("/login/code/")["Location"] == "/login/"
    assert present_code(device)


def test_the_session_gets_a_new_key_with_each_step(client: Client, lin: User) -> None:
    device = enrolled(lin)
    give_password(client, lin)
    first = client.session.session_key
    client.post("/login/code/", {"code": present_code(device)})
    assert client.session.session_key != first
    assert not StaffSession.objects.filter(session_key=first).exists()


def test_the_first_time_one_enrols_an_app_and_sees_the_recovery_codes_once(client: Client, lin: User) -> None:
    assert give_password(client, lin)["Location"] == "/login/enrol/"
    page = client.get("/login/enrol/")
    device = TOTPDevice.objects.get(user=lin)
    key = base64.b32encode(device.bin_key).decode()
    assert key in page.content.decode().replace(" ", "")
    assert "data:image/svg+xml" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert not is_in(client)
    done = client.post("/login/enrol/", {"code": present_code(device)})
    assert len(done.context["codes"]) == 10
    assert done.context["next"] == "/home/"
    assert is_in(client)
    assert client.get("/login/enrol/")["Location"] == "/login/"
    assert Event.objects.filter(verb="user.second-factor-enrolled").count() == 1


def test_a_wrong_code_does_not_enrol(client: Client, lin: User) -> None:
    give_password(client, lin)
    client.get("/login/enrol/")
    device = TOTPDevice.objects.get(user=lin)
    assert "belongs to this key" in client.post("/login/enrol/", {"code": wrong_code(device)}).content.decode()
    assert not TOTPDevice.objects.get(user=lin).confirmed
    assert not is_in(client)


def test_who_has_an_app_cannot_enrol_another_by_the_password_alone(client: Client, lin: User) -> None:
    enrolled(lin)
    give_password(client, lin)
    assert client.get("/login/enrol/")["Location"] == "/login/code/"
    assert client.post("/login/enrol/", {"code": "123456"})["Location"] == "/login/code/"
    assert TOTPDevice.objects.filter(user=lin).count() == 1


def test_each_recovery_code_signs_in_once(client: Client, lin: User) -> None:
    enrolled(lin)
    code, *_ = services.new_recovery_codes(actor=lin)
    give_password(client, lin)
    client.post("/login/code/", {"code": code.upper().replace("-", " ")})
    assert is_in(client)
    assert second_factor.recovery_codes_left(lin) == 9
    other = Client()
    give_password(other, lin)
    other.post("/login/code/", {"code": code})
    assert not is_in(other)
    assert Event.objects.filter(verb="user.signed-in").get().after == {"by": "recovery"}


def test_recovery_codes_are_not_kept_in_clear(lin: User) -> None:
    codes = services.new_recovery_codes(actor=lin)
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10
    assert not kept & {second_factor.plain(code) for code in codes}


def test_new_recovery_codes_need_a_code_of_the_app_and_end_the_old_ones(client: Client, lin: User) -> None:
    device = enrolled(lin)
    old = services.new_recovery_codes(actor=lin)
    client.force_login(lin)
    assert "six digits" in client.post("/recovery-codes/", {"code": old[0]}).content.decode()
    new = client.post("/recovery-codes/", {"code": present_code(device)}).context["codes"]
    assert not set(old) & set(new)
    assert services.check_code(user=lin, code=old[1]) is None
    may_try_again(lin)
    assert services.check_code(user=lin, code=new[0]) is not None


def test_no_key_and_no_code_stands_in_the_record(client: Client, lin: User) -> None:
    give_password(client, lin)
    client.get("/login/enrol/")
    device = TOTPDevice.objects.get(user=lin)
    codes = client.post("/login/enrol/", {"code": present_code(device)}).context["codes"]
    told = " ".join(str((event.before, event.after, event.reason)) for event in Event.objects.all())
    for secret in (device.key, second_factor.key_text(device), *codes):
        assert secret not in told


def test_a_reset_ends_the_sessions_and_the_next_signing_in_enrols_anew(client: Client, lin: User) -> None:
    enrolled(lin)
    services.new_recovery_codes(actor=lin)
    client.force_login(lin)
    services.reset_second_factor(
        actor=UserFactory(role="administrator"), user=lin, reason="New telephone, known by voice"
    )
    assert not is_in(client)
    assert give_password(client, lin)["Location"] == "/login/enrol/"
    assert second_factor.recovery_codes_left(lin) == 0
    assert Event.objects.filter(verb="user.second-factor-reset", subject_id=lin.pk).count() == 1


def test_the_admin_has_no_door_of_its_own(client: Client, lin: User) -> None:
    enrolled(lin)
    lin.is_superuser = True
    lin.save()
    posted = client.post("/admin/login/", {"username": "lin", "password": "correct horse", "next": "/admin/"})
    assert posted["Location"] == "/login/"
    assert client.get("/admin/")["Location"].startswith("/login/")
    client.force_login(lin)
    assert client.get("/admin/login/")["Location"] == "/admin/"
    assert client.get("/admin/password_change/")["Location"] == "/password/"


def test_who_is_in_is_led_on_from_the_door(client: Client, lin: User) -> None:
    client.force_login(lin)
    assert client.get("/login/")["Location"] == "/home/"


def test_a_name_longer_than_any_is_a_wrong_one_and_is_not_recorded(client: Client) -> None:
    answer = client.post("/login/", {"username": "n" * 300, "password": "correct horse"})
    assert answer.status_code == 200
    assert "do not go together" in answer.content.decode()
    assert not AccessAttempt.objects.exists()
    assert not Event.objects.exists()
