"""What the pages have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def page_or_part(request: HttpRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for HTMX its part from the same address (not when it restores its history)."""
    htmx = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return vary(render(request, part if htmx and not htmx.history_restore_request else page, context))


def vary(response: HttpResponse) -> HttpResponse:
    """Tells caches that page and part share an address."""
    patch_vary_headers(response, ["HX-Request"])
    return response
