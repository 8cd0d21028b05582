"""Who may come in, who may do what and on which cases: nobody and nothing, unless it is said."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Value
from django.http import HttpRequest, HttpResponse

from staff.models import RoleScope, User

Anyone = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Scope:
    """Whose cases someone sees: everybody's, or those of `teams` (keys) and her own."""

    everything: bool = False
    teams: frozenset[int] = frozenset()


def may_enter(user: Anyone) -> bool:
    """Whether `user` works here now: logged in, active and staff. Everyone else sees the login page alone."""
    return isinstance(user, User) and user.is_authenticated and user.is_active and user.is_staff


def may(user: Anyone, permission: str) -> bool:
    """Whether `user` may enter and has `permission` ("app.verb_model")."""
    return isinstance(user, User) and may_enter(user) and user.has_perm(permission)


def require(user: Anyone, permission: str) -> None:
    """Go on only if `user` may enter and has `permission`.

    Raises:
        PermissionDenied: otherwise; answered with 403.
    """
    if not may(user, permission):
        raise PermissionDenied


def needs(permission: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view for those with `permission`; for everyone else 403."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
            require(request.user, permission)
            return view(request, *args, **values)

        return guarded

    return decorate


def scope_of(user: Anyone) -> Scope:
    """How far `user` sees, read once a request (kept on the user object). One query."""
    if not (isinstance(user, User) and may_enter(user)):
        return Scope()
    kept: Scope | None = getattr(user, "_scope", None)
    if kept is None:
        kept = user._scope = _read_scope(user)  # type: ignore[attr-defined]  # a cache, no field
    return kept


def _read_scope(user: User) -> Scope:
    if user.is_superuser:
        return Scope(everything=True)
    everything = (
        user.groups.filter(role__scope=RoleScope.EVERYTHING).order_by().values_list(Value(None, BigIntegerField()))
    )
    teams = user.supervises.order_by().values_list("pk")
    found = {key for (key,) in everything.union(teams)}
    if None in found:
        return Scope(everything=True)
    return Scope(teams=frozenset(found | ({user.team_id} if user.team_id else set())))


def may_enter_data(user: Anyone) -> bool:
    """Whether the data-entry pages have something for `user`: the book to see or to enter, or people to manage.

    No query where her permissions were read already. What collectors may (a hold, revealing a number) is no data entry.
    """
    return any(may(user, right) for right in ("accounts.view_account", "accounts.add_customer", "staff.change_user"))
