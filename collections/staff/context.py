"""What every page knows about how its reader likes it."""

from __future__ import annotations

from django.http import HttpRequest

from staff.preferences import theme_of


def preferences(request: HttpRequest) -> dict[str, str]:
    """`theme`: light, dark, or empty to follow the reader's system. Applied on the server, so that nothing flashes."""
    return {"theme": theme_of(request)}
