"""What other apps show beside a case: what strategies did, and whatever comes later. They register in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable

from cases.board import Panel
from cases.models import Case
from staff.models import User

# Given the case and who looks, the panel, or None where it is none of her business or there is nothing to show. One query.
Make = Callable[[Case, User], Panel | None]

_makers: list[Make] = []


def add_panel(make: Make) -> None:
    """Show a panel beside every case, below those registered before."""
    if make not in _makers:
        _makers.append(make)


def panels(case: Case, user: User) -> list[Panel]:
    """The panels of a case that `user` gets to see, in the order in which they were registered."""
    return [panel for make in _makers if (panel := make(case, user)) is not None]
