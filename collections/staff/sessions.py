"""Sessions that know whose they are: Django's database sessions with the person, the place and the times beside them.

A signed-in session ends at a fixed time after signing in, and sooner when nothing is asked for a while. All times here
are the machine's own, not the clock that a demonstration may set: turning that clock back must revive nothing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from staff.models import StaffSession

SIGNED_IN = "signed_in"
# "Last seen" is written at most this often, so that a request costs no write.
GRAIN = timedelta(minutes=1)


def idle_limit() -> timedelta:
    """After so long without a request a session ends (up to `GRAIN` sooner)."""
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def handle_of(session_key: str) -> str:
    """What names a session without opening it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


class SessionStore(DatabaseStore):
    """Django's database engine over `StaffSession`."""

    last_seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[StaffSession]:
        return StaffSession

    def _get_session_from_db(self) -> StaffSession | None:
        row: StaffSession | None = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        if row is None:
            return None
        if row.user_id is not None and row.last_seen_at <= timezone.now() - idle_limit():
            self._session_key = None
            return None
        self.last_seen_at = row.last_seen_at
        return row

    def create_model_instance(self, data: dict[str, Any]) -> StaffSession:
        row: StaffSession = super().create_model_instance(data)  # type: ignore[assignment]  # the base names its own model
        row.handle = handle_of(row.session_key)
        row.last_seen_at = self.last_seen_at = timezone.now()
        if SESSION_KEY in data:
            row.user_id = int(data[SESSION_KEY])
        if about := data.get(SIGNED_IN):
            row.address, row.browser = about["address"], about["browser"]
            row.signed_in_at = datetime.fromisoformat(about["at"])
        return row

    @classmethod
    def clear_expired(cls) -> None:
        now = timezone.now()
        StaffSession.objects.filter(
            Q(expire_date__lt=now) | Q(user__isnull=False, last_seen_at__lte=now - idle_limit())
        ).delete()


def verify(session: SessionBase, *, device_id: str, address: str | None = None, browser: str = "") -> None:
    """Note in a session in which somebody has signed in that the second step was passed, and from where; it ends
    `SESSION_COOKIE_AGE` from now, whatever happens in it."""
    now = timezone.now()
    session[DEVICE_ID_SESSION_KEY] = device_id
    session[SIGNED_IN] = {"at": now.isoformat(), "address": address, "browser": browser}
    session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def is_verified(session: SessionBase) -> bool:
    """Whether the second step was passed in this session."""
    return DEVICE_ID_SESSION_KEY in session


def seen(session: SessionBase) -> None:
    """Somebody asked for something: the time of idleness begins anew. One write in a `GRAIN`."""
    now = timezone.now()
    if isinstance(session, SessionStore) and session.last_seen_at and session.last_seen_at <= now - GRAIN:
        StaffSession.objects.filter(session_key=session.session_key).update(last_seen_at=now)
        session.last_seen_at = now


def live() -> QuerySet[StaffSession]:
    """The sessions in which somebody is signed in now, the one seen last first."""
    now = timezone.now()
    return (
        StaffSession.objects.filter(user__isnull=False, expire_date__gt=now, last_seen_at__gt=now - idle_limit())
        .select_related("user")
        .defer("session_data")
        .order_by("-last_seen_at")
    )
