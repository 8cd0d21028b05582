"""The theme: a cookie, so that it also holds on the login page."""

from __future__ import annotations

from django.http import HttpRequest

THEME_COOKIE = "delinquency_theme"
THEMES = ("light", "dark")
A_YEAR = 365 * 24 * 3600


def theme_of(request: HttpRequest) -> str:
    """The theme that was chosen; empty when none was or the cookie holds something else."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""
