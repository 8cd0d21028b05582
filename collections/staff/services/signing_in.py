"""Signing in, once both steps are passed, and what is kept between them."""

from __future__ import annotations

import time

from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django_otp.models import Device

from audit.services import record
from staff import sessions
from staff.models import User
from staff.requests import address_of, browser_of

PENDING = "pending"
BACKEND = "staff.backends.StaffBackend"
# Between the password and the code.
PATIENCE_SECONDS = 600


def wait_for_code(session: SessionBase, user: User, next_page: str) -> None:
    """Note that `user` gave the right password and is to pass the second step. Nothing is open to them yet."""
    session.cycle_key()
    session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + PATIENCE_SECONDS,
        "next": next_page,
    }
    session.set_expiry(PATIENCE_SECONDS)


def waiting(session: SessionBase) -> User | None:
    """Who gave the password in this session a short while ago; None when nobody did, or the password or the right to
    enter has changed since."""
    pending = session.get(PENDING)
    if pending is None or pending["until"] < time.time():
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), pending["hash"]):
        return None
    return user


@transaction.atomic
def sign_in(request: HttpRequest, *, user: User, device: Device) -> str:
    """Begin the session of `user`, who passed both steps, the second by `device`; where they were going, or blank.

    The session gets a new key; failures are forgotten; sessions that have run out are cleared away.
    """
    pending = request.session.pop(PENDING, {})
    login(request, user, backend=BACKEND)
    sessions.verify(
        request.session,
        device_id=device.persistent_id,
        address=address_of(request),
        browser=browser_of(request),
    )
    sessions.SessionStore.clear_expired()
    record(actor=user, verb="user.signed-in", subject=user, after={"by": device.name})
    return pending.get("next", "")
