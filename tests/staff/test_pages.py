"""Signing in, and how the pages look and speak."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Event
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_signing_in_leads_to_the_worklist_and_brings_ones_language_back(client: Client) -> None:
    UserFactory(username="lin", language="zh-hans")
    response = client.post("/login/", {"username": "lin", "password": "correct horse"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "工作清单" in response.content.decode()


def test_a_wrong_password_is_told_without_saying_which_part_is_wrong(client: Client) -> None:
    UserFactory(username="lin")
    for name in ("lin", "nobody"):
        page = client.post("/login/", {"username": name, "password": "wrong"}).content.decode()
        assert "That name and password do not go together" in page


def test_a_language_is_kept_with_the_reader_and_recorded_once(client: Client) -> None:
    user = UserFactory()
    client.force_login(user)
    for _ in range(2):
        client.post("/language/", {"language": "zh-hans", "next": "/preferences/"})
    user.refresh_from_db()
    assert user.language == "zh-hans"
    assert Event.objects.filter(verb="user.language").count() == 1
    assert "偏好设置" in client.get("/preferences/").content.decode()


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    user = UserFactory(language="en")
    client.force_login(user)
    for language in ("de", "xx", ""):
        assert client.post("/language/", {"language": language}).status_code == 302
    user.refresh_from_db()
    assert user.language == "en"


@pytest.mark.parametrize(("chosen", "shown"), [("dark", 'data-bs-theme="dark"'), ("light", 'data-bs-theme="light"')])
def test_a_theme_is_kept_in_a_cookie_and_applied_by_the_server(client: Client, chosen: str, shown: str) -> None:
    assert "data-bs-theme" not in client.get("/login/").content.decode()
    client.post("/theme/", {"theme": chosen})
    assert shown in client.get("/login/").content.decode()
    client.post("/theme/", {"theme": "auto"})
    assert "data-bs-theme" not in client.get("/login/").content.decode()


def test_a_forged_theme_cookie_is_ignored(client: Client) -> None:
    client.cookies["delinquency_theme"] = '"><script>'
    assert "data-bs-theme" not in client.get("/login/").content.decode()


@pytest.mark.parametrize(("target", "location"), [("/preferences/", "/preferences/"), ("https://evil.example/", "/")])
def test_nobody_is_sent_off_the_site(client: Client, target: str, location: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": target})["Location"] == location
