"""The inbox of approvals with ten thousand requests that one person may decide, and others that she may not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection, transaction
from django.test import override_settings
from django.urls import reverse

from approvals import kinds
from approvals.models import Request
from approvals.selectors import inbox_of
from delinquency.bench.stock import stock_workbench
from delinquency.bench.visits import get, signed_in, visited
from runs import clock
from staff.models import AuthorityLimit, LimitKind, Role, User

WAITING, BEYOND, DECIDED = 10_000, 2_000, 20_000
AUTHORITY = Decimal(1_000)
KINDS = ("bench-waiver", "bench-plan", "bench-hold")

_REQUESTS = """
    INSERT INTO approvals_request (kind, status, subject_type, subject_id, subject_ref, customer_id, currency, amount, payload,
           preview, reason, requested_by_id, requested_by_name, requested_at, decided_by_id, decided_by_name, decided_for_name,
           decided_at, comment, expires_at, version)
    SELECT (%(kinds)s::text[])[1 + n %% 3], CASE WHEN n < %(open)s THEN 'pending' ELSE 'approved' END, 'bench', n, 'B' || n,
           (%(customers)s::bigint[])[1 + n %% cardinality(%(customers)s::bigint[])], 'CNY',
           CASE WHEN n < %(waiting)s THEN 1 + n %% 1000 ELSE 5000 END, '{}', '{}', 'bench',
           (%(authors)s::bigint[])[1 + n %% cardinality(%(authors)s::bigint[])], 'bench', %(now)s - n * interval '1 minute',
           CASE WHEN n < %(open)s THEN NULL ELSE %(supervisor)s END, '', '',
           CASE WHEN n < %(open)s THEN NULL ELSE %(now)s END, '', %(now)s + interval '1 hour' + n * interval '1 minute', 1
      FROM generate_series(0, %(all)s - 1) AS n ORDER BY (n * 7919) %% %(all)s"""


class _Kind(kinds.Kind):
    """A kind with a limit, of which nothing is ever applied."""

    ask_permission = "accounts.add_hold"
    decide_permission = "accounts.change_hold"
    limit = LimitKind.WAIVER
    template = "approvals/_state.html"
    valid_for = timedelta(days=30)

    def __init__(self, code: str) -> None:
        self.code = self.label = code  # type: ignore[misc]  # three of a kind, not three classes

    def check(self, request: Request) -> None:
        """Nothing changes."""

    def apply(self, request: Request, *, actor: User) -> None:
        """Nothing is done."""

    def url(self, request: Request) -> str:
        return "/"


def approvals(seed: int) -> dict[str, dict[str, float]]:
    """Queries and milliseconds of the inbox's pages of a supervisor of ten teams, of her other lists, of one request and of the
    board, with 10,000 requests within her authority, 2,000 beyond it and 20,000 decided."""
    if not User.objects.filter(username="bench0").exists():
        stock_workbench()
    for code in KINDS:
        kinds.register(_Kind(code))
    supervisor = User.objects.get(username="bench-supervisor")
    if not Request.objects.filter(kind__in=KINDS).exists():
        _stock(supervisor)
    if (waiting := inbox_of(supervisor).count()) != WAITING:
        raise RuntimeError(f"{waiting} requests wait in the inbox instead of {WAITING}.")
    draw = Random(seed)  # noqa: S311  # which page next
    rows = list(inbox_of(supervisor).values_list("pk", flat=True)[:500])
    address = reverse("approvals")
    clients = {"": signed_in(supervisor), "0": signed_in(User.objects.get(username="bench0"))}
    with override_settings(ROOT_URLCONF="delinquency.bench.inside", ALLOWED_HOSTS=["testserver"]):
        return visited(
            {
                "empty page": ("", get(lambda: "/bench/empty/")),
                "inbox": ("", get(lambda: address)),
                "inbox, any of its pages": ("", get(lambda: f"{address}?page={draw.randint(1, WAITING // 25)}")),
                "inbox, one kind": ("", get(lambda: f"{address}?kind={draw.choice(KINDS)}")),
                "inbox, expiring soon": ("", get(lambda: f"{address}?ends=soon")),
                "all requests": ("", get(lambda: f"{address}?show=all")),
                "asked by oneself": ("0", get(lambda: f"{address}?show=mine")),
                "one request": ("", get(lambda: reverse("approval", args=[draw.choice(rows)]))),
                "live counts": ("", get(lambda: reverse("queue-counts"))),
                "team board": ("", get(lambda: reverse("board"))),
            },
            clients,
        )


@transaction.atomic
def _stock(supervisor: User) -> None:
    role = Role.objects.get(code="supervisor")  # type: ignore[misc]  # the stubs take a role for the group it extends
    AuthorityLimit.objects.create(
        role_id=role.pk,
        kind=LimitKind.WAIVER,
        currency="CNY",
        most=AUTHORITY,
        effective_from=clock.today(),
        source="bench",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM cases_case WHERE status = 'open' AND team_id IS NOT NULL ORDER BY id LIMIT 5000"
        )
        values: dict[str, Any] = {
            "kinds": list(KINDS),
            "customers": [key for (key,) in cursor.fetchall()],
            "authors": list(
                User.objects.filter(username__startswith="bench", team__isnull=False).values_list("pk", flat=True)
            ),
            "supervisor": supervisor.pk,
            "waiting": WAITING,
            "open": WAITING + BEYOND,
            "all": WAITING + BEYOND + DECIDED,
            "now": clock.now(),
        }
        cursor.execute(_REQUESTS, values)
        cursor.execute("ANALYZE approvals_request")
