"""Queues: saved questions to the worklist, made, renamed, placed, asked otherwise and removed."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.identity import check_plain
from audit.models import Event
from audit.services import record
from cases.errors import told
from cases.models import Queue
from cases.selectors.queues import shows_calls
from staff.models import Team, User
from staff.permissions import scope_of

LONGEST_NAME, LONGEST_QUERY, LAST_POSITION = 80, 500, 9999


def may_change(user: User, queue: Queue) -> bool:
    """Whether `user` may change and remove `queue`: her own; others' with the permission, within her teams."""
    if queue.owner_id is not None:
        return queue.owner_id == user.pk
    return user.has_perm("cases.change_queue") and may_give_to(user, queue.team_id)


def may_give_to(user: User, team_id: int | None) -> bool:
    """Whether a queue for that team (None: everyone) lies within what `user` steers."""
    scope = scope_of(user)
    return scope.everything or team_id is None or team_id in scope.teams


@transaction.atomic
def save_queue(
    *, actor: User, name: str, query: str, sort: str, shared: bool = False, team: Team | None = None
) -> Queue:
    """Keep a question to the worklist as a queue: the actor's own, or shared with `team` or, without one, with everyone.

    `query` is a query string of the worklist; its order is `sort`, and a page in it is dropped.

    Raises:
        PermissionDenied: shared by who may not change queues, or with a team outside the actor's reach.
        Invalid: no name, one that turns text around or is used by a queue of the same owner already, or more filters than fit.
    """
    if shared and not (actor.has_perm("cases.change_queue") and may_give_to(actor, team.pk if team else None)):
        raise PermissionDenied
    owner = None if shared else actor
    query = _filters_of(query)
    name = _checked(name, owner, team)
    queue = Queue.objects.create(name=name, query=query, sort=sort, owner=owner, team=team if shared else None)
    record(actor=actor, verb="queue.saved", subject=queue, after=_told(queue))
    return queue


@transaction.atomic
def change_queue(*, actor: User, queue_id: int, name: str, position: int) -> Queue:
    """Rename a queue (a blank name leaves it as it is) and give it its place in the order (the lowest comes first).

    Raises:
        PermissionDenied: the queue is not the actor's to change.
        Invalid: a name already used beside it, or a place outside 0 to 9999.
    """
    queue = Queue.objects.select_for_update().get(pk=queue_id)
    if not may_change(actor, queue):
        raise PermissionDenied
    if not 0 <= position <= LAST_POSITION:
        raise Invalid(
            _("%(given)s is no place in the order: expected a number from 0 to %(last)s.")
            % {"given": position, "last": LAST_POSITION},
            "position",
        )
    before = _told(queue)
    if name.strip() not in ("", queue.name):
        queue.name = _checked(name, queue.owner, queue.team, besides=queue.pk)
        queue.code = ""  # from now on the name is what somebody wrote, and no longer translated
    queue.position = position
    queue.save(update_fields=["name", "code", "position"])
    record(actor=actor, verb="queue.changed", subject=queue, before=before, after=_told(queue))
    return queue


@transaction.atomic
def ask_otherwise(*, actor: User, queue_id: int, query: str, sort: str, seen: tuple[str, str]) -> Queue:
    """Give a queue other filters (as in `save_queue`) and another order. `seen` are those that the actor was shown as its own.

    Raises:
        PermissionDenied: the queue is not the actor's to change.
        Conflict: its filters or its order changed since she saw them.
        Invalid: more filters than fit, or one that hides the calls that strategies ask for in it.
    """
    queue = Queue.objects.select_for_update().get(pk=queue_id)
    if not may_change(actor, queue):
        raise PermissionDenied
    if (queue.query, queue.sort) != seen:
        changes = Event.objects.filter(subject_type="queue", subject_id=queue.pk, verb="queue.changed")
        raise Conflict(
            _(
                "The queue was changed since you opened this page (%(changes)s). Nothing was saved: see what would change now, "
                "then decide."
            )
            % {"changes": told(list(changes.order_by("-pk")[:1]))}
        )
    before, showed_calls = _told(queue), shows_calls().filter(pk=queue.pk).exists()
    queue.query, queue.sort = _filters_of(query), sort
    queue.save(update_fields=["query", "sort"])
    if showed_calls and not shows_calls().filter(pk=queue.pk).exists():
        raise Invalid(
            _(
                "Strategies may ask for calls in this queue, and with these filters it would show none. Leave “Work: Call asked "
                "for” on, or save them as a new queue."
            ),
            "query",
        )
    record(actor=actor, verb="queue.changed", subject=queue, before=before, after=_told(queue))
    return queue


@transaction.atomic
def remove_queue(*, actor: User, queue_id: int) -> None:
    """Remove a queue; the cases in it stay as they are.

    Raises:
        PermissionDenied: the queue is not the actor's to remove.
        Conflict: something else names it: a strategy asks for calls in it.
    """
    queue = Queue.objects.select_for_update().get(pk=queue_id)
    if not may_change(actor, queue) or (queue.owner_id is None and not actor.has_perm("cases.delete_queue")):
        raise PermissionDenied
    record(actor=actor, verb="queue.removed", subject=queue, before=_told(queue))
    try:
        queue.delete()
    except ProtectedError:
        raise Conflict(
            _("A strategy asks for calls in the queue “%(name)s”. Rename it instead.") % {"name": queue.name}
        ) from None


def _filters_of(query: str) -> str:
    filters = urlencode([(key, value) for key, value in parse_qsl(query) if key not in ("sort", "page")])
    if len(filters) > LONGEST_QUERY:
        raise Invalid(_("These are more filters than a queue holds. Take some off."), "query")
    return filters


def _checked(name: str, owner: User | None, team: Team | None, besides: int = 0) -> str:
    check_plain(name, "name")
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(_("A queue needs a name of at most %(most)s characters.") % {"most": LONGEST_NAME}, "name")
    if Queue.objects.filter(name=name, owner=owner, team=team).exclude(pk=besides).exists():
        raise Invalid(_("There is a queue named “%(name)s” already. Choose another name.") % {"name": name}, "name")
    return name


def _told(queue: Queue) -> dict[str, object]:
    return {"name": queue.name, "filters": queue.query, "order": queue.sort, "position": queue.position}
