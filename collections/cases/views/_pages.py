"""What the pages have in common."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from staff.models import User


def page_or_part(request: HttpRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for HTMX its part from the same address (not when it restores its history)."""
    htmx = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return vary(render(request, part if htmx and not htmx.history_restore_request else page, context))


def vary(response: HttpResponse) -> HttpResponse:
    """Tells caches that page and part share an address."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def user_of(request: HttpRequest) -> User:
    """Who asks; past the entrance it is always a member of staff."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def number_in(text: str) -> int | None:
    """The key or version that a form sent, read by hand; None for what is no number, or more than a key can be."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def back_to(request: HttpRequest) -> str:
    """Where a form says it stands (`next`), if that is ours; else the reader's first page."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("my-work")
