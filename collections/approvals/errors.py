"""What can go wrong when a request is decided. Messages say what happened, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import time_format
from django.utils.timezone import localtime

from accounts.errors import Conflict
from approvals.models import RequestStatus
from audit.models import Event
from runs.said import said as _
from runs.said import said_list


class StaleScreen(Conflict):
    """The request changed since the actor read it; `changes` are the events of what changed, oldest first."""

    def __init__(self, changes: Sequence[Event]) -> None:
        self.changes = list(changes)
        super().__init__(
            _(
                "The request changed since you opened it (%(changes)s). Nothing was saved: look at it again, then decide."
            )
            % {"changes": said_list([_one(event) for event in self.changes], apart=True) if self.changes else "?"}
        )


def _one(event: Event) -> str:
    status = (event.after or {}).get("status", "")
    what: object = RequestStatus(status).label if status in RequestStatus.values else event.verb
    if event.verb == "request.attached":
        what = _("Document attached")
    return _("%(time)s %(actor)s: %(what)s") % {
        "time": time_format(localtime(event.at), "H:i"),
        "actor": event.actor_name,
        "what": what,
    }
