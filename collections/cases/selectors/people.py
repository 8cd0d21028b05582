"""Who works for whom."""

from __future__ import annotations

import functools
from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.models import Case, CaseStatus
from cases.permissions import visible_to
from runs.prepared import Statement, rows_of, statement_of
from staff.models import User
from staff.permissions import Anyone, Scope, scope_of, who_see


def members_of(user: Anyone) -> QuerySet[User]:
    """The people whose work `user` steers: the active members of her teams, or of all."""
    return _members(scope_of(user))


def on_the_board(user: Anyone) -> QuerySet[User]:
    """Whom the team board of `user` names: `members_of`, and whoever works an open case that she sees."""
    working = visible_to(user).filter(assignee=OuterRef("pk"), status=CaseStatus.OPEN)
    return User.objects.filter(Q(Exists(working)) | Q(pk__in=members_of(user).values("pk")))


def takers_for(user: Anyone, cases: Collection[Case] | None = None) -> QuerySet[User]:
    """The people whom `user` may give cases to and `assign` accepts, by name: of `members_of` those who may work cases and,
    where `cases` are named, who see the team of one of them at least."""
    return _takers(scope_of(user), None if cases is None else frozenset(case.team_id for case in cases))


def takers_named(user: Anyone, cases: Collection[Case]) -> list[tuple[int, str]]:
    """`takers_for` as keys and names, for a list that offers them on each of its pages. One query, planned once a connection."""
    rows = rows_of(_statement(scope_of(user), frozenset(case.team_id for case in cases)), {})
    return [(key, str(User(**dict(zip(_NAMES, names, strict=True))))) for key, *names in rows]


# What a person is called by.
_NAMES = ("display_name", "first_name", "last_name", "username")


@functools.lru_cache(maxsize=1_000)
def _statement(scope: Scope, teams: frozenset[int | None]) -> Statement:
    return statement_of(_takers(scope, teams).values_list("pk", *_NAMES))


def _takers(scope: Scope, teams: frozenset[int | None] | None) -> QuerySet[User]:
    able = User.objects.with_perm("cases.work_case", backend="staff.backends.StaffBackend")
    people = _members(scope).filter(pk__in=able.values("pk")).order_by("display_name", "username")
    return (
        people
        if teams is None
        else people.filter(pk__in=who_see({team for team in teams if team is not None}).values("pk"))
    )


def _members(scope: Scope) -> QuerySet[User]:
    people = User.objects.filter(is_active=True, is_staff=True, team__isnull=False)
    return people if scope.everything else people.filter(team__in=scope.teams)
