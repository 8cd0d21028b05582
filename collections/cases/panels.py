"""What lower floors show on the team board: this floor owns the board, so it asks them."""

from __future__ import annotations

from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _

from approvals.seats import seats_of
from approvals.selectors import overview
from cases.board import Panel
from compliance.selectors import complaints_to_answer
from runs import clock
from staff.models import User
from staff.permissions import may


def approvals_waiting(user: User) -> Panel | None:
    """The requests that wait within the reader's sight, by kind: how many, how many she herself may decide, since when,
    and how many end soon. One query, and what her seats ask."""
    if not may(user, "approvals.view_request"):
        return None
    waits = overview(user, seats_of(user))
    hers = {one.kind.code: one.number for one in waits["inbox"]}
    lines = [(one, hers.get(one.kind.code, 0)) for one in waits["all"]]
    return Panel(_("Waiting for approval"), "cases/_board_approvals.html", {"lines": lines})


def complaints_open(user: User) -> Panel | None:
    """The complaints that wait for an answer within the reader's sight: how many, how many are overdue, how many nobody
    handles, and the nearest deadline. One query."""
    found = complaints_to_answer(user).get("complaints")
    if found is None:
        return None
    today = clock.today()
    numbers = found.order_by().aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(due_on__lt=today)),
        unhandled=Count("pk", filter=Q(handler=None)),
        nearest=Min("due_on", filter=Q(due_on__gte=today)),
    )
    return Panel(_("Complaints to be answered"), "cases/_board_complaints.html", numbers)
