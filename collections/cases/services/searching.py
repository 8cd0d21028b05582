"""Searching by identity or telephone number: allowed to few, so many times in so many minutes, and recorded."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Subquery
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from audit.models import Event
from audit.services import record
from cases.models import WorkTerms
from cases.selectors.search import Exact, customers_with
from runs import clock
from staff.models import User
from staff.permissions import require

SEARCHED = "search.exact"


class TooManySearches(Conflict):
    """The actor searched by number as often as the terms of work allow."""


@transaction.atomic
def search_exactly(*, actor: User, exact: Exact) -> list[int]:
    """The keys of the customers with that identity or telephone number, whoever may see them; the caller narrows them.

    Recorded with what kind of number it was and how many were found, never the number. Locks the actor's row, so that
    searches at the same moment count one after the other.

    Raises:
        PermissionDenied: the actor may not search so.
        TooManySearches: the terms of work allow no more for now; says how many and until when.
    """
    require(actor, "cases.search_exactly")
    terms = WorkTerms.objects.filter(effective_from__lte=clock.today()).order_by("-effective_from")
    locked = User.objects.select_for_update(of=("self",)).annotate(
        most=Subquery(terms.values("exact_searches")[:1]), minutes=Subquery(terms.values("exact_search_minutes")[:1])
    )
    most, minutes = locked.values_list("most", "minutes").get(pk=actor.pk)
    if most is None:
        raise TooManySearches(_("No terms of work are in force: until they are, nobody searches by number."))
    since = clock.now() - timedelta(minutes=minutes)
    done = list(
        Event.objects.filter(verb=SEARCHED, actor_id=actor.pk, at__gt=since)
        .order_by("-at")
        .values_list("at", flat=True)[:most]
    )
    if len(done) >= most:
        wait = -(-(done[-1] - since).total_seconds() // 60) if done else minutes
        raise TooManySearches(
            _(
                "You searched by number %(most)s times within %(minutes)s minutes, which is as often as is allowed. "
                "Search again in %(wait)s min, or by name or reference at once."
            )
            % {"most": most, "minutes": minutes, "wait": int(wait)}
        )
    found = customers_with(exact)
    record(actor=actor, verb=SEARCHED, subject=actor, after={"kind": exact.kind, "found": len(found)})
    return found
