"""Default-deny: a page asks for a member of staff who passed both steps of signing in, unless its view says otherwise.
And no cache keeps what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url

from runs.pages import came_from, elsewhere
from staff import sessions
from staff.models import User

# What a page asks by itself, with nobody before it, carries this header: it does not keep a session awake.
UNATTENDED = "X-Unattended"
# What remains open to somebody who must change the password first.
WITH_ANY_PASSWORD = {"password"}


class KeptNowhereMiddleware:
    """What somebody who is signed in is answered is hers alone: no cache keeps it, not even her browser's. Static files are
    answered further out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Where a page says so itself (the data-entry pages do), its words stand.
        if request.user.is_authenticated and "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "private, no-store"
        return response


class StaffRequiredMiddleware(LoginRequiredMiddleware):
    """Who has not passed both steps goes to the sign-in page (a form that was sent is kept), who has but is not staff gets 403,
    and who was given a password goes to the page where it is changed.

    Only views marked `login_not_required` are open; `tests/test_access.py` names them all.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        user = request.user
        if not (isinstance(user, User) and user.is_authenticated and sessions.is_verified(request.session)):
            return _to_sign_in(request, getattr(view_func, "keeps_nothing", False))
        if not user.is_staff:
            raise PermissionDenied
        if user.must_change_password and _name(request) not in WITH_ANY_PASSWORD:
            return elsewhere(request, resolve_url("password"))
        if UNATTENDED not in request.headers:
            sessions.seen(request.session)
        return None


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _to_sign_in(request: HttpRequest, keeps_nothing: bool) -> HttpResponseBase:
    """The sign-in page, which leads back. Nothing that was typed is lost by it: a part of a page is refused with 401, and the
    page stays and says so (app.js); a form that was sent comes back, to be sent again once the reader has signed in. Where
    nothing was typed (`keeps_nothing`) the way back is to the page that she was on."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=401)
    if keeps_nothing:
        back = came_from(request) if request.method == "POST" else "/"
        return redirect_to_login(back, resolve_url(settings.LOGIN_URL))
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and "password" not in name
        for value in values
    ]
    if kept:
        context = {"kept": kept, "address": request.get_full_path(), "files": bool(request.FILES)}
        return render(request, "registration/kept.html", context, status=401)
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
