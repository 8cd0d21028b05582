"""Who of a list's customers may be called now, as one question to the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cases.models import Case
from compliance.selectors import callable_from
from staff.permissions import Anyone


def show_callable(cases: Sequence[Case], *, at: datetime, actor: Anyone) -> Sequence[Case]:
    """`cases`, each with `callable_at`: `at` when the customer may be called now, else when next, None as things stand never."""
    answers = callable_from(customer_ids=[case.customer_id for case in cases], at=at, actor=actor) if cases else {}
    for case in cases:
        case.callable_at = answers.get(case.customer_id)  # type: ignore[attr-defined]  # for the page alone
        case.callable_now = case.callable_at is not None and case.callable_at <= at  # type: ignore[attr-defined]  # for the page alone
    return cases
