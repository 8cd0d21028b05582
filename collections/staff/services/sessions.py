"""Ending sessions."""

from __future__ import annotations

from django.db import transaction

from audit.services import Actor, record
from staff import sessions
from staff.models import StaffSession, User


@transaction.atomic
def end_session(*, actor: Actor, session: StaffSession) -> None:
    """End one session: its browser has to sign in again at its next request. Recorded with the person as subject."""
    gone, _ = StaffSession.objects.filter(pk=session.pk).delete()
    if gone and session.user is not None:
        record(actor=actor, verb="user.sessions-ended", subject=session.user, after={"sessions": 1})


@transaction.atomic
def end_sessions(*, actor: Actor, user: User, keep: str | None = None, reason: str = "") -> int:
    """End every session of `user`, but for the one whose key is `keep`; how many were live.

    Nothing is recorded when none was.
    """
    live = sessions.live().filter(user=user).exclude(pk=keep or "").count()
    StaffSession.objects.filter(user=user).exclude(pk=keep or "").delete()
    if live:
        record(actor=actor, verb="user.sessions-ended", subject=user, after={"sessions": live}, reason=reason)
    return live
