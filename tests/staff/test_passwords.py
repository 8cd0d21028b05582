"""The password policy, one's own page, and passwords that somebody else gave."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Event
from staff import services
from staff.models import User
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.staff.doors import is_in

pytestmark = pytest.mark.django_db
NEW = "seven lamps over water"


def change(client: Client, old: str = "correct horse", new: str = NEW, again: str = "") -> str:
    values = {"old_password": old, "new_password1": new, "new_password2": again or new}
    answer = client.post("/password/", values)
    return "" if answer.status_code == 302 else answer.content.decode()


def test_a_reader_changes_the_password_and_stays_in_here_alone() -> None:
    user = UserFactory()
    here, there = signed_in(user), signed_in(user)
    assert change(here) == ""
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert is_in(here)
    assert not is_in(there)
    assert Event.objects.filter(verb="user.password-changed", subject_id=user.pk).count() == 1


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("elevenchars", "at least 12"),
        ("123456789012", "entirely numeric"),
        ("qwerty123456", "too common"),
        ("lin-wei-collector", "too similar"),
        ("lin-wei.lin-wei", "too similar"),
        ("correct horse", "differs"),
    ],
)
def test_a_weak_password_is_refused_with_what_is_wanted(new: str, told: str) -> None:
    client = signed_in(username="lin-wei-collector")
    assert told in change(client, new=new)
    assert User.objects.get(username="lin-wei-collector").check_password("correct horse")
    assert not Event.objects.filter(verb="user.password-changed").exists()


def test_the_present_password_is_asked_for() -> None:
    assert "old password was entered incorrectly" in change(signed_in(), old="wrong")


def test_who_was_given_a_password_reaches_nothing_before_changing_it() -> None:
    user = UserFactory(must_change_password=True)
    client = signed_in(user)
    for address in ("/", "/preferences/", "/admin/", "/home/", "/sessions/"):
        assert client.get(address)["Location"] == "/password/"
        assert client.post(address)["Location"] == "/password/"
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/password/"
    assert "Choose a password of your own" in client.get("/password/").content.decode()
    assert change(client) == ""
    assert is_in(client)
    assert client.post("/logout/").status_code == 302


def test_a_given_password_ends_all_sessions_and_must_be_changed() -> None:
    user = UserFactory()
    client = signed_in(user)
    services.password_was_set(actor=UserFactory(role="administrator"), user=user)
    assert not is_in(client)
    user.refresh_from_db()
    assert user.must_change_password
