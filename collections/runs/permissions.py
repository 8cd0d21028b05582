"""Who may see which job. Day closes are for those with `runs.view_dayclose`."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import QuerySet

from runs.models import JobRun


def visible_to(user: AbstractBaseUser | AnonymousUser) -> QuerySet[JobRun]:
    """The jobs that `user` asked for; all of them with the permission `runs.view_jobrun`."""
    if not user.is_authenticated or not user.is_active:
        return JobRun.objects.none()
    if isinstance(user, PermissionsMixin) and user.has_perm("runs.view_jobrun"):
        return JobRun.objects.all()
    return JobRun.objects.filter(actor_id=user.pk)
