"""What was shown when something was asked for, against the present: what moved, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from accounts.errors import Conflict
from runs.said import said as _
from runs.said import said_list


def moved(
    then: Mapping[str, Any], now: Mapping[str, Any], names: Mapping[str, Any], *, grows: Iterable[str] = ()
) -> list[str]:
    """Of the amounts named, those that are not what they were, each as a part of a sentence. What `grows` by the day alone
    counts only where it is less than it was. What was not shown then is not compared."""
    growing = set(grows)
    found: list[str] = []
    for key, name in names.items():
        if key not in then:
            continue
        was, is_now = Decimal(then[key]), Decimal(now[key])
        if is_now < was or (is_now > was and key not in growing):
            found.append(
                _("%(what)s %(then)s then, %(now)s now") % {"what": name, "then": _said(was), "now": _said(is_now)}
            )
    return found


def refuse(changes: list[str]) -> None:
    """Refuse what is not what was shown any more.

    Raises:
        Conflict: there are changes; it says them.
    """
    if changes:
        raise Conflict(
            _("This changed since it was asked for: %(changes)s. Send it back, to be asked for as it is now.")
            % {"changes": said_list(changes, apart=True)}
        )


def _said(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount.as_tuple().exponent else f"{amount:,}"
