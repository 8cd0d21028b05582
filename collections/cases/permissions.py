"""Who may see which case. Every member of staff works the whole book until teams exist."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from cases.models import Case
from staff.permissions import may_enter


def visible_to(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Case]:
    """The cases that `user` may see: all for active staff, none for anyone else."""
    return Case.objects.all() if may_enter(user) else Case.objects.none()
