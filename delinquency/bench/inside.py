"""What is measured from within the application: run by `manage.py bench --inside …` on the benchmark's own database."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client, override_settings
from django.urls import include, path, reverse

from accounts.models import Customer, Standing
from accounts.services.posting import post_payment
from audit.services import SystemActor
from cases.models import Case, CaseStatus, Queue
from delinquency.bench.approvals import approvals
from delinquency.bench.closing import close
from delinquency.bench.figures import share
from delinquency.bench.gate import gate
from delinquency.bench.outbox import outbox
from delinquency.bench.plans import plans
from delinquency.bench.simulation import simulation
from delinquency.bench.stock import stock_workbench
from delinquency.bench.strategy import strategy
from delinquency.bench.visits import get, signed_in, visited
from delinquency.bench.waivers import waivers
from delinquency.bench.work import work
from delinquency.bench.year import year
from runs import clock
from staff.models import User

ACTOR = SystemActor("bench")


def empty_page(request: HttpRequest) -> HttpResponse:
    """A page with the frame that every page has, and nothing in it."""
    return render(request, "base.html")


urlpatterns = [path("bench/empty/", empty_page, name="bench-empty"), path("", include("delinquency.urls"))]


def pages(seed: int) -> dict[str, dict[str, float]]:
    """Queries and milliseconds of every page of the workbench, as a collector of one team, a supervisor of all ten and an auditor
    see it, and of an empty page; each requested as often, in turn."""
    if not User.objects.filter(username="bench0").exists():
        stock_workbench()
    clients = {name: signed_in(User.objects.get(username=f"bench{name}")) for name in ("0", "-supervisor", "-auditor")}
    draw = Random(seed)  # noqa: S311  # which page next
    team = User.objects.get(username="bench0").team
    refs = list(Case.objects.filter(status=CaseStatus.OPEN, team=team).values_list("ref", flat=True)[:20_000])
    names = list(Customer.objects.filter(cases__ref__in=refs[:500]).values_list("name", flat=True))
    buckets = ["", "?bucket=M1", "?bucket=M3", "?page=2", "?sort=-priority"]
    queues = list(Queue.objects.values_list("pk", flat=True))
    wanted: dict[str, tuple[str, Callable[[Client], Any]]] = {
        "empty page": ("0", get(lambda: "/bench/empty/")),
        "my work": ("0", get(lambda: reverse("my-work"))),
        "worklist of a team": ("0", get(lambda: reverse("worklist") + draw.choice(buckets))),
        "queue": ("0", get(lambda: reverse("queue", args=[draw.choice(queues)]))),
        "live counts": ("0", get(lambda: reverse("queue-counts"))),
        "case page": ("0", get(lambda: reverse("case", args=[draw.choice(refs)]))),
        "case page, form open": ("0", get(lambda: reverse("case-contact", args=[draw.choice(refs)]))),
        "promises": ("0", get(lambda: reverse("promises"))),
        "disputes": ("0", get(lambda: reverse("disputes"))),
        "search by name": ("0", lambda client: _searched(client, draw.choice(names))),
        "worklist of ten teams": ("-supervisor", get(lambda: reverse("worklist") + draw.choice(buckets))),
        "team board of fifty": ("-supervisor", get(lambda: reverse("board"))),
        "its panels": ("-supervisor", get(lambda: reverse("board-panels"))),
        "its queues": ("-supervisor", get(lambda: reverse("board-queues"))),
        "complaints": ("-supervisor", get(lambda: reverse("complaints"))),
        "worklist of everything": ("-auditor", get(lambda: reverse("worklist") + draw.choice(buckets))),
    }
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
        return visited(wanted, clients)


def _searched(client: Client, name: str) -> Any:
    """Search by the beginning of a name that somebody in the searcher's reach bears."""
    response = client.post(reverse("search"), {"words": name[:3]})
    if b"data-row" not in response.content:
        raise RuntimeError("The search by name found nobody.")
    return response


def payments(seed: int) -> dict[str, float]:
    """Post small payments one after the other, each on some late account, until the standard input closes."""
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    draw = Random(seed)  # noqa: S311  # which account next
    accounts = list(Standing.objects.values_list("account_id", flat=True)[:50_000])
    taken: list[float] = []
    print("ready", flush=True)
    while not ended.is_set():
        account = draw.choice(accounts)
        began = time.perf_counter()
        post_payment(
            actor=ACTOR,
            account_id=account,
            ref=f"BENCH-{seed}-{len(taken)}",
            amount=Decimal("0.01"),
            effective_on=clock.today(),
        )
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    return {
        "count": len(taken),
        "median": share(taken, 0.5),
        "p99": share(taken, 0.99),
        "worst": max(taken, default=0.0),
    }


INSIDE: dict[str, Callable[[int], dict[str, Any]]] = {
    "approvals": approvals,
    "close": close,
    "gate": gate,
    "outbox": outbox,
    "pages": pages,
    "plans": plans,
    "payments": payments,
    "simulation": simulation,
    "stock": lambda seed: stock_workbench(),
    "strategy": strategy,
    "work": work,
    "waivers": waivers,
    "year": year,
}
