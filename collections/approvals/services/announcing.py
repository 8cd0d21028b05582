"""What ended is announced to its author, until she has looked at it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from approvals.models import Request, Unread
from staff.models import User


def announce(ended: Iterable[Request]) -> None:
    """Have these requests, which somebody else ended, stand among what came back to their authors."""
    Unread.objects.bulk_create(
        [Unread(request=request, author_id=request.requested_by_id) for request in ended], ignore_conflicts=True
    )


def seen(*, actor: User, request_ids: Collection[int]) -> int:
    """Forget that these came back, as far as they are her own; how many did. What was sent back stays until it is asked
    again. One statement, no locks before it."""
    return Unread.objects.filter(author=actor, request__in=request_ids).delete()[0]
