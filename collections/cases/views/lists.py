"""The worklist."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from cases.filters import DEFAULT_ORDER, WorklistFilter
from cases.permissions import visible_to
from cases.selectors import Tally, open_cases, page_of, tally, totals
from cases.views._pages import page_or_part
from runs import clock
from runs.selectors import book_day, has_closed_any

PAGE_SIZE = 25


@require_GET
def worklist(request: HttpRequest) -> HttpResponse:
    """The open cases: filtered, ordered, paged. HTMX gets the list alone from the same address."""
    closed_day = book_day()
    day = closed_day or clock.today()
    filters = WorklistFilter(request.GET, queryset=open_cases(visible_to(request.user), day), request=request)
    filters.is_valid()  # a wrong value is named beside its field, and filters nothing
    tallies = tally(filters.beside("bucket"))
    chosen = filters.form.cleaned_data.get("bucket") or []
    shown = [row for row in tallies if not chosen or row.bucket in chosen]
    paginator = Paginator(filters.qs, PAGE_SIZE)
    # Known from the tally: counting the same cases again would cost as much as fetching the page.
    paginator.count = sum(row.count for row in shown)
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = list(page_of(filters.qs, day, first=PAGE_SIZE * (page.number - 1), size=PAGE_SIZE))
    context: dict[str, Any] = {
        "closed_day": closed_day,
        "day": day,
        "filter": filters,
        "active": filters.active(),
        "page": page,
        "buckets": _bucket_counts(filters, tallies),
        "chosen": chosen,
        "everywhere": sum(row.count for row in tallies),
        "totals": totals(shown),
        "sort": request.GET.get("sort") or DEFAULT_ORDER,
        "closed_any": bool(tallies) or has_closed_any(),
    }
    return page_or_part(request, "cases/worklist.html", "cases/_worklist.html", context)


def _bucket_counts(filters: WorklistFilter, tallies: list[Tally]) -> list[tuple[str, int]]:
    counts = {code: 0 for code, _label in filters.form.fields["bucket"].choices}
    for row in tallies:
        counts[row.bucket] = counts.get(row.bucket, 0) + row.count
    return list(counts.items())
