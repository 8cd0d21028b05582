"""Who of a list's customers may be called now, as one question to the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cases.models import Case
from compliance.selectors import callable_from
from staff.permissions import Anyone


def show_callable(cases: Sequence[Case], *, at: datetime, actor: Anyone) -> Sequence[Case]:
    """`cases`, each with `callable_at`: `at` when the customer may be called now, else when next, None as things stand never.
    One that agreed to be called back is called then, and not before."""
    answers = callable_from(customer_ids=[case.customer_id for case in cases], at=at, actor=actor) if cases else {}
    for case in cases:
        may_be = answers.get(case.customer_id)
        if may_be is not None and case.call_back_at is not None:
            may_be = max(may_be, case.call_back_at)
        case.callable_at = may_be  # type: ignore[attr-defined]  # for the page alone
        case.callable_now = may_be is not None and may_be <= at  # type: ignore[attr-defined]  # for the page alone
    return cases
