"""Where a reader lands, and how the pages look and speak."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language as django_set_language

from runs.pages import back_to
from staff import services, sessions
from staff.models import User
from staff.permissions import may, may_enter_data
from staff.preferences import A_YEAR, THEME_COOKIE, THEMES
from staff.services.second_factor import recovery_codes_left


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages; a signed-in reader keeps it with her name."""
    response = django_set_language(request)
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        services.choose_language(actor=request.user, language=language)
    return response


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep light or dark in a cookie; anything else goes back to following the system."""
    response = redirect(back_to(request))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=A_YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where signing in leads: the first page that the reader may open."""
    user = request.user
    if may(user, "cases.view_case"):
        return redirect("my-work")
    if may_enter_data(user):
        return redirect("admin:index")
    return redirect("events" if may(user, "audit.view_event") else "preferences")


@require_GET
def preferences(request: HttpRequest) -> HttpResponse:
    """The reader's own page: language, theme, keys, password, recovery codes, and the browsers that are signed in."""
    assert isinstance(request.user, User)  # the middleware lets no one else here
    return render(
        request,
        "staff/preferences.html",
        {
            "sessions": sessions.live().filter(user=request.user),
            "here": request.session.session_key,
            "codes_left": recovery_codes_left(request.user),
            "may_see_sessions": may(request.user, "staff.change_user"),
        },
    )


def remember_language(response: HttpResponse, language: str) -> None:
    """Let the pages speak the language that a reader keeps with her name."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
