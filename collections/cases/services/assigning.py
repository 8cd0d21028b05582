"""Who works a case: taking it, giving it back, assigning it to others, handing over who leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.services.locks import lock_customers
from audit.services import record_many, recording, told
from cases.errors import StaleScreen
from cases.models import Case, CaseStatus
from cases.permissions import visible_to
from cases.services.versions import changes_since, lock_case
from runs import clock
from runs.prepared import prepared_cursor
from runs.texts import coded
from staff.models import User
from staff.permissions import Scope, may, scope_of

WORK, ASSIGN = "cases.work_case", "cases.assign_case"
_FIELDS = ("assignee", "assigned_at", "version")
# Of cases that are locked, `given` as rows (id, ref, customer_id): they become somebody's, and that is recorded.
HAND = """
    UPDATE cases_case c SET assignee_id = %(to)s::bigint, assigned_at = %(assigned_at)s::timestamptz, version = c.version + 1
      FROM given WHERE c.id = given.id"""
RECORD = recording("SELECT 'case', id, ref, customer_id, NULL::bigint FROM given")
_HAND_ONE = f"""
    WITH given AS (SELECT %(id)s::bigint AS id, %(ref)s::text AS ref, %(customer)s::bigint AS customer_id), handed AS ({HAND})
    {RECORD}"""


@dataclass(frozen=True)
class Assigned:
    """What became of each case: the keys of those assigned, and of the others why not."""

    done: list[int] = field(default_factory=list)
    refused: list[tuple[Case, str]] = field(default_factory=list)


class HandedOver(NamedTuple):
    """Of how many cases of a leaver's somebody took over, how many are worked by nobody now, and how many each of those chosen
    got."""

    given: int
    released: int
    each: dict[User, int]


def hand(case: Case, *, to: User | None, actor: User, verb: str, reason: str = "") -> Case:
    """Make a locked case `to`'s (None: nobody's) and record it; the caller has decided that it may be."""
    values = hand_values(from_=case.assignee, to=to, actor=actor, verb=verb, reason=reason)
    with prepared_cursor() as cursor:
        cursor.execute(_HAND_ONE, values | {"id": case.pk, "ref": case.ref, "customer": case.customer_id})
    case.assignee = to
    case.assigned_at = values["assigned_at"]
    case.version += 1
    return case


def hand_values(*, from_: User | None, to: User | None, actor: User, verb: str, reason: str = "") -> dict[str, Any]:
    """What a statement of `HAND` and `RECORD` is asked with."""
    return told(actor=actor, verb=verb, before=_named(from_), after=_named(to), reason=reason) | {
        "to": to.pk if to else None,
        "assigned_at": clock.now() if to else None,
    }


def _named(user: User | None) -> dict[str, str]:
    return {"assignee": str(user) if user else ""}


@transaction.atomic
def take(*, actor: User, case_id: int, seen_version: int) -> Case:
    """Make a free case the actor's. One that is hers already stays hers, and nothing is recorded. Locks customer, case.

    Raises:
        StaleScreen: the case changed since the actor read it.
        Conflict: somebody else works it, or it is closed.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    if case.assignee_id == actor.pk:
        return case
    if case.assignee is not None:
        raise Conflict(
            _("%(name)s works case %(case)s. Ask for it, or take the next one.")
            % {"name": case.assignee, "case": case.ref}
        )
    return hand(case, to=actor, actor=actor, verb="case.taken")


