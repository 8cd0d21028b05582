"""What the pages of cases have in common."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from staff.models import User


def user_of(request: HttpRequest) -> User:
    """Who asks; past the entrance it is always a member of staff."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
