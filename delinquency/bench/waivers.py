"""Waivers measured: how long it takes to say what one would do, on late accounts of a made book."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from accounts.models import Standing
from accounts.selectors.owed import owed_now
from runs import clock
from waivers.selectors import Wanted, preview

PREVIEWS, LOOKED_AT = 600, 3_000


def waivers(seed: int) -> dict[str, Any]:
    """Previews of every kind in turn, each with all its queries, on accounts with a late fee; milliseconds. Writes nothing."""
    draw = Random(seed)  # noqa: S311  # which accounts
    keys = list(Standing.objects.order_by("account_id").values_list("account_id", flat=True)[:100_000])
    owed = owed_now(draw.sample(keys, min(LOOKED_AT, len(keys))))
    charged = [(key, one) for key, one in owed.items() if one.late_fee_now > 0 and one.bills]
    by = clock.today() + timedelta(days=14)
    taken = []
    for number in range(PREVIEWS):
        key, one = charged[number % len(charged)]
        wanted = (
            Wanted(key, "goodwill"),
            Wanted(key, "first", "percent", percent=Decimal(50)),
            Wanted(key, "goodwill", "bill", bill_id=one.bills[0].bill_id),
            Wanted(key, "repayment", condition_amount=one.overdue or Decimal(1), condition_on=by),
        )[number % 4]
        began = time.perf_counter()
        preview(wanted)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return {"count": len(taken), "median": taken[len(taken) // 2], "p95": taken[int(len(taken) * 0.95)]}
