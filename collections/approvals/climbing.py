"""Up to whom a request climbs: which roles may decide its amount, and who of them is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.errors import Conflict
from accounts.permissions import who_reaches
from approvals import kinds
from approvals.could import deciders, what_it_takes, with_permission
from approvals.models import Delegation, Request
from approvals.seats import STAND_IN, in_force
from runs import clock
from runs.said import said as _
from staff.limits import in_force as limits_in_force
from staff.models import Role, User

PEOPLE_SHOWN = 12


@dataclass(frozen=True)
class Rung:
    """A role with an authority for this kind, up to how much (None: without limit), and whether it `decides` the kind at all: the
    right to may come from another role of the same person."""

    role: Role
    most: Decimal | None
    covers: bool
    decides: bool


@dataclass(frozen=True)
class Climb:
    """Who may decide: the roles by authority, the lowest first (none for a kind without limit); the people, and the
    deputies who decide only because they stand in for one of them. `more` people are not named. `takes` says who could be made
    able to, where nobody is."""

    rungs: Sequence[Rung]
    people: Sequence[User]
    deputies: Sequence[Delegation]
    more: int
    takes: str = ""

    @property
    def is_stuck(self) -> bool:
        """Nobody may decide it: it waits until somebody gets the authority, or it expires."""
        return not (self.people or self.deputies)


def who_decides(
    code: str,
    *,
    amount: Decimal | None = None,
    currency: str = "",
    customer_id: int | None = None,
    author_id: int | None,
) -> Climb:
    """Who may decide a request of this kind and amount, about this customer, that the author asks for. For the page that
    asks, before there is a request, and for the request's own. Four queries at most; where nobody may, three more."""
    kind = kinds.get(code)
    rungs = _rungs(kind, amount, currency)
    people = _people(kind, rungs, customer_id, author_id)
    named = list(people.order_by("display_name", "username")[: PEOPLE_SHOWN + 1])
    more = people.count() - PEOPLE_SHOWN if len(named) > PEOPLE_SHOWN else 0
    found = Climb(
        rungs=[rung for rung in rungs if rung.decides],
        people=named[:PEOPLE_SHOWN],
        deputies=list(_deputies(code, people, author_id).order_by("deputy_name", "pk")[:PEOPLE_SHOWN]),
        more=more,
    )
    return replace(found, takes=what_it_takes(kind, amount, currency)) if found.is_stuck else found


def climb_of(request: Request) -> Climb:
    """`who_decides` of a request."""
    return who_decides(
        request.kind,
        amount=request.amount,
        currency=request.currency,
        customer_id=request.customer_id,
        author_id=request.requested_by_id,
    )


def needs_decider(request: Request) -> None:
    """Refuse what nobody could decide: neither people nor deputies of `climb_of`. Three queries at most, unless it refuses.

    Raises:
        Conflict: nobody may decide it at the moment.
    """
    author_id, kind = request.requested_by_id, kinds.get(request.kind)
    people = _people(kind, _rungs(kind, request.amount, request.currency), request.customer_id, author_id)
    if not (people.exists() or _deputies(request.kind, people, author_id).exists()):
        raise Conflict(
            _("Nobody may decide this at the moment, so that it cannot be asked for. Tell the administrator.")
            + " "
            + what_it_takes(kind, request.amount, request.currency)
        )


def _people(kind: kinds.Kind, rungs: Sequence[Rung], customer_id: int | None, author_id: int | None) -> QuerySet[User]:
    """Who may decide it herself."""
    people = deciders(kind, [rung.role.pk for rung in rungs if rung.covers])
    if customer_id is not None:
        people = people.filter(pk__in=who_reaches(customer_id).values("pk"))
    return people if author_id is None else people.exclude(pk=author_id)


def _deputies(code: str, people: QuerySet[User], author_id: int | None) -> QuerySet[Delegation]:
    """Who decides only because she stands in for one of `people`."""
    return (
        in_force(clock.today())
        .filter(Q(kinds=[]) | Q(kinds__contains=[code]), delegator__in=people.values("pk"))
        .filter(deputy__in=with_permission(STAND_IN).values("pk"))
        .exclude(deputy=author_id)
        .exclude(deputy__in=people.values("pk"))
    )


def _rungs(kind: kinds.Kind, amount: Decimal | None, currency: str) -> list[Rung]:
    """The roles with an authority, the lowest first; none for a kind without limit. One query."""
    if not kind.limit:
        return []
    app, codename = kind.decide_permission.split(".")
    having = Permission.objects.filter(group=OuterRef("role"), content_type__app_label=app, codename=codename)
    rows = (
        limits_in_force(clock.today())
        .filter(kind=kind.limit, currency=currency)
        .annotate(decides=Exists(having))
        .select_related("role")
    )
    found = [Rung(row.role, row.most, _covers(row.most, amount), row.decides) for row in rows]
    return sorted(found, key=lambda rung: (rung.most is None, rung.most or 0, rung.role.code))


def _covers(most: Decimal | None, amount: Decimal | None) -> bool:
    return most is None or (amount is not None and amount <= most)
