"""Default-deny: a page asks for a signed-in member of staff unless its view says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase


class StaffRequiredMiddleware(LoginRequiredMiddleware):
    """Anonymous people go to the login page, signed-in people who are not staff get 403.

    Only views marked `login_not_required` are open; `tests/test_access.py` names them all.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return super().process_view(request, view_func, view_args, view_kwargs)
