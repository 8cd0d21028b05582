"""What the gate refused to the people on the board: decision by decision, as the board counts them by rule."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases.forms import RefusalsForm
from compliance.sentences import RULE_NAMES
from runs.pages import page_or_part
from runs.paging import log_page
from staff.exports import export_list
from staff.permissions import needs, require
from staff.requests import user_of


@require_GET
@needs("cases.view_board")
def refusals(request: HttpRequest) -> HttpResponseBase:
    """A day's refusals, the latest first: who asked, about which case, by which rule, when it is allowed again; as CSV with
    `export`. A case that the reader does not see is not named."""
    asked = RefusalsForm(request.GET, user=user_of(request))
    if "export" in request.GET:
        require(request.user, "cases.export_case")
        head = [
            *(_("When"), _("Who"), _("Case"), _("Customer"), _("Channel"), _("Purpose"), _("Rule"), _("Version")),
            _("Allowed again at"),
        ]
        found = asked.found.order_by("-pk")
        return export_list(request, asked, name="refusals", head=head, found=found, cells=_cells, back=request.path)
    context = {"filter": {"form": asked}, "page": log_page(asked.found, request.GET.get("before")), "day": asked.of_day}
    return page_or_part(request, "cases/refusals.html", "cases/_refusals.html", context)


def _cells(one: Any) -> tuple[Any, ...]:
    return (
        *(one.decided_at, one.actor, one.case_ref, one.customer.masked_name if one.case_ref else None),
        *(one.get_channel_display(), one.get_purpose_display(), RULE_NAMES.get(one.rule, one.rule), one.rule_version),
        one.next_allowed_at,
    )
