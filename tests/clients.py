"""Browsers of people who are signed in, for tests that are not about signing in."""

from __future__ import annotations

from typing import Any

from django.test import Client

from staff import sessions
from staff.models import User
from tests.factories import UserFactory

_force_login = Client.force_login


def signed_in(user: User | None = None, **fields: Any) -> Client:
    """A browser in which `user` (or a new one with these `fields`) has passed both steps of signing in."""
    client = Client()
    pass_both_steps(client, user or UserFactory(**fields))
    return client


def pass_the_password(client: Client, user: User) -> None:
    """Django's own `force_login`: signed in as far as Django knows, but without the second step, which opens nothing."""
    _force_login(client, user)


def pass_both_steps(client: Client, user: User, backend: str | None = None) -> None:
    """`client` as if `user` had signed in: the session is signed exactly as the second step signs it
    (`staff.sessions.verify`). In tests `client.force_login(user)` is this (conftest)."""
    _force_login(client, user, backend)
    session = client.session
    sessions.verify(session, device_id="otp_totp.totpdevice/0")
    session.save()
