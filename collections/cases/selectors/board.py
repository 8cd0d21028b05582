"""The team board: who works what, how it goes today, and where something lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Min, Q, QuerySet, Sum

from cases.models import Case, CaseStatus, Queue
from cases.permissions import queues_of, visible_to
from cases.selectors.plans import promises_of_kind, promises_seen
from cases.selectors.queues import UNTOUCHED_SINCE
from runs import clock
from staff.models import Team, User
from staff.permissions import Scope, scope_of

RATE_DAYS = 30


@dataclass
class Load:
    """Open cases of somebody, of a team, or of nobody: how many, overdue by currency, how many wait."""

    cases: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    waiting: int = 0
    follow_ups_overdue: int = 0
    untouched_since: datetime | None = None

    def add(self, currency: str, amount: Decimal, row: Sequence[Any]) -> None:
        """Add what one currency's row of `_loads` says."""
        cases, waiting, overdue, since = row
        self.cases += cases
        self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount
        self.waiting += waiting
        self.follow_ups_overdue += overdue
        self.untouched_since = min(filter(None, (self.untouched_since, since)), default=None)


@dataclass(frozen=True)
class Oldest:
    """Somebody's case that was without contact for the longest."""

    ref: str
    untouched_since: datetime


@dataclass
class Member:
    """One person's line. `is_leaver`: the account is closed and cases are still hers."""

    user: User
    load: Load = field(default_factory=Load)
    contacts_today: int = 0
    promises_due_today: int = 0
    kept: int = 0
    ended: int = 0
    broken: int = 0
    oldest: Oldest | None = None

    @property
    def is_leaver(self) -> bool:
        return not (self.user.is_active and self.user.is_staff)


@dataclass(frozen=True)
class Board:
    """What a supervisor sees of her teams. `unassigned` are cases of the teams that nobody works, `teamless` those that no
    portfolio takes in (told only to who sees every case), `refusals` today's by rule, `due_today` the promises within her reach,
    whoever works the case, as their list has them. What the queues hold is `queues.held`."""

    day: date
    teams: Sequence[Team]
    members: Sequence[Member]
    leavers: Sequence[Member]
    by_team: dict[int, Load]
    unassigned: Load
    teamless: Load
    queues: Sequence[Queue]
    refusals: Sequence[tuple[str, int]]
    due_today: int


def board(user: User) -> Board:
    """The board of the teams that `user` sees.

    Five queries however many people and cases; what is kept of the reader for the request (scope, permissions) up to four.
    """
    now, today = clock.now(), clock.today()
    scope = scope_of(user)
    teams = list(Team.objects.filter(is_active=True) if scope.everything else Team.objects.filter(pk__in=scope.teams))
    cases = visible_to(user).filter(status=CaseStatus.OPEN)
    by_person, by_team, unassigned, teamless = _loads(cases, now, today)
    people = User.objects.filter(
        Q(team__in=teams, is_active=True, is_staff=True) | Q(pk__in=list(by_person))
    ).select_related("team")
    lines = {person.pk: Member(person, by_person.get(person.pk, Load())) for person in people.order_by("username")}
    refusals, due_today = _lately(user, lines, scope, today)
    return Board(
        day=today,
        teams=teams,
        members=[line for line in lines.values() if not line.is_leaver],
        leavers=[line for line in lines.values() if line.is_leaver],
        by_team=by_team,
        unassigned=unassigned,
        teamless=teamless,
        queues=list(queues_of(user)),
        refusals=refusals,
        due_today=due_today,
    )


