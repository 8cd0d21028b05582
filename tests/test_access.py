"""Default-deny, proved on every address there is."""

from __future__ import annotations

import io
import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from unittest.mock import patch

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from delinquency.logs import PlainRefusals
from staff.backends import StaffBackend
from staff.models import StaffSession, User
from staff.permissions import scope_of
from staff.roles import INSTALLED
from staff.sessions import SessionStore
from tests.access import ENTRY, EVERYONE, INSIDE, OF_A_TEAM, TABLE, Args, Roles, Row
from tests.access_entry import ADMIN, ROWLESS
from tests.clients import pass_the_password, signed_in
from tests.factories import UserFactory
from tests.sizes import FULL
from tests.world import World

# A page that asks by itself does not keep its session awake, which is dear and not what is looked at here.
UNATTENDED = {"X-Unattended": "1"}
AS_A_PART = {"HX-Request": "true", **UNATTENDED}

# Everything that may be opened without signing in, and why.
OPEN = {
    "login": "the door itself",
    "code": "the door's second step: it knows who gave the password a moment ago, and nobody else",
    "enrol": "the same, the first time",
    "logout": "who is signed in without being staff must be able to leave",
    "set_language": "the login page speaks two languages",
    "theme": "the login page is light or dark",
    "hook": "providers tell what became of messages: each is proved by its signature or login (tests/reminders/test_hooks.py)",
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
def test_nobody_enters_without_signing_in(client: Client) -> None:
    assert not [*_not_led_to_the_door(client)]


@pytest.mark.django_db
def test_the_password_without_the_second_step_opens_nothing(client: Client) -> None:
    pass_the_password(client, UserFactory(is_superuser=True))
    assert not [*_not_led_to_the_door(client)]


def _not_led_to_the_door(client: Client) -> Iterator[str]:
    """The guarded addresses that answer this browser anything but the way to the sign-in page."""
    for _name, address in GUARDED:
        for method in (client.get, client.post):
            response = method(address)
            if response.status_code != 302 or "/login/" not in response["Location"]:
                yield f"{address}: {response.status_code}"


@pytest.mark.django_db
def test_who_is_not_staff_gets_403(client: Client) -> None:
    client.force_login(UserFactory(is_staff=False))
    assert not [
        address
        for _name, address in GUARDED
        for method in (client.get, client.post)
        if method(address).status_code != 403
    ]


MODEL_PAGE = re.compile(r"admin:(\w+?_\w+?)_(changelist|add|change|delete|history)$")


def row_of(name: str) -> Row | None:
    """The table's row; for the pages of a model's rows the one that follows from who sees, adds and changes them.

    Those name a row that does not exist: who may asks, is led back to the start (302), everyone else gets 403 before.
    """
    found = MODEL_PAGE.fullmatch(name)
    if found is None or name in TABLE:
        return TABLE.get(name)
    rows = ADMIN.get(found[1])
    if rows is None:
        return None
    nothing: Args = lambda world: {"object_id": "0"}  # noqa: E731
    return {
        "changelist": Row(rows.sees | rows.changes, rows.sees | rows.changes, done=(200, 302)),
        "add": Row(rows.adds, rows.adds, done=(200,)),
        "change": Row(rows.sees | rows.changes, rows.changes, nothing, seen=(302,)),
        "delete": Row(rows.removes, rows.removes, nothing, seen=(302,)),
        # Django looks for the row before it asks who wants it: nothing there is nothing told.
        "history": Row(INSIDE, INSIDE, nothing, seen=(302,)),
    }[found[2]]


NAMES = sorted({name for name, _ in GUARDED})


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    without = [name for name in NAMES if name not in ROWLESS and row_of(name) is None]
    assert not without, f"Say in tests/access.py who gets what at: {', '.join(without)}"
    assert not (set(TABLE) | set(ROWLESS)) - set(NAMES)
    models = {found[1] for name in NAMES if (found := MODEL_PAGE.fullmatch(name))}
    assert not set(ADMIN) - models


def refusals(role: str, name: str, row: Row, client: Client, world: World) -> Iterator[str]:
    """What one role gets at one address, where it differs from the table. Nothing that a request changes stays."""
    for method, allowed, expected in (("GET", row.sees, row.seen), ("POST", row.does, row.done)):
        # Who may not do it at all is refused before anybody looks whose it is: what is far away is asked of her with FULL=1.
        looks_far = row.far is not None and (FULL or allowed is None or role in allowed)
        for args, is_far in ((row.near, False), (row.far, True))[: 1 + looks_far]:
            address = reverse(name, kwargs=args(world) if args else None)
            wanted = wanted_of(role, allowed, expected, row, is_far)
            client.cookies["sessionid"] = world.session_key
            with transaction.atomic():
                headers = AS_A_PART if row.part else UNATTENDED
                data = row.data if method == "POST" else None
                answer = getattr(client, method.lower())(address, data, headers=headers)
                transaction.set_rollback(True)
            if answer.status_code not in wanted:
                yield f"{name} {method} {'far' if is_far else 'near'}: {answer.status_code}, expected {wanted}"


def wanted_of(role: str, allowed: Roles | None, expected: tuple[int, ...], row: Row, is_far: bool) -> tuple[int, ...]:
    if allowed is None:
        return (405, 403)
    if role not in allowed:
        return (403, 404) if is_far else (403,)
    return (404,) if is_far and role in row.far_for else expected


@contextmanager
def known(user: User, session_key: str) -> Iterator[None]:
    """Who asks is read once, her session, rights and reach with her, instead of for each of a thousand requests: what a request
    changes is rolled back, so she would be read the same. The other tests here and those of `tests/staff` read her each time."""
    backend = StaffBackend()
    read = backend.get_user(user.pk)
    assert read is not None
    read.get_all_permissions()
    scope_of(read)
    row = StaffSession.objects.get(session_key=session_key)
    with (
        patch.object(StaffBackend, "get_user", lambda self, pk: copy(read) if pk == read.pk else None),
        patch.object(SessionStore, "_get_session_from_db", lambda self: row),
    ):
        yield


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize("role", sorted(EVERYONE), ids=lambda role: role or "no role")
def test_every_address_answers_every_role_as_the_table_says(role: str) -> None:
    user = UserFactory(role=role)
    client = signed_in(user)
    world = World.around(user, client.session.session_key)
    found = []
    with known(user, world.session_key):
        for name in NAMES:
            row = row_of(name)
            if row is not None:
                found += refusals(role, name, row, client, world)
    assert not found, "\n".join(found)


def test_the_table_speaks_of_the_installed_roles() -> None:
    assert {*INSTALLED, ""} == EVERYONE
    assert OF_A_TEAM < EVERYONE
    assert not ENTRY & OF_A_TEAM


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


@pytest.mark.django_db
def test_no_cache_keeps_what_somebody_signed_in_is_answered(client: Client) -> None:
    client.force_login(UserFactory(role="supervisor"))
    for address in ("/worklist/", "/complaints/", "/queues/", "/messages/", "/cases/none/", "/admin/"):
        assert "no-store" in client.get(address)["Cache-Control"], address
    client.logout()
    assert "Cache-Control" not in client.get("/worklist/")


@pytest.mark.django_db
def test_no_address_has_a_nul_in_its_query(client: Client) -> None:
    client.force_login(UserFactory(role="supervisor"))
    assert client.get("/complaints/new/?customer=%00").status_code == 404
    assert client.get("/worklist/?q=a%00b").status_code == 404


@pytest.mark.django_db
def test_a_refusal_is_one_line_in_the_log_and_a_fault_has_its_traceback(client: Client) -> None:
    handler = next(
        one for one in logging.getLogger().handlers if any(isinstance(f, PlainRefusals) for f in one.filters)
    )
    told = io.StringIO()
    before = handler.setStream(told)
    try:
        client.force_login(UserFactory(role="collector"))
        assert client.get("/admin/").status_code == 403
        assert client.get("/cases/none/").status_code == 404
        assert told.getvalue().count("\n") == 2
        client.raise_request_exception = False
        with patch("cases.views.queues.queues_of", side_effect=ValueError("a fault")):
            assert client.get("/queues/").status_code == 500
        assert "Traceback" in told.getvalue()
        assert "ValueError: a fault" in told.getvalue()
    finally:
        handler.setStream(before)
