"""What lower floors show on the team board: this floor owns the board, so it asks them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from approvals.permissions import visible_to
from approvals.seats import seats_of
from approvals.selectors import inbox_of, waiting
from cases.board import Panel
from staff.models import User
from staff.permissions import may


def approvals_waiting(user: User) -> Panel | None:
    """The requests that wait within the reader's sight, by kind: how many, how many she herself may decide, since when,
    and how many end soon. Two queries, and what her seats ask."""
    if not may(user, "approvals.view_request"):
        return None
    seats = seats_of(user)
    hers = {one.kind.code: one.number for one in waiting(inbox_of(user, seats))} if seats else {}
    lines = [(one, hers.get(one.kind.code, 0)) for one in waiting(visible_to(user, seats))]
    return Panel(_("Waiting for approval"), "cases/_board_approvals.html", {"lines": lines})