@transaction.atomic
def release(*, actor: User, case_id: int, seen_version: int, reason: str = "") -> Case:
    """Give a case back to its team: whoever takes next may get it. Locks customer, case.

    Raises:
        StaleScreen: the case changed since the actor read it.
        Conflict: nobody works it, or somebody else does and the actor may not assign, or it is closed.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    if case.assignee is None:
        raise Conflict(_("Nobody works case %(case)s: there is nothing to release.") % {"case": case.ref})
    if case.assignee_id != actor.pk and not may(actor, ASSIGN):
        raise Conflict(
            _("%(name)s works case %(case)s. Only a supervisor releases another's case.")
            % {"name": case.assignee, "case": case.ref}
        )
    return hand(case, to=None, actor=actor, verb="case.released", reason=reason.strip())


@transaction.atomic
def assign(
    *,
    actor: User,
    case_ids: Sequence[int],
    to: User | None,
    seen: Mapping[int, int] | None = None,
    beyond_team: bool = False,
) -> Assigned:
    """Give cases to `to` (None: to nobody, so that they are taken again), each recorded; what cannot be is told case by case.

    A case is refused that the actor does not see, that is closed, that changed since she read it (`seen`: version by key),
    that is there already, or whose team `to` does not see, unless `beyond_team` says that this is meant. The others are
    assigned. Locks the customers, then the cases, each by key.

    Raises:
        Invalid: `to` is not active, may not enter, or may not work cases.
    """
    if to is not None:
        _require_able(to)
    scope = scope_of(to) if to is not None else Scope(everything=True)
    cases = _lock(case_ids)
    in_reach = set(visible_to(actor).filter(pk__in=list(cases)).values_list("pk", flat=True))
    answer = Assigned()
    moved = []
    for case in cases.values():
        refusal = (
            _refusal(case, to, seen)
            if case.pk in in_reach
            else _("It is outside your teams. Reload the page: it may have moved.")
        )
        if not refusal and to is not None and not beyond_team and not _reaches(scope, case):
            refusal = _("%(name)s does not see the cases of %(team)s. Choose somebody of that team.") % {
                "name": to,
                "team": case.team or _("no team"),
            }
        if refusal:
            answer.refused.append((case, refusal))
        else:
            moved.append((case, to))
    _hand_all(actor, moved, verb="case.assigned" if to else "case.released", reason="")
    answer.done.extend(case.pk for case, _to in moved)
    return answer


def _refusal(case: Case, to: User | None, seen: Mapping[int, int] | None) -> str:
    """Why a case that the actor sees is not given to `to`; blank: nothing speaks against it."""
    if seen is not None and seen.get(case.pk, case.version) != case.version:
        return str(StaleScreen(changes_since(case, seen[case.pk])))
    if case.status != CaseStatus.OPEN:
        return _("It is closed since %(day)s.") % {"day": case.closed_on}
    if case.assignee_id == (to.pk if to else None):
        return _("%(name)s works it already.") % {"name": to} if to else _("Nobody works it.")
    return ""


def _require_able(user: User) -> None:
    if not may(user, WORK):
        raise Invalid(
            _("%(name)s cannot work cases: the account is not active, or has no role for it. Choose somebody else.")
            % {"name": user},
            "to",
        )


def _reaches(scope: Scope, case: Case) -> bool:
    return scope.everything or case.team_id in scope.teams


def _lock(case_ids: Iterable[int]) -> dict[int, Case]:
    """The cases by key, locked after their customers, each kind in the order of its keys."""
    wanted = Case.objects.filter(pk__in=set(case_ids)).order_by("pk")
    lock_customers(wanted.values_list("customer_id", flat=True))
    locked = wanted.select_for_update(no_key=True, of=("self",)).select_related("team", "assignee")
    return {case.pk: case for case in locked}


def _hand_all(actor: User, moved: Sequence[tuple[Case, User | None]], *, verb: str, reason: str) -> None:
    """`hand` for many locked cases: one statement and one COPY."""
    now = clock.now()
    rows = []
    for case, to in moved:
        rows.append((case.pk, case.ref, case.customer_id, None, _named(case.assignee), _named(to), reason))
        case.assignee, case.assigned_at = to, now if to else None
        case.version += 1
    Case.objects.bulk_update([case for case, _to in moved], _FIELDS, batch_size=500)
    record_many(actor=actor, verb=verb, subject_type="case", rows=rows)


@transaction.atomic
def hand_over(*, actor: User, leaver: User, to: Sequence[User], reason: str = "") -> HandedOver:
    """Spread the leaver's open cases over several people, each recorded; returns who got how many.

    Highest priority first, each to whoever of those that see the case's team has got the fewest so far. One whose team none
    of them sees is released, so that it is taken again. Follow-ups and waits stay. Only cases that the actor sees move.
    Locks the customers, then the cases, each by key.

    Raises:
        Invalid: nobody is named, the leaver is, or one of them is not active or may not work cases.
    """
    people = list(dict.fromkeys(to))
    if not people:
        raise Invalid(_("Nobody is chosen. Choose who takes the cases over."), "to")
    for person in people:
        _require_able(person)
        if person.pk == leaver.pk:
            raise Invalid(_("%(name)s cannot take over their own cases. Choose others.") % {"name": leaver}, "to")
    scopes = {person.pk: scope_of(person) for person in people}
    mine = visible_to(actor).filter(assignee=leaver, status=CaseStatus.OPEN).values_list("pk", flat=True)
    cases = [case for case in _lock(mine).values() if case.assignee_id == leaver.pk and case.status == CaseStatus.OPEN]
    got: dict[int, int] = defaultdict(int)
    given: list[tuple[Case, User | None]] = []
    left: list[tuple[Case, User | None]] = []
    for case in sorted(cases, key=lambda case: (-case.priority, case.pk)):
        able = [person for person in people if _reaches(scopes[person.pk], case)]
        if not able:
            left.append((case, None))
            continue
        chosen = min(able, key=lambda person: got[person.pk])
        got[chosen.pk] += 1
        given.append((case, chosen))
    told = reason.strip() or coded("handed-over", leaver)
    _hand_all(actor, given, verb="case.assigned", reason=told)
    _hand_all(actor, left, verb="case.released", reason=told)
    return HandedOver(len(given), len(left), {person: got[person.pk] for person in people})
