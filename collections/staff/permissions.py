"""Who may come in, who may do what and on which cases: nobody and nothing, unless it is said."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponseBase

from staff.models import Role, RoleScope, User

Anyone = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Scope:
    """Whose cases someone sees: everybody's, or those of `teams` (keys) and her own. `team_name` is of the team she is in."""

    everything: bool = False
    teams: frozenset[int] = frozenset()
    team_name: str = ""

    def takes_in(self, team: int) -> bool:
        """Whether a team's cases are among them."""
        return self.everything or team in self.teams


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


def needs(permission: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A view for those with `permission`; for everyone else 403."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
            require(request.user, permission)
            return view(request, *args, **values)

        return guarded

    return decorate


def roles_with(permission: str) -> list[Role]:
    """The roles that have `permission`, by name in the reader's language. One query."""
    app, codename = permission.split(".")
    found = Role.objects.filter(permissions__content_type__app_label=app, permissions__codename=codename)
    return sorted(found, key=str)  # type: ignore[arg-type]  # the stubs take a role for the group it extends


def permissions_of_roles() -> dict[Role, frozenset[str]]:
    """What each role may. One query."""
    path = "permissions__content_type__app_label", Value("."), "permissions__codename"
    has = ArrayAgg(Concat(*path), filter=Q(permissions__isnull=False), default=[])
    return {role: frozenset(role.has) for role in Role.objects.annotate(has=has)}  # type: ignore[misc]  # as in `roles_with`


def scope_of(user: Anyone) -> Scope:
    """How far `user` sees, read once a request (kept on the user object). One query."""
    if not (isinstance(user, User) and may_enter(user)):
        return Scope()
    kept: Scope | None = getattr(user, "_scope", None)
    if kept is None:
        kept = user._scope = scopes_of([user])[user.pk]  # type: ignore[attr-defined]  # a cache, no field
    return kept


def scopes_of(users: Sequence[User]) -> dict[int, Scope]:
    """How far each of these people who work here sees, by key. One query."""
    reaches = Role.objects.filter(user=OuterRef("pk"), scope=RoleScope.EVERYTHING)  # type: ignore[misc]  # the stubs take a role for the group it extends
    rows = (
        User.objects.filter(pk__in=[user.pk for user in users])
        .annotate(
            everything=Exists(reaches), over=ArrayAgg("supervises", filter=Q(supervises__isnull=False), default=[])
        )
        .values_list("pk", "is_superuser", "everything", "team", "team__name", "over")
    )
    return {
        key: Scope(everything=True, team_name=name or "")
        if is_superuser or everything
        else Scope(teams=frozenset({*([team] if team else []), *over}), team_name=name or "")
        for key, is_superuser, everything, team, name, over in rows
    }


def who_see(teams: Collection[int] | QuerySet[Any, Any]) -> QuerySet[User]:
    """The staff whose scope takes in the cases of one of `teams` (keys, or a query for them). `scope_of` from the other side."""
    far = Role.objects.filter(scope=RoleScope.EVERYTHING).values("user")  # type: ignore[misc]  # as in `scopes_of`
    everything = Q(pk__in=far) | Q(is_superuser=True)
    over = Q(pk__in=User.objects.filter(supervises__in=teams).values("pk"))
    return User.objects.filter(everything | over | Q(team__in=teams), is_active=True, is_staff=True)


def may_enter_data(user: Anyone) -> bool:
    """Whether the data-entry pages have something for `user`: the book to see or to enter, or people to manage.

    No query where her permissions were read already. What collectors may (a hold, revealing a number) is no data entry.
    """
    return any(may(user, right) for right in ("accounts.view_account", "accounts.add_customer", "staff.change_user"))


# Rights on the book that people have for the desk, where scope and limits bound them.
DESK_RIGHTS = frozenset(
    f"accounts.{right}"
    for right in (
        *("add_hold", "change_hold", "place_deferral", "reveal_contactpoint", "enter_contactpoint"),
        "verify_contactpoint",
        *(
            "view_unmatchedpayment",
            "match_unmatchedpayment",
            "view_paymentfile",
            "ask_money",
            "ask_write_off",
            "decide_money",
        ),
    )
)


def may_use_data_entry(user: Anyone) -> bool:
    """Whether the data-entry pages let `user` in at all. They know no teams, so they are for who sees everything, or
    has rights on the book beyond those of the desk; a collector would see other teams' customers there."""
    if not (isinstance(user, User) and may_enter(user)):
        return False
    book = {right for right in user.get_all_permissions() if right.startswith("accounts.")}
    return scope_of(user).everything or bool(book - DESK_RIGHTS)
