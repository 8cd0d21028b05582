"""Who works for whom."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.models import Case, CaseStatus
from cases.permissions import visible_to
from staff.models import User
from staff.permissions import Anyone, scope_of, who_see


def members_of(user: Anyone) -> QuerySet[User]:
    """The people whose work `user` steers: the active members of her teams, or of all."""
    scope = scope_of(user)
    people = User.objects.filter(is_active=True, is_staff=True, team__isnull=False)
    return people if scope.everything else people.filter(team__in=scope.teams)


def on_the_board(user: Anyone) -> QuerySet[User]:
    """Whom the team board of `user` names: `members_of`, and whoever works an open case that she sees."""
    working = visible_to(user).filter(assignee=OuterRef("pk"), status=CaseStatus.OPEN)
    return User.objects.filter(Q(Exists(working)) | Q(pk__in=members_of(user).values("pk")))


def takers_for(user: Anyone, cases: Collection[Case] | None = None) -> QuerySet[User]:
    """The people whom `user` may give cases to and `assign` accepts, by name: of `members_of` those who may work cases and,
    where `cases` are named, who see the team of one of them at least."""
    able = User.objects.with_perm("cases.work_case", backend="staff.backends.StaffBackend")
    people = members_of(user).filter(pk__in=able.values("pk")).order_by("display_name", "username")
    return people if cases is None else people.filter(pk__in=who_see({case.team_id for case in cases}).values("pk"))
