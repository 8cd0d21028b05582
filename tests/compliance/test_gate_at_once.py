"""The gate asked by several at once: two never get the last one."""

from __future__ import annotations

import pytest

from accounts.models import ContactPoint
from tests.compliance.test_gate_counts import MINUTE, NOON, ask, happened, number
from tests.threads import at_once


@pytest.mark.django_db(transaction=True)
def test_two_collectors_never_both_get_the_last_call() -> None:
    for _ in range(12):
        point = number()
        happened(ask(point), "right-party")
        happened(ask(point, NOON + MINUTE), "right-party")
        allowed = at_once([lambda point=point: ask(point, NOON + 2 * MINUTE).allowed] * 4)  # type: ignore[misc]  # lambdas with defaults have no type
        assert sorted(allowed) == [False, False, False, True]


@pytest.mark.django_db(transaction=True)
def test_two_who_share_a_number_are_never_both_called_at_its_last_attempt() -> None:
    for _ in range(12):
        digits = f"138{ContactPoint.objects.count():08}"
        points = [number(clear=digits, verification="verified") for _ in range(2)]
        for minute in range(5):
            happened(ask(points[minute % 2], NOON + MINUTE * minute), "no-answer")
        allowed = at_once([lambda point=point: ask(point, NOON + 6 * MINUTE).allowed for point in points])  # type: ignore[misc]  # lambdas with defaults have no type
        assert sorted(allowed) == [False, True]
