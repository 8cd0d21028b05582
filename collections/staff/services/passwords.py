"""Passwords: changed by their owners, set by administrators."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from audit.services import Actor, record
from staff.models import User
from staff.services.sessions import end_sessions


@transaction.atomic
def change_password(*, actor: User, password: str, keep_session: str | None = None) -> None:
    """Give `actor` the new password and end their sessions everywhere, but for `keep_session`. Locks the user.

    Raises:
        django.core.exceptions.ValidationError: the password breaks the policy, or is the present one's equal.
    """
    user = User.objects.select_for_update().get(pk=actor.pk)
    validate_password(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    record(actor=actor, verb="user.password-changed", subject=user)
    end_sessions(actor=actor, user=user, keep=keep_session)


@transaction.atomic
def password_was_set(*, actor: Actor, user: User) -> None:
    """Somebody else gave `user` a password: it must be changed at the next signing in, and all sessions end."""
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    record(actor=actor, verb="user.password-set", subject=user)
    end_sessions(actor=actor, user=user)
