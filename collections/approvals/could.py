"""Who could be made able to decide where nobody is, and where that is so before anybody asks: for those who manage people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise

from approvals import kinds
from runs import clock
from runs.said import said as _
from runs.said import said_list
from staff.limits import in_force as limits_in_force
from staff.limits import who_may
from staff.models import LimitKind, Role, Team, User
from staff.permissions import scopes_of

# The users' own backend: others (lock-out) have no permissions to ask for.
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Gap:
    """What nobody decides on the cases of `team` (None: a kind that is about no customer): whatever is asked for, or, where there
    is one who decides (`only`), what she asks for herself. `roles`: those by which one would, as they are now; where none of
    them has an authority yet, `limit` is the one that is needed."""

    team: Team | None
    kind: kinds.Kind
    only: User | None
    roles: Sequence[Role]
    limit: str


def with_permission(permission: str) -> QuerySet[User]:
    """The staff who have a permission."""
    return User.objects.with_perm(permission, backend=_BACKEND).filter(is_active=True, is_staff=True)


def deciders(kind: kinds.Kind, able: Collection[int]) -> QuerySet[User]:
    """The staff who decide a kind by themselves; of one with limits, who have one of the roles `able` (keys)."""
    people = with_permission(kind.decide_permission)
    # A role may give the authority, and another the permission.
    return people.filter(groups__in=able).distinct() if kind.limit else people


def what_it_takes(kind: kinds.Kind, amount: Decimal | None, currency: str) -> str:
    """Who could be made able to decide a request that nobody may, as a sentence: by which role, or which limit it lacks.
    Three queries at most."""
    holders = _roles_with(kind.decide_permission)
    if not holders:
        return _("No role has the right to decide this: give it to one first.")
    if not kind.limit:
        return _("It takes another person with one of these roles: %(roles)s.") % _named(holders)
    today = clock.today()
    if able := who_may(kind.limit, amount, today, currency=currency, permission=kind.decide_permission):
        return _("It takes another person who sees these cases and has one of these roles: %(roles)s.") % _named(able)
    return _(
        "No role may decide as much. It takes the limit “%(limit)s” of %(amount)s or more for one of these roles: %(roles)s."
    ) % {
        "limit": _label(kind.limit),
        "amount": _amount(kind, amount, currency),
        **_named(holders),
    }


def gaps() -> list[Gap]:
    """Where something can be asked for that nobody may decide: by team, what is about no customer first. Five queries, however
    many teams, people and kinds. Deputies close none: nobody decides for a person what that person asked for."""
    known = kinds.registered()
    able: dict[str, set[int]] = {}
    for row in limits_in_force(clock.today()):
        if row.most is None or row.most > 0:
            able.setdefault(row.kind, set()).add(row.role_id)
    flags: dict[str, Any] = {}
    for number, kind in enumerate(known):
        flags[f"decides_{number}"] = Exists(deciders(kind, able.get(kind.limit, ())).filter(pk=OuterRef("pk")))
        flags[f"asks_{number}"] = Exists(with_permission(kind.ask_permission).filter(pk=OuterRef("pk")))
    people = list(User.objects.filter(is_active=True, is_staff=True).annotate(**flags).order_by("display_name", "pk"))
    scopes = scopes_of(people)
    roles = _roles_by_permission({kind.decide_permission for kind in known})
    teams: list[Team | None] = [None, *Team.objects.filter(is_active=True)]
    found = []
    for team in teams:
        for number, kind in enumerate(known):
            if (team is None) == kind.about_customers:
                continue
            decide = [
                one
                for one in people
                if getattr(one, f"decides_{number}") and (team is None or scopes[one.pk].takes_in(team.pk))
            ]
            if len(decide) > 1 or (decide and not getattr(decide[0], f"asks_{number}")):
                continue
            holders = roles.get(kind.decide_permission, [])
            authorised = [role for role in holders if role.pk in able.get(kind.limit, ())] if kind.limit else holders
            limit = str(_label(kind.limit)) if kind.limit and not authorised else ""
            found.append(Gap(team, kind, decide[0] if decide else None, authorised or holders, limit))
    return found


def _roles_with(permission: str) -> list[Role]:
    return _roles_by_permission({permission}).get(permission, [])


def _roles_by_permission(permissions: Collection[str]) -> dict[str, list[Role]]:
    """By permission, the roles that have it, by name in the reader's language. One query."""
    codenames = [permission.split(".")[1] for permission in permissions]
    rows = Role.objects.filter(permissions__codename__in=codenames).values_list(
        "pk", "permissions__content_type__app_label", "permissions__codename"
    )
    wanted: dict[str, set[int]] = {}
    for key, app, codename in rows:
        if (permission := f"{app}.{codename}") in permissions:
            wanted.setdefault(permission, set()).add(key)
    by_key = {role.pk: role for role in Role.objects.filter(pk__in={key for keys in wanted.values() for key in keys})}
    return {permission: sorted((by_key[key] for key in keys), key=str) for permission, keys in wanted.items()}  # type: ignore[misc]  # the stubs take a role for the group it extends


def _named(roles: Sequence[Role]) -> dict[str, Any]:
    return {"roles": said_list(role.label for role in roles)}


def _label(limit: str) -> str | Promise:
    """What a kind of limit is called."""
    return dict(LimitKind.choices).get(limit, limit)


def _amount(kind: kinds.Kind, amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return _("any amount")
    return f"{amount:,.0f}" if kinds.is_in_days(kind.code) else f"{amount:,.2f} {currency}".rstrip()
