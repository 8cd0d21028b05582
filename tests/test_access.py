"""Default-deny, proved on every address there is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.clients import pass_the_password
from tests.factories import UserFactory

# Everything that may be opened without signing in, and why.
OPEN = {
    "login": "the door itself",
    "code": "the door's second step: it knows who gave the password a moment ago, and nobody else",
    "enrol": "the same, the first time",
    "logout": "who is signed in without being staff must be able to leave",
    "set_language": "the login page speaks two languages",
    "theme": "the login page is light or dark",
    "admin:login": "the admin's door; it leads to ours",
    "admin:jsi18n": "the admin's words for its scripts: no data",
}
VALUES = {
    "int": "1", "str": "x", "slug": "x", "uuid": str(uuid.UUID(int=1)), "path": "1", "day": "2026-11-22",
}  # fmt: skip


def addresses(
    patterns: list[URLPattern | URLResolver], prefix: str = "/", space: str = ""
) -> Iterator[tuple[str, str]]:
    """(name, an address) for every pattern, namespaces included."""
    for pattern in patterns:
        address = prefix + _filled(pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, address, inner)
        else:
            yield f"{space}{pattern.name or pattern.lookup_str}", address


def _filled(pattern: URLPattern | URLResolver) -> str:
    text = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        text = text.replace(f"<{kind}:{name}>", VALUES[kind]).replace(f"<{name}>", VALUES["str"])
    return text.replace("(?P<app_label>", "").replace("^", "").replace("$", "").replace("\\Z", "")


ALL = sorted(set(addresses(get_resolver().url_patterns)))
GUARDED = [(name, address) for name, address in ALL if name not in OPEN]


def test_the_walk_finds_the_pages_and_every_open_one_exists() -> None:
    names = {name for name, _ in ALL}
    assert {
        "worklist",
        "case",
        "messages",
        "message",
        "events",
        "day-closes",
        "day-close",
        "job",
        "preferences",
    } <= names
    assert set(OPEN) <= names


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "address"), GUARDED, ids=[f"{name} {address}" for name, address in GUARDED])
def test_nobody_enters_without_signing_in(name: str, address: str, client: Client) -> None:
    for method in (client.get, client.post):
        response = method(address)
        assert response.status_code == 302, address
        assert "/login/" in response["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "address"), GUARDED, ids=[f"{name} {address}" for name, address in GUARDED])
def test_the_password_without_the_second_step_opens_nothing(name: str, address: str, client: Client) -> None:
    pass_the_password(client, UserFactory(is_superuser=True))
    for method in (client.get, client.post):
        response = method(address)
        assert response.status_code == 302, address
        assert "/login/" in response["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "address"), GUARDED, ids=[f"{name} {address}" for name, address in GUARDED])
def test_who_is_not_staff_gets_403(name: str, address: str, client: Client) -> None:
    client.force_login(UserFactory(is_staff=False))
    for method in (client.get, client.post):
        assert method(address).status_code == 403, address


@pytest.mark.django_db
def test_who_left_the_company_is_signed_out(client: Client) -> None:
    user = UserFactory()
    client.force_login(user)
    assert client.get("/").status_code == 200
    user.is_active = False
    user.save()
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_who_is_not_staff_can_leave_and_is_told_why(client: Client) -> None:
    client.force_login(UserFactory(is_staff=False))
    assert "Sign out" in client.get("/").content.decode()
    assert client.post("/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_pages_answer_a_strict_policy_without_inline_script_or_style(client: Client) -> None:
    client.force_login(UserFactory(is_superuser=True))
    for address in ("/", "/messages/", "/days/", "/audit/", "/preferences/", "/nothing-here/"):
        response = client.get(address)
        policy, page = response["Content-Security-Policy"], response.content.decode()
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count("<script src=")
