"""The one search box. What is searched for is personal: it is posted, and never stands in an address."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.selectors.search import MOST_SHOWN, PHONE, find, recognise
from cases.services.searching import TooManySearches, search_exactly
from runs.pages import page_or_part
from staff.permissions import may, needs
from staff.requests import user_of

LONGEST = 100


@require_http_methods(["GET", "HEAD", "POST"])
@needs("cases.view_case")
def search(request: HttpRequest) -> HttpResponse:
    """The cases that the words posted find, in the reader's scope, with why; HTMX gets the results alone.

    A number that the reader may not search by is answered with 403, one search too many with 429; both say what to do.
    """
    user = user_of(request)
    words = " ".join(request.POST.get("words", "").replace("\0", "").split())[:LONGEST]
    context: dict[str, Any] = {"words": words, "most": MOST_SHOWN, "asked": request.method == "POST" and bool(words)}
    status = 200
    if context["asked"]:
        exact = recognise(words)
        people: list[int] = []
        if exact is not None and not may(user, "cases.search_exactly"):
            status = 403
            context["refused"] = _(
                "Searching by identity number or telephone is not among your permissions. Search by name or reference."
            )
        elif exact is not None:
            try:
                people = search_exactly(actor=user, exact=exact)
            except TooManySearches as refused:
                status = 429
                context["refused"] = str(refused)
        kind = exact.kind if exact is not None else ""
        if status == 200 or kind == PHONE:
            found = find(user=user, words=words, exactly=people, kind=kind)
            context |= {"found": found[:MOST_SHOWN], "more": len(found) > MOST_SHOWN}
    return page_or_part(request, "cases/search.html", "cases/_search.html", context, status=status)
