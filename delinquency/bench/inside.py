"""What is measured from within the application: run by `manage.py bench --inside …` on the benchmark's own database."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse

from accounts.models import Standing
from accounts.services.posting import post_payment
from audit.services import SystemActor
from cases.models import Case, CaseStatus
from delinquency.bench.figures import share
from delinquency.bench.gate import gate
from delinquency.bench.work import work
from runs import clock
from staff.models import User

REQUESTS = 200
ACTOR = SystemActor("bench")


def empty_page(request: HttpRequest) -> HttpResponse:
    """A page with the frame that every page has, and nothing in it."""
    return render(request, "base.html")


urlpatterns = [path("bench/empty/", empty_page, name="bench-empty"), path("", include("delinquency.urls"))]


def pages(seed: int) -> dict[str, dict[str, float]]:
    """Queries and milliseconds of the worklist, the case page and an empty page; each requested as often, mixed."""
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True})
    draw = Random(seed)  # noqa: S311  # which page next
    refs = list(Case.objects.filter(status=CaseStatus.OPEN).values_list("ref", flat=True)[:20_000])
    kinds: dict[str, Callable[[], str]] = {
        "empty page": lambda: "/bench/empty/",
        "worklist": lambda: reverse("worklist") + draw.choice(["", "?bucket=M1", "?bucket=M3", "?page=2"]),
        "case page": lambda: reverse("case", args=[draw.choice(refs)]),
    }
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
        client = Client()
        client.force_login(user)
        found: dict[str, dict[str, float]] = {}
        times: dict[str, list[float]] = {name: [] for name in kinds}
        for name, address in kinds.items():
            with CaptureQueriesContext(connection) as captured:
                _get(client, address())
            found[name] = {"queries": len(captured)}
        for _ in range(REQUESTS):
            for name, address in kinds.items():
                wanted = address()
                began = time.perf_counter()
                _get(client, wanted)
                times[name].append((time.perf_counter() - began) * 1000)
    for name, taken in times.items():
        found[name] |= {"median": share(taken, 0.5), "p95": share(taken, 0.95)}
    return found


def _get(client: Client, address: str) -> None:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}.")


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


INSIDE: dict[str, Callable[[int], dict[str, Any]]] = {"gate": gate, "pages": pages, "payments": payments, "work": work}