def _loads(cases: QuerySet[Case], now: datetime, today: date) -> tuple[dict[int, Load], dict[int, Load], Load, Load]:
    """The open cases by who works them and by team, those that nobody works, those without a team: one pass over all."""
    rows = (
        cases.order_by()
        .values_list("team", "assignee", "currency")
        .annotate(
            number=Count("*"),
            waiting=Count("pk", filter=Q(wait_until__gt=now)),
            overdue=Count("pk", filter=Q(follow_up_on__lt=today)),
            since=Min(UNTOUCHED_SINCE),
            amount=Sum("overdue_amount"),
        )
        .values_list("team", "assignee", "currency", "amount", "number", "waiting", "overdue", "since")
    )
    by_person: dict[int, Load] = defaultdict(Load)
    by_team: dict[int, Load] = defaultdict(Load)
    unassigned, teamless = Load(), Load()
    for team, assignee, currency, amount, *numbers in rows:
        for load in (
            by_person[assignee] if assignee is not None else unassigned,
            by_team[team] if team is not None else teamless,
        ):
            load.add(currency, amount, numbers)
    return dict(by_person), dict(by_team), unassigned, teamless


# What happened lately, by person, in one statement: kind, person, reference, three numbers, a moment.
_LATELY = """
    SELECT 'contacts', actor_id, NULL, count(*), 0, 0, NULL::timestamptz FROM compliance_contact
     WHERE actor_id = ANY(%(people)s) AND at >= %(begins)s AND made_by = 'staff' AND corrects_id IS NULL GROUP BY 2
    UNION ALL
    SELECT 'due', assignee_id, NULL, count(*), 0, 0, NULL FROM ({due}) due GROUP BY 2
    UNION ALL
    SELECT 'ended', taken_by_id, NULL, count(*), count(*) FILTER (WHERE status = 'kept'),
           count(*) FILTER (WHERE status = 'broken'), NULL
      FROM cases_promise
     WHERE taken_by_id = ANY(%(people)s) AND closed_at >= %(since)s AND status <> 'cancelled' GROUP BY 2
    UNION ALL
    SELECT * FROM (
        SELECT DISTINCT ON (assignee_id) 'oldest', assignee_id, ref, id, 0, 0, coalesce(contacted_at, opened_at)
          FROM cases_case WHERE status = 'open' AND assignee_id = ANY(%(working)s)
           AND (%(everything)s OR team_id = ANY(%(teams)s))
         ORDER BY assignee_id, coalesce(contacted_at, opened_at), id) oldest
    UNION ALL
    SELECT 'refused', NULL, rule, count(*), 0, 0, NULL FROM compliance_contactdecision
     WHERE NOT allowed AND actor_id IS NOT NULL AND decided_at >= %(begins)s
       AND (%(everything)s OR actor_id = ANY(%(people)s)) GROUP BY 3"""


def _lately(user: User, lines: dict[int, Member], scope: Scope, today: date) -> tuple[list[tuple[str, int]], int]:
    """Enter in each line what happened today and what became of promises of late; returns today's refusals by rule, and how
    many promises within `user`'s reach are due today, whoever works the case."""
    refusals, due_today = [], 0
    due, values = _named(promises_of_kind(promises_seen(user), "today", today), assignee_id=F("case__assignee"))
    with connection.cursor() as cursor:
        cursor.execute(
            _LATELY.format(due=due),
            {
                **values,
                "people": list(lines),
                "working": [person for person, line in lines.items() if line.load.cases],
                "begins": clock.begins(today),
                "since": clock.begins(today - timedelta(days=RATE_DAYS)),
                "everything": scope.everything,
                "teams": list(scope.teams),
            },
        )
        for kind, person, ref, first, second, third, moment in cursor.fetchall():
            if kind == "contacts":
                lines[person].contacts_today = first
            elif kind == "due":
                due_today += first
                if person in lines:
                    lines[person].promises_due_today = first
            elif kind == "ended":
                line = lines[person]
                line.ended, line.kept, line.broken = first, second, third
            elif kind == "oldest":
                lines[person].oldest = Oldest(ref, moment)
            else:
                refusals.append((ref, first))
    return sorted(refusals, key=lambda row: (-row[1], row[0])), due_today


def _named(rows: QuerySet[Any], **columns: F) -> tuple[str, dict[str, Any]]:
    """The statement that reads these columns of `rows`, to stand in another one, and its values by name."""
    sql, values = rows.order_by().select_related(None).values(**columns).query.sql_with_params()
    names = [f"value_{number}" for number in range(len(values))]
    return sql % tuple(f"%({name})s" for name in names), dict(zip(names, values, strict=True))
