"""Pages asked for again and again, as somebody who is signed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from delinquency.bench.figures import share
from delinquency.serving import get_ready
from staff import sessions
from staff.models import User

REQUESTS = 200
# By name: who asks, and how.
Wanted = Mapping[str, tuple[str, Callable[[Client], Any]]]


def signed_in(user: User) -> Client:
    """A browser in which `user` has passed both steps."""
    client = Client()
    client.force_login(user)
    session = client.session
    sessions.verify(session, device_id="bench")
    session.save()
    return client


def get(address: Callable[[], str]) -> Callable[[Client], Any]:
    """Asking for an address, drawn anew each time."""
    return lambda client: client.get(address())


def visited(wanted: Wanted, clients: Mapping[str, Client]) -> dict[str, dict[str, float]]:
    """Queries and milliseconds (median, p95) of every page; each is asked for as often, in turn, in a process made ready as the
    server's."""
    get_ready()
    found: dict[str, dict[str, float]] = {}
    times: dict[str, list[float]] = {name: [] for name in wanted}
    for name, (who, ask) in wanted.items():
        _answered(ask(clients[who]))
        with CaptureQueriesContext(connection) as captured:
            _answered(ask(clients[who]))
        found[name] = {"queries": len(captured)}
    for _ in range(REQUESTS):
        for name, (who, ask) in wanted.items():
            began = time.perf_counter()
            _answered(ask(clients[who]))
            times[name].append((time.perf_counter() - began) * 1000)
    for name, taken in times.items():
        found[name] |= {"median": share(taken, 0.5), "p95": share(taken, 0.95)}
    return found


def _answered(response: Any) -> None:
    if response.status_code != 200:
        raise RuntimeError(f"{response.request['PATH_INFO']} answered {response.status_code}.")
