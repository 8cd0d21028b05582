"""Who sends a request, and from where."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from runs.texts import listed
from staff.models import User

# The first that is found names the browser: the later ones also stand in the texts of those before them.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def user_of(request: HttpRequest) -> User:
    """Who asks; past the entrance it is always a member of staff."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def address_of(request: HttpRequest) -> str | None:
    """The caller's address. Behind a proxy (DELINQUENCY_BEHIND_PROXY) the last one that the proxy wrote down: whatever
    stands before it was sent by the caller, who can write anything there."""
    given = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        given = request.META.get("HTTP_X_FORWARDED_FOR", given).rpartition(",")[2]
    try:
        return str(ip_address(given.strip()))
    except ValueError:
        return None


def browser_of(request: HttpRequest) -> str:
    """The caller's browser and system as people say them, such as "Firefox, Windows"; blank when it does not say."""
    text = request.META.get("HTTP_USER_AGENT", "")
    found = [next((name for mark, name in marks if mark in text), "") for marks in (BROWSERS, SYSTEMS)]
    return listed(filter(None, found))
