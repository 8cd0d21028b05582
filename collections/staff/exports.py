"""Lists as files: on the record, with who took how many by which filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from audit.services import record
from runs import clock
from runs.csv import download
from staff.requests import user_of


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
