"""What all pages have in common: whole or in part, where a form leads back to, and numbers that a form sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _


def is_part(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of the page; not when it restores its history, for which it wants the whole."""
    htmx = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return bool(htmx) and not htmx.history_restore_request


def page_or_part(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The whole page, or for HTMX its part from the same address."""
    return vary(render(request, part if is_part(request) else page, context, status=status))


def page_of_known(found: QuerySet[Any], asked: str | None, *, size: int, number: int) -> Page[Any]:
    """The page `asked` for (text from an address) of rows of which it is known that they are `number`: counting them again would
    cost as much as fetching the page."""
    paginator = Paginator(found, size)
    paginator.count = number
    return paginator.get_page(asked)


def elsewhere(request: HttpRequest, address: str) -> HttpResponse:
    """Lead the whole browser to `address`: a redirect that htmx followed would end inside the page that asked."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def vary(response: HttpResponse) -> HttpResponse:
    """Tells caches that page and part share an address."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def back_to(request: HttpRequest, target: str | None = None) -> str:
    """Where a form says it stands (`next`), or what else is given, if that is ours; else the first page."""
    target = request.POST.get("next", "") if target is None else target
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return "/"


View = TypeVar("View", bound=Callable[..., Any])


def keeps_nothing(view: View) -> View:
    """Marks a view whose form has nothing that the reader typed: where her session has ended, nothing of it has to be sent
    again, and she is led back to the page that she was on."""
    view.keeps_nothing = True  # type: ignore[attr-defined]  # read by StaffRequiredMiddleware
    return view


def came_from(request: HttpRequest) -> str:
    """The page of ours on which a form was sent, by what the browser says of it; else as `back_to`."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return back_to(request)
    parts = urlsplit(page)
    return parts._replace(scheme="", netloc="", fragment="").geturl() or "/"


def address_of(request: HttpRequest) -> str:
    """Where the page that is shown can be had again: its own address, or where what was sent came from. Some addresses only take
    what is sent to them."""
    return request.get_full_path() if request.method in ("GET", "HEAD") else came_from(request)


def number_in(text: str) -> int | None:
    """The key or version that an address or a form sent; None for what is no number, or more than a key can be."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def never_issued(version: str, last: int) -> str:
    """What is wrong with the version that a form sent of something of which `last` is the latest, in words; blank: a screen of
    ours may have shown it."""
    number = number_in(version)
    if number is not None and 1 <= number <= last:
        return ""
    return _(
        "No screen showed the version “%(version)s”: expected is a number from 1 to %(last)s. Nothing was saved: look at it as it"
        " stands now, then send the form again."
    ) % {"version": version[:20], "last": last}


def numbers_in(texts: Iterable[str]) -> list[int]:
    """The keys that a form sent; what is none is left out."""
    return [number for text in texts if (number := number_in(text)) is not None]
