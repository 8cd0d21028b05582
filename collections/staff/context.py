"""What every page knows about how its reader likes it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from staff.permissions import may_enter_data, scope_of
from staff.preferences import theme_of


def preferences(request: HttpRequest) -> dict[str, Any]:
    """`theme`: light, dark, or empty to follow the reader's system, applied on the server, so that nothing flashes.
    `team_name`: of the team that the reader is in, empty for none.
    `may_enter_data`: whether the way to the data-entry pages is shown; asked only where a page shows it."""
    return {
        "theme": theme_of(request),
        "team_name": SimpleLazyObject(lambda: scope_of(request.user).team_name),
        "may_enter_data": SimpleLazyObject(lambda: may_enter_data(request.user)),
    }
