"""Who works for whom."""

from __future__ import annotations

from django.db.models import QuerySet

from staff.models import User
from staff.permissions import Anyone, scope_of


def members_of(user: Anyone) -> QuerySet[User]:
    """The people whom `user` may give cases to: the active members of her teams, or of all."""
    scope = scope_of(user)
    people = User.objects.filter(is_active=True, is_staff=True, team__isnull=False)
    return people if scope.everything else people.filter(team__in=scope.teams)
