"""Who may come in, and who may do what: nobody, unless it is said."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from staff.models import User


def may_enter(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether `user` works here now: logged in, active and staff. Everyone else sees the login page alone."""
    return isinstance(user, User) and user.is_authenticated and user.is_active and user.is_staff


def require(user: AbstractBaseUser | AnonymousUser, permission: str) -> None:
    """Go on only if `user` may enter and has `permission` ("app.verb_model").

    Raises:
        PermissionDenied: otherwise; answered with 403.
    """
    if not (isinstance(user, User) and may_enter(user) and user.has_perm(permission)):
        raise PermissionDenied
