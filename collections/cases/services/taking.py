"""Giving out the next case: to one person, once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases.models import Case, Queue
from cases.services.offering import Offer, Offered, Outdated, check_ground, give, offer_to
from cases.services.waiting import write_waits
from compliance.models import CustomerFlag
from runs.prepared import prepared_cursor
from staff.models import User

# So many candidates that the gate refuses are set aside in one go; each is then known to wait, and the next call goes on behind.
MOST_REFUSED = 50
# A case that somebody holds locked for a moment may still be to give: look again a few times before saying that there is none.
LOOKS = 5
PAUSE_SECONDS = 0.02
# The advisory locks by which one person takes one case after another, whatever the number of her windows.
_TAKING_OF = 7_031
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(%s::integer, %s::integer)"
_LATEST = """
    SELECT id FROM cases_case WHERE assignee_id = %s::bigint AND status = 'open' AND assigned_at >= %s::timestamptz
     ORDER BY assigned_at DESC, id DESC LIMIT 1"""


def take_next(
    *,
    actor: User,
    queue: Queue | None = None,
    leaving: int | None = None,
    passed: Sequence[int] = (),
    pressed_since: datetime | None = None,
) -> Case | None:
    """The next case for `actor` to work, or None when there is nothing to give her now.

    Her own come first: those worked by her whose customer waits to be called back, whose follow-up is due today or earlier,
    or whose promise was broken, and on which nobody was in contact since. What she promised a debtor to do on a day is not
    left behind new work; `leaving` (the case that she has before her) and those that she `passed` before are not offered
    again. They are hers already, and nothing is recorded.

    Then a free one: open, within her scope, worked by nobody, waiting for nothing, in the queue's filter and order (by
    priority without a queue); whoever waits to be called back comes before the others. It becomes hers, recorded as
    `case.taken`. Whatever the number of collectors, none gets a case that another got, and every case that may be given is
    given in the end. With `pressed_since`, the latest that she took since then is the answer, unless she is leaving it: a
    button pressed twice, or in two windows, gives one case.

    Before a case is given the gate is asked whether its customer may be called now. One who may not is set aside until
    then and the next is tried. Where contact hours are closed nobody is set aside: only customers with agreed hours are
    looked at. One with no usable number at all is given: she has to be traced. Those flagged as vulnerable go to who may
    contact them.

    Each try is a transaction of its own and locks one case, not its customer: nothing is held while another is looked for.
    Of her own, one that is being changed at this moment (reassigned, or given in another of her windows) is passed over.
    Where the first one may be given, one statement.
    """
    offer = offer_to(actor, queue)
    aside = [*passed] if leaving is None else [*passed, leaving]
    # Of those whose customer nobody may call, and says not when, the ones that nothing makes wait.
    traced: set[int] = set()
    refused = looks = 0
    while refused < MOST_REFUSED:
        try:
            with transaction.atomic():
                if pressed_since and (again := _just_taken(actor, pressed_since, leaving)) is not None:
                    return again
                offered = give(offer, aside)
                if offered is not None:
                    if offered.case.pk in traced or _may_be_given(offered, offer):
                        return offered.case
                    transaction.set_rollback(True)
            if offered is None or not refused:
                # Once, before that is believed.
                check_ground(offer)
        except Outdated:
            offer = offer_to(actor, queue)
            continue
        if offered is not None:
            refused += 1
            (aside.append if _waits(offer, offered) else traced.add)(offered.case.pk)
        elif looks < LOOKS and offer.free(offer.moment.now).exclude(pk__in=aside).exists():
            looks += 1
            time.sleep(PAUSE_SECONDS)
        else:
            return None
    return None


def _just_taken(actor: User, since: datetime, leaving: int | None) -> Case | None:
    """The latest case that became the actor's since then, unless she is leaving it. Keeps her other presses waiting until the
    end of the transaction, and nobody else's."""
    with prepared_cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [_TAKING_OF, actor.pk])
        # By a statement of its own: it sees what whoever was waited for has taken.
        cursor.execute(_LATEST, [actor.pk, since])
        latest = cursor.fetchone()
    return Case.objects.get(pk=latest[0]) if latest and latest[0] != leaving else None


def _may_be_given(offered: Offered, offer: Offer) -> bool:
    """Whether the gate lets the customer be called now, or cannot say when and no flag may be why: she is then to be traced."""
    until = offered.callable_from
    if until is not None:
        return until <= offer.moment.now
    return not CustomerFlag.objects.filter(customer=offered.case.customer_id, ended_at=None).exists()


@transaction.atomic
def _waits(offer: Offer, offered: Offered) -> bool:
    """Set aside, until then, a case whose customer may be called later. Where a flag may be why nobody says when, the case waits
    for it; one that bars nobody (hardship) leaves her to be traced, and the case does not wait."""
    customer, until = offered.case.customer_id, offered.callable_from
    return write_waits([customer], offer.moment, {customer: until}) > 0 or until is not None
