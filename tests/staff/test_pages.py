"""How the pages look and speak, and where a reader lands."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from audit.models import Event
from staff.models import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(
    ("role", "address"),
    [("collector", "/"), ("auditor", "/"), ("data-entry", "/admin/"), ("", "/preferences/")],
)
def test_signing_in_leads_to_the_first_page_that_one_may_open(client: Client, role: str, address: str) -> None:
    client.force_login(UserFactory(role=role))
    assert client.get("/home/")["Location"] == address


def test_a_role_speaks_the_readers_language_until_it_is_renamed() -> None:
    role = Role.objects.get(code="collector")
    assert str(role) == "Collector"
    role.name = "Caller"
    assert str(role) == "Caller"


def test_somebody_who_only_reads_the_record_lands_on_it(client: Client) -> None:
    user = UserFactory(role="")
    user.user_permissions.add(Permission.objects.get(codename="view_event"))
    client.force_login(user)
    assert client.get("/home/")["Location"] == "/audit/"


def test_in_answer_to_what_was_sent_the_switches_lead_to_where_it_came_from(client: Client) -> None:
    for came_from, address in (
        ({"referer": "http://testserver/approvals/?page=2"}, "/approvals/?page=2"),
        ({"referer": "https://evil.example//evil.example/"}, "/"),
        ({}, "/"),
    ):
        answer = client.post("/approvals/decide/", {"verb": "approve"}, headers=came_from)
        assert answer.status_code == 401, "signed out: what was sent comes back"
        assert answer.content.decode().count(f'name="next" value="{address}"') == 2


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        ("collector", "/ ? Esc C L I P D H F O B G E T X M J K 1 9 Ctrl Enter J K Enter N"),
        ("supervisor", "/ ? Esc C L I P D H F O B G E A T X M J K 1 9 Ctrl Enter J K Enter S N"),
        ("auditor", "/ ? Esc J K Enter"),
        ("data-entry", "? Esc J K Enter"),
    ],
)
def test_a_key_is_shown_to_whom_it_does_something(client: Client, role: str, keys: str) -> None:
    client.force_login(UserFactory(role=role))
    page = client.get("/preferences/").content.decode()
    shown = page[page.index('id="list-title"') : page.index('id="sessions-title"')]
    assert re.findall("<kbd>(.+?)</kbd>", shown) == keys.split()
    assert ("keys of their own" in page) is (role in ("collector", "supervisor"))
