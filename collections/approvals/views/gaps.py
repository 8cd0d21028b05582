"""Where something can be asked for that nobody may decide, for those who manage people."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.could import gaps as find
from staff.permissions import needs


@require_safe
@needs("staff.change_user")
def gaps(request: HttpRequest) -> HttpResponse:
    """By team, what nobody decides on its cases, and by which role one would."""
    found = [(team, list(rows)) for team, rows in groupby(find(), key=lambda gap: gap.team)]
    return render(request, "approvals/gaps.html", {"found": found})
