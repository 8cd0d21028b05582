"""Lists as files: what the list's filter leaves, on the record; refused where the filter makes no sense."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from audit.services import record
from runs import clock
from runs.csv import download
from staff.requests import user_of

CHUNK = 1000


def export_list(
    request: HttpRequest,
    asked: BaseForm,
    *,
    name: str,
    head: Sequence[str],
    found: QuerySet[Any],
    cells: Callable[[Any], Sequence[Any]],
    back: str,
) -> HttpResponseBase:
    """`found` as a file, a row each by `cells`. `asked` is the bound form of the filter that left it.

    Where a value of the filter makes no sense nothing is taken, lest it be the whole list: 400, with the sentences that
    the list at `back` has beside its fields.
    """
    if not asked.is_valid():
        return refused(request, asked, back)
    return exported(request, name, head, map(cells, found.iterator(CHUNK)), found.order_by().count())


def refused(request: HttpRequest, asked: BaseForm, back: str) -> HttpResponse:
    """The answer to a filter that makes no sense: why, and the way back to the list."""
    query = request.GET.copy()
    query.pop("export", None)
    context = {"errors": asked.errors, "list": f"{back}?{query.urlencode()}"}
    return render(request, "staff/export_refused.html", context, status=400)


def exported(
    request: HttpRequest, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]], count: int
) -> HttpResponseBase:
    """The rows as a file, streamed; who took how many by which filters is recorded first."""
    user = user_of(request)
    asked = {
        key: " ".join(values) for key, values in request.GET.lists() if any(values) and key not in ("export", "page")
    }
    record(actor=user, verb="list.exported", subject=user, after={"list": name, "count": count, "filters": asked})
    return download(f"{name}-{clock.today():%Y-%m-%d}", head, rows)
