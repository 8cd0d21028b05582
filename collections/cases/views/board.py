"""The team board: who works what, how old the queues are, what was promised; and handing over who leaves."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from staff.permissions import needs


@require_GET
@needs("cases.view_board")
def board(request: HttpRequest) -> HttpResponse:
    """The board of the reader's teams."""
    return render(request, "cases/board.html", {})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("cases.assign_case")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """A leaver's cases to others."""
    return render(request, "cases/board.html", {})
