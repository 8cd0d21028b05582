"""Who may come in, and who may do what: nobody, unless it is said."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q

from staff.models import User


def may_enter(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether `user` works here now: logged in, active and staff. Everyone else sees the login page alone."""
    return isinstance(user, User) and user.is_authenticated and user.is_active and user.is_staff


def may_enter_data(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether `user` has any permission in the book, his own or a group's: the data-entry pages then have something for him.

    One query, where asking Django's `perms` costs two on every page.
    """
    if not (isinstance(user, User) and may_enter(user)):
        return False
    return (
        user.is_superuser
        or Permission.objects.filter(Q(user=user) | Q(group__user=user), content_type__app_label="accounts").exists()
    )


def require(user: AbstractBaseUser | AnonymousUser, permission: str) -> None:
    """Go on only if `user` may enter and has `permission` ("app.verb_model").

    Raises:
        PermissionDenied: otherwise; answered with 403.
    """
    if not (isinstance(user, User) and may_enter(user) and user.has_perm(permission)):
        raise PermissionDenied
