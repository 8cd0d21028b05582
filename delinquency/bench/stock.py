"""A workbench in use, written by SQL: teams, collectors, and what some months of work leave behind on every open case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from accounts import vault
from accounts.models import ContactPoint
from cases.models import Case, CaseStatus
from runs import clock
from runs.bulk import copy_rows
from staff.models import Role, Team, User

TEAMS = 10
COLLECTORS = 50
CASES_EACH = 40
# Of so many customers one has no number.
TRACED = 20

# Every open case belongs to one of the teams in turn; some are worked, some waited with, most have been called.
_STATEMENTS = (
    "UPDATE cases_case SET team_id = (%(teams)s::bigint[])[1 + id %% cardinality(%(teams)s::bigint[])] WHERE status = 'open'",
    """UPDATE cases_case c SET assignee_id = u.id, assigned_at = %(now)s
         FROM (SELECT id, team_id, row_number() OVER (PARTITION BY team_id ORDER BY id) AS place FROM cases_case
                WHERE status = 'open') n
         JOIN (SELECT id, team_id, row_number() OVER (PARTITION BY team_id ORDER BY id) - 1 AS seat FROM staff_user
                WHERE id = ANY(%(collectors)s)) u ON u.team_id = n.team_id AND n.place / %(each)s = u.seat
        WHERE c.id = n.id""",
    """INSERT INTO compliance_contactdecision (customer_id, contact_point_id, account_id, channel, purpose, at, decided_at,
              actor_id, actor_name, allowed, rule, rule_version, reserved_until)
       SELECT c.customer_id, p.id, NULL, 'voice', 'collection', moment, moment, u.id, u.username, true, 'calls-a-day', 1,
              moment + interval '15 minutes'
         FROM cases_case c
         JOIN LATERAL (SELECT id FROM accounts_contactpoint WHERE customer_id = c.customer_id AND kind IN ('mobile', 'phone')
                        ORDER BY id LIMIT 1) p ON true
         CROSS JOIN generate_series(1, 3) AS n
         JOIN (SELECT id, username, row_number() OVER (ORDER BY id) - 1 AS seat FROM staff_user WHERE id = ANY(%(collectors)s)) u
           ON u.seat = (c.id + n) %% %(seats)s
         CROSS JOIN LATERAL (SELECT %(now)s - n * interval '5 days' - (c.id %% 300) * interval '1 minute' AS moment) m
        WHERE c.status = 'open'""",
    """INSERT INTO compliance_contact (customer_id, contact_point_id, decision_id, channel, direction, made_by, outcome, at,
              seconds, actor_id, actor_name, note, recorded_at)
       SELECT customer_id, contact_point_id, id, 'voice', 'outbound', 'staff',
              (ARRAY['no-answer', 'right-party', 'promise', 'refused', 'busy'])[1 + id %% 5], at, 60, actor_id, actor_name, '', at
         FROM compliance_contactdecision WHERE actor_id = ANY(%(collectors)s)""",
    "UPDATE cases_case SET contacted_at = %(now)s - interval '5 days' WHERE status = 'open'",
    """INSERT INTO cases_promise (case_id, currency, amount, made_on, made_at, taken_by_id, taken_by_name, note,
              status, got, version)
       SELECT id, currency, greatest(round(overdue_amount / 2, 2), 0.01), %(today)s - 3, %(now)s - interval '3 days',
              (%(collectors)s::bigint[])[1 + id %% %(seats)s], 'bench', '',
              CASE id / 10 %% 10 WHEN 0 THEN 'open' WHEN 1 THEN 'kept' ELSE 'broken' END, 0, 1
         FROM cases_case WHERE status = 'open' AND id / 10 %% 10 < 3""",
    """INSERT INTO cases_promiseinstalment (promise_id, number, due_on, amount, status, got)
       SELECT id, 1, %(today)s + (id %% 14)::int - CASE status WHEN 'open' THEN 0 ELSE 15 END, amount, status, 0
         FROM cases_promise""",
    """INSERT INTO cases_dispute (case_id, reason, statement, opened_on, opened_at, opened_by_id, opened_by_name, due_on, status,
              answer, closed_by_name, version)
       SELECT id, 'amount', 'bench', %(today)s - 5, %(now)s - interval '5 days', (%(collectors)s::bigint[])[1], 'bench',
              %(today)s + 15, 'open', '', '', 1 FROM cases_case WHERE status = 'open' AND id %% 100 = 7""",
    "UPDATE cases_case SET follow_up_on = %(today)s + (id %% 9)::int - 2 WHERE status = 'open' AND id %% 20 = 3",
    """INSERT INTO compliance_customerflag (customer_id, kind, from_on, evidence, evidence_file, placed_at, placed_by_name,
              ended_by_name, end_reason)
       SELECT customer_id, (ARRAY['hardship', 'vulnerable', 'represented'])[1 + id %% 3], %(today)s - 30, 'bench', '', %(now)s,
              'bench', '', '' FROM cases_case WHERE status = 'open' AND id %% 100 = 11""",
    """INSERT INTO cases_note (case_id, text, at, author_id, author_name)
       SELECT id, 'Salary on the 25th.', %(now)s - interval '4 days', (%(collectors)s::bigint[])[1], 'bench'
         FROM cases_case WHERE status = 'open'""",
)


@transaction.atomic
def stock_workbench() -> dict[str, int]:
    """Fill the workbench of a made book; says how many rows of what there are."""
    late = Case.objects.filter(status=CaseStatus.OPEN).values_list("customer_id", flat=True)
    # The others have to be traced.
    add_numbers([customer for customer in late if customer % TRACED])
    teams = [Team.objects.create(name=f"Bench {number}") for number in range(1, TEAMS + 1)]
    collectors = [
        User.objects.create(username=f"bench{number}", is_staff=True, team=teams[number % TEAMS])
        for number in range(COLLECTORS)
    ]
    role = Role.objects.get(code="collector")  # type: ignore[misc]  # the stubs take a role for the group it extends
    for collector in collectors:
        collector.groups.add(role)
    supervisor = User.objects.create(username="bench-supervisor", is_staff=True)
    supervisor.groups.add(Role.objects.get(code="supervisor"))  # type: ignore[misc]  # the stubs take a role for the group it extends
    supervisor.supervises.set(teams)
    auditor = User.objects.create(username="bench-auditor", is_staff=True)
    auditor.groups.add(Role.objects.get(code="auditor"))  # type: ignore[misc]  # the stubs take a role for the group it extends
    values: dict[str, Any] = {
        "teams": [team.pk for team in teams],
        "collectors": [collector.pk for collector in collectors],
        "seats": COLLECTORS,
        "each": CASES_EACH,
        "now": clock.now(),
        "today": clock.today(),
    }
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
        counts = {}
        for table in ("cases_case", "compliance_contact", "cases_promise", "cases_dispute", "cases_note"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[table] = cursor.fetchone()[0]
    return counts


def add_numbers(customers: Sequence[int]) -> None:
    """Give a verified number of her own to each that has none: a made book has only addresses."""
    has_one = set(ContactPoint.objects.filter(kind="mobile").values_list("customer_id", flat=True))
    copy_rows(
        ContactPoint,
        (
            *("customer_id", "kind", "value_cipher", "value_index", "source", "relationship", "permitted"),
            *("verification", "origin", "recorded_at"),
        ),
        (
            (
                *(customer, "mobile", vault.encrypt(f"138{customer:08d}"), vault.blind_index("mobile", str(customer))),
                *("contract", "own", True, "verified", "made", clock.now()),
            )
            for customer in customers
            if customer not in has_one
        ),
    )
